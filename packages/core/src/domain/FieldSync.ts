/**
 * Mapped fields both ways: what a verified read does to the platform's values, and which of them wait to be written.
 *
 * Each value is merged by the table of `Merge.ts`, the same as statuses. The platform's side of a baseline is in the
 * platform's words, the CRM's side in the CRM's. A key that a read does not mention is not said and changes nothing; a
 * key without values is a positive "empty" and clears a field whose direction includes *from the CRM*.
 */
import type { Case, CaseEvent, FieldValue } from "./Case.ts"
import { comesFromCrm, type FieldMapping, goesToCrm } from "./FieldMapping.ts"
import { type Converted, fromCrm, toCrm } from "./FieldTransform.ts"
import { decide, isPending, type Same, settle, type TwoWay, unknownValue } from "./Merge.ts"

export type FieldEvent = Pick<CaseEvent, "kind" | "before" | "after"> & { readonly field: string }

type Values = Case["values"]
type Raw = Readonly<Record<string, ReadonlyArray<string>>>

/** A field's values as one text: nothing is `null`, one stands as it is, several as a JSON list. */
export const textOf = (values: ReadonlyArray<string>): string | null =>
  values.length > 1 ? JSON.stringify(values) : (values[0] ?? null)

export const valuesOf = (text: string | null): ReadonlyArray<string> => {
  if (text === null || !text.startsWith("[")) return text === null ? [] : [text]
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((each) => typeof each === "string") ? list : [text]
  } catch {
    return [text]
  }
}

/** Blanks around and between words do not count; several values are the same as their list in one text. */
export const sameField: Same = (a, b) => plain(a) === plain(b)

const plain = (text: string | null): string => valuesOf(text).join(", ").normalize("NFC").replace(/\s+/g, " ").trim()

/** What a verified read makes of the platform's values, and what is to be told about it. */
export const mergeFields = (options: {
  readonly values: Values
  readonly mapping: ReadonlyArray<FieldMapping>
  readonly read: Raw
  readonly effective: boolean
}): { readonly values: Values; readonly events: ReadonlyArray<FieldEvent> } => {
  const values: Record<string, FieldValue> = { ...options.values }
  const events: Array<FieldEvent> = []
  for (const entry of options.mapping) {
    const raw = rawOf(options.read, entry.crmKey)
    if (raw === undefined) continue
    const field = entry.platformField
    const { events: arrived, value: before } = afterSent(tiedTo(entry, own(values, field)), textOf(raw))
    const merged = mergeField(before, entry, raw, options.effective)
    values[field] = { ...before, ...merged.value }
    events.push(...[...arrived, ...merged.events].map((event) => ({ ...event, field })))
  }
  return { values, events }
}

/** The value with baselines of the entry's own field in the CRM. What was exchanged with another one is not owed to it. */
const tiedTo = (entry: FieldMapping, value: FieldValue | undefined, known: Raw = {}): FieldValue => {
  const { crmKey } = entry
  if (value === undefined) return { ...unknownValue, crmKey }
  if (value.crmKey === undefined || value.crmKey.toLowerCase() === crmKey.toLowerCase()) return { ...value, crmKey }
  const raw = rawOf(known, crmKey)
  const read = raw === undefined ? null : textOf(raw)
  const { sent: _, ...others } = value
  return { ...others, basePlatform: value.platform, baseCrm: read, seenCrm: read, crmKey }
}

/** A push whose outcome is not known arrived where the read finds what it wrote: that is settled, whatever came since. */
const afterSent = (
  { sent, ...value }: FieldValue,
  read: string | null
): { readonly value: FieldValue; readonly events: ReadonlyArray<Omit<FieldEvent, "field">> } =>
  sent === undefined || !sameField(read, sent.crm)
    ? { value, events: [] }
    : {
        value: { ...value, ...settle(value, sent.crm, sent.platform) },
        events: [{ kind: "field-pushed", before: value.baseCrm, after: sent.crm }]
      }

