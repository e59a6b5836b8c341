/** The rehearsal with a case whose fields are mapped: what tests of field sync begin with, do and look at. */
import { CaseFields } from "@casewire/core/CaseFields"
import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Mappings } from "@casewire/core/Mappings"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Effect, Layer } from "effect"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, deliver, jobs, layer as rehearsal, theCase, work } from "./Rehearsal.ts"

export const layer = Layer.mergeAll(Mappings.layer, CaseFields.layer).pipe(Layer.provideMerge(rehearsal))

export const injury: FieldMapping = {
  platformField: "injury",
  crmKey: "Custom101",
  direction: "both",
  transform: { _tag: "Single", keepUnmapped: false },
  optionMap: [
    { platform: "neck", crm: "Neck pain" },
    { platform: "back", crm: "Back pain" }
  ]
}
export const date: FieldMapping = {
  platformField: "accidentDate",
  crmKey: "Custom102",
  direction: "both",
  transform: { _tag: "Date", crm: "MM/DD/YYYY" }
}

const linked = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Injury" }]

/** A verified case with fields in the CRM, its case type linked and mapped. */
export const start = Effect.fnUntraced(function* (
  options: {
    readonly linked?: boolean
    readonly entries?: ReadonlyArray<FieldMapping>
    readonly toggles?: Partial<Toggles>
  } = {}
) {
  yield* connected(options.toggles)
  const crm = yield* FakeCrm
  const connections = yield* ConnectionStore
  crm.leads.get("42")!.fields = { Custom101: ["Neck pain"], Custom102: ["09/03/2026"] }
  yield* connections.update(firmId, connectionId, (value) => ({
    ...value,
    caseTypeLinks: options.linked === false ? [] : linked
  }))
  const mappings = yield* Mappings
  yield* mappings.save(firmId, connectionId, { caseType: "7", campaignId: null }, options.entries ?? [injury, date], {
    name: "Ana"
  })
  yield* deliver({})
  yield* work()
  crm.calls.length = 0
  return crm
})

export const change = Effect.fnUntraced(function* (
  eventId: string,
  fields: Readonly<Record<string, string | ReadonlyArray<string>>>,
  campaignId?: string
) {
  const outbox = yield* Outbox
  const { id } = yield* theCase
  const lists = Object.entries(fields).map(([name, value]) => [name, [value].flat()])
  return yield* outbox.accept(firmId, {
    _tag: "FieldsChanged",
    eventId,
    caseId: id,
    fields: Object.fromEntries(lists),
    changedBy: "Ben",
    ...(campaignId === undefined ? {} : { campaignId })
  })
})

export const platform = Effect.map(theCase, ({ values }) =>
  Object.fromEntries(Object.entries(values).map(([field, value]) => [field, value.platform]))
)
export const inCrm = Effect.map(FakeCrm, (crm) => crm.leads.get("42")!.fields)
export const story = Effect.gen(function* () {
  const cases = yield* CaseStore
  const history = yield* cases.history(firmId, (yield* theCase).id)
  return history.flatMap(({ after, before, cause, field, kind }) =>
    field === undefined ? [] : [`${kind} ${field} ${before} ${after} ${cause === "Ben" ? "Ben" : ""}`.trim()]
  )
})
export const staffSets = Effect.fnUntraced(function* (key: string, ...values: ReadonlyArray<string>) {
  const crm = yield* FakeCrm
  const lead = crm.leads.get("42")!
  lead.fields = { ...lead.fields, [key]: values }
})
export const pushes = Effect.map(jobs, (all) =>
  all
    .filter((job) => job.work === "PushFields")
    .map(({ reason, state }) => (reason === null ? state : `${state}: ${reason}`))
)
