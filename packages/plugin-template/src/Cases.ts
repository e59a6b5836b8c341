/** Present state of cases, and what a firm can choose from. A case that the CRM does not know is left out. */
import { ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { CrmCase } from "@casewire/core/domain/CrmChange"
import type { CrmCatalog, CrmError } from "@casewire/core/ports/Crm"
import { DateTime, Effect, Option, Schema } from "effect"
import type { Api } from "./Api.ts"
import * as Failure from "./Failure.ts"

const Choice = Schema.Struct({ id: Schema.NonEmptyString, name: Schema.NonEmptyString })

const Case = Schema.Struct({
  id: Schema.NonEmptyString,
  type: Choice,
  status: Choice,
  client: Schema.Struct({
    id: Schema.NonEmptyString,
    firstName: Schema.String,
    lastName: Schema.String,
    email: Schema.String,
    phone: Schema.String
  }),
  createdAt: Schema.String,
  updatedAt: Schema.String,
  fields: Schema.Record(Schema.String, Schema.String)
})
const Cases = Schema.Struct({ cases: Schema.Array(Case) })

const Options = Schema.Struct({
  types: Schema.Array(Choice),
  statuses: Schema.Array(Choice),
  fields: Schema.Array(
    Schema.Struct({
      key: Schema.NonEmptyString,
      label: Schema.NonEmptyString,
      type: Schema.NonEmptyString,
      options: Schema.Array(Schema.String)
    })
  )
})

/** One call takes so many ids. */
const idsAtOnce = 50

export const readCases = Effect.fnUntraced(function* (
  api: Api,
  ids: ReadonlyArray<ExternalCaseId>
): Effect.fn.Return<ReadonlyArray<CrmCase>, CrmError> {
  const wanted = [...new Set(ids)]
  const found = new Map<string, CrmCase>()
  for (let at = 0; at < wanted.length; at += idsAtOnce) {
    const asked = wanted.slice(at, at + idsAtOnce)
    const { cases } = yield* api.get("cases", Cases, [["ids", asked.join(",")]])
    for (const each of cases) {
      const read = caseOf(each)
      if (!asked.includes(read.externalId)) return yield* Failure.answerInvalid("cases answered about another case")
      found.set(read.externalId, read)
    }
  }
  return wanted.flatMap((id) => found.get(id) ?? [])
})

export const readCatalog = Effect.fnUntraced(function* (api: Api): Effect.fn.Return<CrmCatalog, CrmError> {
  const { fields, statuses, types } = yield* api.get("options", Options)
  const listed = fields.map(({ key, label, options, type }) => ({
    key,
    label,
    options,
    inputType: type,
    section: "Case"
  }))
  return {
    caseTypes: types.map(({ id, name }) => ({ externalId: id, name })),
    statuses: statuses.map(({ id, name }) => ({ externalId: id, name, raw: name })),
    fields: types.map(({ name }) => ({ caseType: name, fields: listed }))
  }
})

const caseOf = ({ client, createdAt, fields, id, status, type, updatedAt }: typeof Case.Type): CrmCase => {
  const { email, firstName, lastName, phone } = client
  const [created, updated] = [instantOf(createdAt), instantOf(updatedAt)]
  return {
    externalId: ExternalCaseId.make(id),
    caseType: { externalId: type.id, name: type.name },
    status: { externalId: status.id, name: status.name, raw: status.name },
    client: {
      externalId: ExternalClientId.make(client.id),
      ...said({ firstName, lastName, fullName: `${firstName} ${lastName}`, email, phone })
    },
    ...(created === undefined ? {} : { createdAt: created }),
    ...(updated === undefined ? {} : { updatedAt: updated }),
    // An explicit blank stays, as a key without values: a read may say that a field is empty.
    fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value === "" ? [] : [value]]))
  }
}

/** Leaves out what is blank: a blank means "not said". */
export const said = <K extends string>(values: Record<K, string | undefined>): { readonly [P in K]?: string } => {
  const kept: { [P in K]?: string } = {}
  for (const name in values) {
    const value = values[name]?.trim() ?? ""
    if (value !== "") kept[name] = value
  }
  return kept
}

/** A time of the CRM, if it is one. */
export const instantOf = (text: string): number | undefined =>
  Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))
