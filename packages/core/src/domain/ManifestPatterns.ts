/**
 * The regular expressions of a manifest, which the host runs itself: on forms, and on every webhook before any code of
 * the plugin. One that does not compile would fail there, and one that tries a text in too many ways would stop the
 * host, for every firm; so both are found when the manifest is read.
 */
import { patternWays } from "./PatternWays.ts"
import type { WebhookDeclaration } from "./WebhookFields.ts"

interface Declared {
  readonly credentials: ReadonlyArray<{ readonly name: string; readonly pattern?: string }>
  readonly fields?: { readonly keys: { readonly pattern: string } }
  readonly webhook: WebhookDeclaration
}

/** Longer than any that a person can check. */
const longest = 1000
/** As a power of two: three repetitions of any length, or a moment for the longest text. */
const mostWays = 26

/** What is wrong with them, as whole sentences. */
export const patternFaults = ({ credentials, fields, webhook }: Declared): ReadonlyArray<string> =>
  [
    ...credentials.map(({ name, pattern }) => [`the credential "${name}"`, pattern] as const),
    ...webhook.required.map(({ name, pattern }) => [`the webhook field "${name}"`, pattern] as const),
    ["the field keys", fields?.keys.pattern] as const,
    ["test webhooks", webhook.testValue] as const,
    ["names of files", webhook.fileRecord] as const
  ].flatMap(([what, pattern]) => {
    if (pattern === undefined) return []
    if (pattern.length > longest) return [`The pattern of ${what} is longer than ${longest} characters.`]
    if (!compiles(pattern)) return [`The pattern of ${what} is no regular expression.`]
    return patternWays(pattern) <= mostWays
      ? []
      : [
          `The pattern of ${what} can take very long: repeat nothing that repeats or has alternatives, and repeat at most three times without an end.`
        ]
  })

const compiles = (pattern: string): boolean => {
  try {
    return new RegExp(pattern, "i") instanceof RegExp
  } catch {
    return false
  }
}
