import type { FieldMapping } from "@casewire/core/domain/FieldMapping"
import type { SheetRows } from "@casewire/core/domain/SheetHeader"
import { MappingDrafts } from "@casewire/core/MappingDrafts"
import { Mappings } from "@casewire/core/Mappings"
import type { CrmField } from "@casewire/core/ports/Crm"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { SheetReader } from "@casewire/core/ports/SheetReader"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, connectionId, layer as rehearsal } from "./Rehearsal.ts"

/** The sheets that the next file holds. */
const file: { sheets: ReadonlyArray<SheetRows> } = { sheets: [] }
const layerSheets = Layer.succeed(SheetReader, {
  mappingSheet: () => Effect.sync(() => file.sheets),
  cases: () => Effect.sync(() => file.sheets)
})

const layer = MappingDrafts.layer.pipe(
  Layer.provideMerge(Mappings.layer),
  Layer.provideMerge(layerSheets),
  Layer.provideMerge(rehearsal)
)

const field = (key: string, label: string, change: Partial<CrmField> = {}): CrmField => ({
  key,
  label,
  inputType: "text",
  section: "Intake",
  options: [],
  ...change
})
const accident = field("Custom101", "Date of accident", { inputType: "date" })
const injury = field("Custom102", "Injury", { inputType: "multi", options: ["Neck", "Back"] })
const old = field("Custom103", "Old question")

const company = { caseType: "7", campaignId: null }
const entry = (change: Partial<FieldMapping> = {}): FieldMapping => ({
  platformField: "accidentDate",
  crmKey: "Custom101",
  direction: "both",
  transform: { _tag: "Date", crm: "MM/DD/YYYY" },
  ...change
})

const start = Effect.fnUntraced(function* (fields: ReadonlyArray<CrmField> = [accident, injury, old]) {
  yield* TestClock.setTime(1_000_000)
  yield* connected()
  const crm = yield* FakeCrm
  crm.catalog = {
    caseTypes: [{ externalId: "7", name: "Injury" }],
    statuses: [
      { name: "New", raw: "New" },
      { name: "Signed", raw: "** Signed **" }
    ],
    fields: [{ caseType: "Injury", fields }]
  }
  const mappings = yield* Mappings
  const first = yield* mappings.refresh(firmId, connectionId)
  return { crm, mappings, first }
})

describe("the catalog", () => {
  it.effect("is kept with its time, and calls nothing new when nothing was known before", () =>
    Effect.gen(function* () {
      const { first, mappings } = yield* start()
      assert.isTrue(first.isFirst)
      assert.deepStrictEqual([first.caseTypes.added, first.fields], [[], []])
      const kept = Option.getOrThrow(yield* mappings.catalog(firmId, connectionId))
      assert.deepStrictEqual([kept.fetchedAt, kept.catalog.fields[0]?.fields], [1_000_000, [accident, injury, old]])
    }).pipe(Effect.provide(layer))
  )

  it.effect("refreshed says what was added, renamed, altered or gone, and keeps saved mappings as they are", () =>
    Effect.gen(function* () {
      const { crm, mappings } = yield* start()
      const entries = [entry(), entry({ platformField: "old", crmKey: "Custom103", transform: { _tag: "Text" } })]
      yield* mappings.save(firmId, connectionId, company, entries, { name: "Ana" })
      const [renamed, altered, fresh] = [
        { ...accident, label: "When did it happen?" },
        { ...injury, options: ["Neck", "Back", "Knee"] },
        field("Custom104", "New question")
      ]
      crm.catalog = {
        ...crm.catalog,
        caseTypes: [
          { externalId: "7", name: "Injury" },
          { externalId: "8", name: "Mesh" }
        ],
        fields: [{ caseType: "Injury", fields: [renamed, altered, fresh] }]
      }
      const { caseTypes, fields, isFirst } = yield* mappings.refresh(firmId, connectionId)
      assert.isFalse(isFirst)
      assert.deepStrictEqual(caseTypes, { added: [{ externalId: "8", name: "Mesh" }], renamed: [], gone: [] })
      assert.deepStrictEqual(fields, [
        {
          caseType: { externalId: "7", name: "Injury" },
          change: {
            added: [fresh],
            renamed: [{ key: "Custom101", before: "Date of accident", after: "When did it happen?" }],
            altered: [altered],
            gone: [old],
            broken: [entries[1]!]
          }
        }
      ])
      const store = yield* MappingStore
      assert.deepStrictEqual((yield* store.current(firmId, connectionId))[0]?.entries, entries)
    }).pipe(Effect.provide(layer))
  )

  it.effect("knows a case type under a new name by its id, and says what is gone", () =>
    Effect.gen(function* () {
      const { crm, mappings } = yield* start()
      crm.catalog = {
        ...crm.catalog,
        caseTypes: [{ externalId: "7", name: "Injuries" }],
        fields: [{ caseType: "Injuries", fields: [accident, injury, old] }]
      }
      const { caseTypes, fields } = yield* mappings.refresh(firmId, connectionId)
      assert.deepStrictEqual(caseTypes, {
        added: [],
        renamed: [{ key: "7", before: "Injury", after: "Injuries" }],
        gone: []
      })
      assert.deepStrictEqual(fields, [])
      crm.catalog = { ...crm.catalog, caseTypes: [], fields: [] }
      const gone = yield* mappings.refresh(firmId, connectionId)
      assert.deepStrictEqual(gone.caseTypes.gone, [{ externalId: "7", name: "Injuries" }])
    }).pipe(Effect.provide(layer))
  )

  it.effect("is previewed for exactly one case type, by id or name, and sent to the full list for more", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      const preview = (...caseTypes: ReadonlyArray<string>) => mappings.preview(firmId, connectionId, caseTypes)
      const one = { _tag: "Fields" as const, caseType: "Injury", fields: [accident, injury, old] }
      assert.deepStrictEqual(yield* preview("7"), one)
      assert.deepStrictEqual(yield* preview("injury"), one)
      for (const several of [[], ["7", "8"], ["9"]]) assert.strictEqual((yield* preview(...several))._tag, "NoPreview")
    }).pipe(Effect.provide(layer))
  )
})

