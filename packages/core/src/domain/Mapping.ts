/**
 * Which CRM case type is which platform case type. Until a case type is linked, nothing mapped is sent for it, and the
 * reason is visible.
 */
import { Schema } from "effect"
import { notSelected } from "./Held.ts"
import { statusKey } from "./StatusSync.ts"

export const CaseType = Schema.Struct({ externalId: Schema.optionalKey(Schema.String), name: Schema.String })
export interface CaseType extends Schema.Schema.Type<typeof CaseType> {}

export const CaseTypeLink = Schema.Struct({
  crmCaseType: CaseType,
  platformCaseType: Schema.String
})
export interface CaseTypeLink extends Schema.Schema.Type<typeof CaseTypeLink> {}

export type LinkVerdict =
  | { readonly _tag: "Linked"; readonly platformCaseType: string }
  | { readonly _tag: "NotLinked"; readonly reason: string }

/** Finds the link of a CRM case type: by id where both sides have one, else by name. */
export const linkOf = (links: ReadonlyArray<CaseTypeLink>, caseType: CaseType): LinkVerdict => {
  const link = links.find(({ crmCaseType }) =>
    crmCaseType.externalId !== undefined && caseType.externalId !== undefined
      ? crmCaseType.externalId === caseType.externalId
      : statusKey(crmCaseType.name) === statusKey(caseType.name)
  )
  return link === undefined
    ? { _tag: "NotLinked", reason: `the case type "${caseType.name}" is not linked` }
    : { _tag: "Linked", platformCaseType: link.platformCaseType }
}

/** Whether anything may be sent for a case type, and the reason why not. The selector never limits what comes in. */
export const outgoingRefusal = (selected: ReadonlyArray<string> | undefined, caseType: CaseType): string | undefined =>
  selected === undefined || selected.some((name) => statusKey(name) === statusKey(caseType.name))
    ? undefined
    : notSelected(caseType.name)

export type LinksProblem = { readonly index: number; readonly code: "empty" | "repeated" }

/** What is wrong with a table of links before it is saved: blanks, and a CRM case type linked twice. */
export const checkLinks = (links: ReadonlyArray<CaseTypeLink>): ReadonlyArray<LinksProblem> => {
  const seen = new Set<string>()
  return links.flatMap((link, index): ReadonlyArray<LinksProblem> => {
    if (link.crmCaseType.name.trim() === "" || link.platformCaseType.trim() === "") return [{ index, code: "empty" }]
    const key = link.crmCaseType.externalId ?? statusKey(link.crmCaseType.name)
    if (seen.has(key)) return [{ index, code: "repeated" }]
    seen.add(key)
    return []
  })
}
