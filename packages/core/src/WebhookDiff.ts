/** What changes about webhooks between two versions of a plugin: which are taken, and what they are taken for. */
import { changed, type DiffLine, line } from "./domain/DiffLine.ts"
import { normaliseKey, type WebhookDeclaration } from "./domain/WebhookFields.ts"

export const webhookDiff = (before: WebhookDeclaration, after: WebhookDeclaration): ReadonlyArray<DiffLine> => [
  ...required(before, after),
  ...changed(
    before.record,
    after.record,
    "webhook",
    "needs confirmation",
    `record-changed ${after.record}`,
    `Takes "${after.record}" for the record's id, before "${before.record}".`
  ),
  ...options(before, after),
  ...changed(
    [...before.fillers].sort(),
    [...after.fillers].sort(),
    "webhook",
    "needs attention",
    "fillers-changed",
    "Takes other values for empty ones."
  ),
  ...changed(
    before.testValue,
    after.testValue,
    "webhook",
    "needs confirmation",
    "test-changed",
    "Takes other webhooks for mere tests, of which nothing is saved."
  ),
  ...changed(
    before.fileRecord,
    after.fileRecord,
    "webhook",
    "needs attention",
    "file-record-changed",
    "Finds the record's id in the names of attached files by another pattern."
  ),
  ...changed(
    [before.steps, before.hints, before.screen],
    [after.steps, after.hints, after.screen],
    "webhook",
    "harmless",
    "steps-worded",
    "Words the steps of the webhook's set-up anew."
  )
]

const required = (before: WebhookDeclaration, after: WebhookDeclaration): ReadonlyArray<DiffLine> => {
  const had = new Map(before.required.map((field) => [field.name, field]))
  const has = new Set(after.required.map(({ name }) => name))
  return [
    ...after.required.flatMap((field): ReadonlyArray<DiffLine> => {
      const { name } = field
      const known = had.get(name)
      if (known === undefined)
        return [
          line(
            "webhook",
            "needs confirmation",
            `field-required ${name}`,
            `Requires "${name}": webhooks without it will be refused.`
          )
        ]
      const [knew, knows] = [keysOf(known), keysOf(field)]
      return [
        ...[...knew]
          .filter((key) => !knows.has(key))
          .map((key) =>
            line(
              "webhook",
              "needs confirmation",
              `alias-removed ${name} ${key}`,
              `No longer finds "${name}" under "${key}": webhooks with that key alone will be refused.`
            )
          ),
        ...[...knows]
          .filter((key) => !knew.has(key))
          .map((key) =>
            line("webhook", "harmless", `alias-added ${name} ${key}`, `Finds "${name}" under "${key}", too.`)
          ),
        ...changed(
          known.pattern,
          field.pattern,
          "webhook",
          "needs attention",
          `field-judged ${name}`,
          `Takes other values as "${name}" than before.`
        )
      ]
    }),
    ...before.required
      .filter(({ name }) => !has.has(name))
      .map(({ name }) =>
        line("webhook", "needs attention", `field-optional ${name}`, `Takes webhooks without "${name}", too.`)
      )
  ]
}

/** As intake compares them: another spelling of the same key is no difference. */
const keysOf = ({ aliases, name }: WebhookDeclaration["required"][number]): ReadonlySet<string> =>
  new Set([name, ...aliases].map(normaliseKey))

const options = (before: WebhookDeclaration, after: WebhookDeclaration): ReadonlyArray<DiffLine> => [
  ...after.options
    .filter((name) => !before.options.includes(name))
    .map((name) =>
      line(
        "webhook",
        "needs attention",
        `option-added ${name}`,
        `Reads "${name}" of the webhook's address as an option.`
      )
    ),
  ...before.options
    .filter((name) => !after.options.includes(name))
    .map((name) =>
      line("webhook", "needs confirmation", `option-removed ${name}`, `No longer reads the option "${name}".`)
    )
]