const mergeField = (
  before: TwoWay,
  entry: FieldMapping,
  raw: ReadonlyArray<string>,
  effective: boolean
): { readonly value: TwoWay; readonly events: ReadonlyArray<Omit<FieldEvent, "field">> } => {
  const read = textOf(raw)
  const waits = goesToCrm(entry) && isPending(before, sameField)
  const target = waits ? outward(entry, before.platform) : undefined
  const verdict = decide({
    value: before,
    read,
    target: target?._tag === "Value" ? target.value : null,
    targetOnPlatform: before.platform,
    effective,
    same: sameField
  })
  if (verdict._tag === "Settled")
    return {
      value: verdict.value,
      events: [{ kind: "field-pushed", before: before.basePlatform, after: before.platform }]
    }
  if (verdict._tag !== "Apply") return { value: verdict.value, events: [] }
  const shown = fromCrm(entry, raw)
  const theirs = shown._tag === "Refused" ? read : textIn(shown)
  // Where the CRM's value cannot or must not come in, the platform keeps its own and has nothing left to send.
  const platform = comesFromCrm(entry) && shown._tag !== "Refused" ? theirs : before.platform
  const lost = waits && !sameField(before.platform, theirs)
  return {
    value: { platform, basePlatform: platform, baseCrm: read, seenCrm: read },
    events: [
      ...(lost ? [{ kind: "field-superseded" as const, before: before.platform, after: theirs }] : []),
      ...(sameField(platform, before.platform)
        ? []
        : [{ kind: "field-applied" as const, before: before.platform, after: platform }])
    ]
  }
}

/**
 * The value of a field before an edit. What a verified case is known to hold in the CRM counts as settled, or the first
 * edit after a field was mapped would look as if the CRM had moved.
 */
export const beforeEdit = (of: Case, field: string, entry: FieldMapping | undefined): FieldValue => {
  const value = own(of.values, field)
  if (entry === undefined) return value ?? unknownValue
  const known = of.verifiedAt === null ? {} : of.fields
  const raw = rawOf(known, entry.crmKey)
  if (value !== undefined || raw === undefined) return tiedTo(entry, value, known)
  const read = textOf(raw)
  const platform = comesFromCrm(entry) ? textIn(fromCrm(entry, raw)) : null
  return { platform, basePlatform: platform, baseCrm: read, seenCrm: read, crmKey: entry.crmKey }
}

export interface WaitingField {
  readonly field: string
  readonly crmKey: string
  readonly platform: string | null
  readonly target: Converted<string>
}

/** Local edits that the CRM has not been given, as they are now, with the words to write or the reason why not. */
export const waitingFields = (values: Values, mapping: ReadonlyArray<FieldMapping>): ReadonlyArray<WaitingField> =>
  mapping.flatMap((entry) => {
    const known = own(values, entry.platformField)
    if (known === undefined || !goesToCrm(entry)) return []
    const value = tiedTo(entry, known)
    if (!isPending(value, sameField)) return []
    const { crmKey, platformField: field } = entry
    return [{ field, crmKey, platform: value.platform, target: outward(entry, value.platform) }]
  })

/** A blank never erases, in either direction: emptying a field here leaves the CRM's value alone, and says so. */
const outward = (entry: FieldMapping, platform: string | null): Converted<string> => {
  const converted = toCrm(entry, valuesOf(platform))
  return converted._tag === "Blank"
    ? { _tag: "Refused", reason: "a blank is not written over the CRM's value" }
    : converted
}

interface SentField {
  readonly field: string
  readonly crmKey: string
  readonly platform: string | null
  readonly value: string
}

/** The values while a push is on its way. */
export const sendingFields = (values: Values, sending: ReadonlyArray<SentField>): Values => ({
  ...values,
  ...Object.fromEntries(
    sending.map(({ crmKey, field, platform, value }) => [
      field,
      { ...(own(values, field) ?? unknownValue), crmKey, sent: { platform, crm: value } }
    ])
  )
})

/** Whether a push may have written something that no read has found or missed since. */
export const isUnclear = (values: Values): boolean => Object.values(values).some(({ sent }) => sent !== undefined)

/** The values after the CRM took what was sent. A field that was edited again meanwhile stays waiting. */
export const settleFields = (values: Values, sent: ReadonlyArray<SentField>): Values => ({
  ...values,
  ...Object.fromEntries(
    sent.map(({ crmKey, field, platform, value }) => {
      const { sent: _, ...before }: FieldValue = own(values, field) ?? unknownValue
      return [field, { ...before, ...settle(before, value, platform), crmKey }]
    })
  )
})

const textIn = (converted: Converted<ReadonlyArray<string>>): string | null =>
  converted._tag === "Value" ? textOf(converted.value) : null

const own = <A>(record: Readonly<Record<string, A>>, key: string): A | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** The CRM's keys are names without regard to case. */
export const rawOf = (raw: Raw, crmKey: string): ReadonlyArray<string> | undefined =>
  own(raw, crmKey) ?? Object.entries(raw).find(([key]) => key.toLowerCase() === crmKey.toLowerCase())?.[1]