describe("a mapping", () => {
  it.effect("is saved in versions with who and when, and an earlier one can be had back", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      yield* mappings.save(firmId, connectionId, company, [entry()], { name: "Ana" })
      yield* TestClock.adjust(1000)
      yield* mappings.save(firmId, connectionId, company, [], { name: "Ben" })
      const { version } = yield* mappings.restore(firmId, connectionId, company, 1, "Cleo")
      assert.deepStrictEqual(version.entries, [entry()])
      const store = yield* MappingStore
      const versions = yield* store.versions(firmId, connectionId, company, 10)
      assert.deepStrictEqual(
        versions.map(({ entries, number, origin, savedAt, savedBy }) => [
          number,
          entries.length,
          savedBy,
          savedAt,
          origin
        ]),
        [
          [3, 1, "Cleo", 1_001_000, "version 1"],
          [2, 0, "Ben", 1_001_000, null],
          [1, 1, "Ana", 1_000_000, null]
        ]
      )
      const unknown = yield* Effect.flip(mappings.restore(firmId, connectionId, company, 9, "Cleo"))
      assert.strictEqual(unknown._tag, "VersionNotFound")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is not saved over a version that its author had not seen", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      yield* mappings.save(firmId, connectionId, company, [entry()], { name: "Ana", basedOn: 0 })
      const refused = yield* Effect.flip(mappings.save(firmId, connectionId, company, [], { name: "Ben", basedOn: 0 }))
      assert.strictEqual(refused._tag, "MappingInvalid")
      assert.deepStrictEqual(refused._tag === "MappingInvalid" ? refused.errors : [], [
        { field: "basedOn", code: "changed-since" }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes a firm's spellings of a key, and warns of a key that the CRM does not list", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      const given = ["<<Custom101>>", "102", "custom999"].map((crmKey, index) =>
        entry({ crmKey, platformField: `f${index}`, transform: { _tag: "Text" } })
      )
      const { version, warnings } = yield* mappings.save(firmId, connectionId, company, given, { name: "Ana" })
      assert.deepStrictEqual(
        version.entries.map(({ crmKey }) => crmKey),
        ["Custom101", "Custom102", "Custom999"]
      )
      assert.deepStrictEqual(
        warnings.map(({ code, index }) => [index, code]),
        [[2, "unknown"]]
      )
    }).pipe(Effect.provide(layer))
  )

  for (const [crmKey, code] of [
    ["Operation", "reserved"],
    ["ＫＥＹ", "reserved"],
    ["key ", "reserved"],
    ["a&b", "malformed"],
    ["a=b", "malformed"],
    ["", "empty"],
    ["1x", "malformed"],
    ["Status", "status"]
  ] as const)
    it.effect(`R-18: with the key ${JSON.stringify(crmKey)} is refused as ${code}, and nothing of it is saved`, () =>
      Effect.gen(function* () {
        const { mappings } = yield* start()
        const entries = [entry(), entry({ crmKey, platformField: "other", transform: { _tag: "Text" } })]
        const refused = yield* Effect.flip(mappings.save(firmId, connectionId, company, entries, { name: "Ana" }))
        assert.strictEqual(refused._tag, "MappingInvalid")
        if (refused._tag === "MappingInvalid") {
          assert.deepStrictEqual(refused.errors, [{ field: "crmKey", code }])
          assert.match(refused.message, /^entry 2: /)
        }
        const store = yield* MappingStore
        assert.deepStrictEqual(yield* store.current(firmId, connectionId), [])
      }).pipe(Effect.provide(layer))
    )

  it.effect("gets suggestions for the CRM's fields that are not mapped yet, and is not changed by them", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      const fields = [
        { key: "accidentDate", label: "Accident date", type: "date", options: [] },
        { key: "injuries", label: "Injury", type: "multi", options: ["Neck", "Back"] }
      ]
      const suggest = mappings.suggest(firmId, connectionId, "7", fields)
      assert.deepStrictEqual(
        (yield* suggest).map(({ field, question }) => [question, field]),
        [
          ["Custom101", "accidentDate"],
          ["Custom102", "injuries"]
        ]
      )
      yield* mappings.save(firmId, connectionId, company, [entry()], { name: "Ana" })
      assert.deepStrictEqual(
        (yield* suggest).map(({ question }) => question),
        ["Custom102"]
      )
    }).pipe(Effect.provide(layer))
  )
})

