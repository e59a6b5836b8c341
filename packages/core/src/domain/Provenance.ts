/**
 * Where each value of a case comes from: which receipt, job, event or person set it, when, and what it was before. Read
 * from the history alone, so what it says is what was recorded in the transaction that set the value.
 *
 * Names are those of the case as the API shows it: `status`, `caseType`, `client.email`, `fields.<CRM key>`,
 * `values.<platform's field>`.
 */
import type { Case, CaseEvent, Client } from "./Case.ts"
import type { Instant } from "./Ids.ts"

export interface Origin {
  readonly name: string
  readonly value: string | null
  /** The line of the history that set it. */
  readonly kind: CaseEvent["kind"]
  readonly cause: string
  readonly at: Instant
  readonly before: string | null
}

type Details = Readonly<Record<string, string>>

/** What `details-changed` speaks of, by name. */
export const detailsOf = (of: Pick<Case, "caseType" | "fields">): Details => ({
  caseType: of.caseType.name,
  ...Object.fromEntries(Object.entries(of.fields).map(([key, values]) => [`fields.${key}`, shown(values)]))
})

export const clientDetails = ({ email, firstName, fullName, lastName, phone }: Client): Details => ({
  "client.firstName": firstName,
  "client.lastName": lastName,
  "client.fullName": fullName,
  "client.email": email,
  "client.phone": phone
})

/** One value as it is; of several, a JSON list, because no separator is safe. */
const shown = (values: ReadonlyArray<string>): string => (values.length === 1 ? values[0]! : JSON.stringify(values))

/** The line's `before` and `after`: only what differs; undefined where nothing does. */
export const changeOf = (
  before: Details,
  after: Details
): { readonly before: string; readonly after: string } | undefined => {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => before[name] !== after[name]
  )
  const pick = (from: Details) =>
    JSON.stringify(Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]]))))
  return names.length === 0 ? undefined : { before: pick(before), after: pick(after) }
}

const parsed = (text: string | null): Details => (text === null ? {} : JSON.parse(text))

/** Sets the platform's status. What was pushed, reported or lost sets nothing. */
const statusKinds: ReadonlySet<CaseEvent["kind"]> = new Set<CaseEvent["kind"]>(["status-applied", "status-edited"])
const valueKinds: ReadonlySet<CaseEvent["kind"]> = new Set<CaseEvent["kind"]>(["field-applied", "field-edited"])

/** One origin a value, in the order of the names: the newest line that set it, else the one that made the case. */
export const originsOf = (
  of: Case,
  client: Client | undefined,
  history: ReadonlyArray<CaseEvent>
): ReadonlyArray<Origin> => {
  const present: Record<string, string | null> = {
    status: of.status.platform,
    ...detailsOf(of),
    ...(client === undefined ? {} : clientDetails(client)),
    ...Object.fromEntries(Object.entries(of.values).map(([name, { platform }]) => [`values.${name}`, platform]))
  }
  const made = history.find(({ kind }) => kind === "created")
  const set = new Map<string, Omit<Origin, "name" | "value">>()
  for (const { after, at, before, cause, field, kind } of history) {
    if (statusKinds.has(kind)) set.set("status", { kind, cause, at, before })
    else if (valueKinds.has(kind) && field !== undefined) set.set(`values.${field}`, { kind, cause, at, before })
    else if (kind === "details-changed" || kind === "details-reported" || kind === "client-changed") {
      const earlier = parsed(before)
      for (const name of new Set([...Object.keys(earlier), ...Object.keys(parsed(after))]))
        set.set(name, { kind, cause, at, before: earlier[name] ?? null })
    }
  }
  return Object.entries(present).flatMap(([name, value]): ReadonlyArray<Origin> => {
    const origin =
      set.get(name) ??
      (made === undefined ? undefined : { kind: made.kind, cause: made.cause, at: made.at, before: null })
    return origin === undefined || (value === null && origin.before === null) ? [] : [{ name, value, ...origin }]
  })
}