const upload = Effect.fnUntraced(function* (...rows: ReadonlyArray<ReadonlyArray<string>>) {
  file.sheets = [
    {
      name: "Injury",
      rows: [["API Key", "s3cret-value-0123456789"], [], ["Custom#", "Name", "Type", "Options"], ...rows]
    }
  ]
  const drafts = yield* MappingDrafts
  return yield* drafts.read(firmId, connectionId, { fileName: "sheet.xlsx", bytes: new Uint8Array() }, "Ana")
})

describe("a mapping sheet", () => {
  it.effect("becomes a draft with an outcome per row, changes nothing, and keeps none of the API values above", () =>
    Effect.gen(function* () {
      yield* start()
      const draft = yield* upload(
        ["<<Custom101>>", "Date of accident", "date", ""],
        ["Custom102", "Injury", "multi select", "Neck, Back"],
        ["Custom101", "Again", "text", ""],
        ["Status", "Status", "text", ""]
      )
      assert.deepStrictEqual(
        draft.rows.map(({ codes, level, row }) => [row, level, ...codes]),
        [
          [4, "ok"],
          [5, "ok"],
          [6, "error", "duplicate"],
          [7, "error", "status"]
        ]
      )
      assert.deepStrictEqual([draft.sheets[0]?.dropped, draft.sheets[0]?.credentialsSeen], [1, true])
      assert.notInclude(JSON.stringify(draft), "s3cret")
      const store = yield* MappingStore
      assert.deepStrictEqual(yield* store.current(firmId, connectionId), [])
      assert.deepStrictEqual(yield* store.drafts(firmId, connectionId), [draft])
    }).pipe(Effect.provide(layer))
  )

  it.effect("applied is the next version: named by choice or by its question, what is mapped keeps its field", () =>
    Effect.gen(function* () {
      const { mappings } = yield* start()
      yield* mappings.save(firmId, connectionId, company, [entry({ platformField: "when", direction: "from" })], {
        name: "Ana"
      })
      const draft = yield* upload(
        ["Custom101", "Date of accident", "date", ""],
        ["Custom102", "Injury", "multi select", "Neck, Back"],
        ["Custom103", "Old question?", "text", ""]
      )
      const drafts = yield* MappingDrafts
      const choices = [{ crmKey: "custom102", platformField: "injuries", direction: "to" as const }]
      const [version] = yield* drafts.apply(firmId, connectionId, draft.id, choices, "Ben")
      assert.deepStrictEqual(version, {
        firmId,
        connectionId,
        ...company,
        number: 2,
        savedAt: 1_000_000,
        savedBy: "Ben",
        origin: `draft ${draft.id}`,
        entries: [
          entry({ platformField: "when", direction: "from" }),
          {
            platformField: "injuries",
            crmKey: "Custom102",
            direction: "to",
            transform: { _tag: "Multi", keepUnmapped: false, separator: ", " },
            optionMap: [
              { platform: "Neck", crm: "Neck" },
              { platform: "Back", crm: "Back" }
            ]
          },
          { platformField: "oldQuestion", crmKey: "Custom103", direction: "both", transform: { _tag: "Text" } }
        ]
      })
      const again = yield* Effect.flip(drafts.apply(firmId, connectionId, draft.id, [], "Ben"))
      assert.strictEqual(again._tag, "DraftClosed")
    }).pipe(Effect.provide(layer))
  )

  it.effect("discarded saves nothing, and one of another connection is not there", () =>
    Effect.gen(function* () {
      yield* start()
      const draft = yield* upload(["Custom101", "Date of accident", "date", ""])
      const drafts = yield* MappingDrafts
      const other = yield* Effect.flip(drafts.get(firmId, "another" as typeof connectionId, draft.id))
      assert.strictEqual(other._tag, "DraftNotFound")
      assert.strictEqual((yield* drafts.discard(firmId, connectionId, draft.id)).state, "discarded")
      const store = yield* MappingStore
      assert.deepStrictEqual(yield* store.current(firmId, connectionId), [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("whose choices make an invalid mapping stays open", () =>
    Effect.gen(function* () {
      yield* start()
      const draft = yield* upload(["Custom101", "A", "date", ""], ["Custom103", "B", "text", ""])
      const drafts = yield* MappingDrafts
      const choices = ["Custom101", "Custom103"].map((crmKey) => ({ crmKey, platformField: "same" }))
      const refused = yield* Effect.flip(drafts.apply(firmId, connectionId, draft.id, choices, "Ben"))
      assert.strictEqual(refused._tag, "MappingInvalid")
      assert.strictEqual((yield* drafts.get(firmId, connectionId, draft.id)).state, "open")
    }).pipe(Effect.provide(layer))
  )
})
