/** The contract of `MappingStore`: catalogs, versions of mappings, drafts and status tables, each firm's own. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { newId } from "@casewire/core/domain/Ids"
import {
  DraftId,
  type CatalogSnapshot,
  type MappingDraft,
  type MappingVersion
} from "@casewire/core/domain/MappingVersion"
import type { StatusTable } from "@casewire/core/domain/StatusLinks"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { connection, firm, otherConnection, otherFirm, secondConnection, start } from "./samples.ts"

const own = { firmId: firm.id, connectionId: connection.id }

const snapshot: CatalogSnapshot = {
  ...own,
  fetchedAt: start,
  catalog: {
    caseTypes: [{ externalId: "7", name: "Auto Accident" }, { name: "Größe" }],
    statuses: [{ name: "Signed", raw: "** Signed **", externalId: "12" }],
    fields: [
      {
        caseType: "Auto Accident",
        fields: [{ key: "Custom1", label: "Injury?", inputType: "multi", section: "Intake", options: ["Neck", "Back"] }]
      }
    ]
  }
}

const makeVersion = (change: Partial<MappingVersion> = {}): MappingVersion => ({
  ...own,
  caseType: "7",
  campaignId: null,
  number: 1,
  entries: [
    {
      platformField: "accidentDate",
      crmKey: "Custom2",
      direction: "both",
      transform: { _tag: "Date", crm: "MM/DD/YYYY" }
    },
    {
      platformField: "injury",
      crmKey: "Custom1",
      direction: "to",
      transform: { _tag: "Multi", keepUnmapped: false, separator: ", " },
      optionMap: [{ platform: "neck’s", crm: "Neck" }]
    }
  ],
  savedAt: start,
  savedBy: "Ana",
  origin: null,
  ...change
})

const makeDraft = (change: Partial<MappingDraft> = {}): Effect.Effect<MappingDraft> =>
  Effect.map(newId, (id) => ({
    ...own,
    id: DraftId.make(id),
    sheets: [
      {
        sheet: 1,
        name: "MVA",
        caseTypes: ["Auto Accident"],
        problem: null,
        headerRows: [4],
        dropped: 2,
        credentialsSeen: true
      }
    ],
    rows: [{ sheet: 1, row: 5, level: "warning", codes: ["unknown-field"], message: "Not listed.", crmKey: "Custom9" }],
    fields: [
      {
        caseType: "Auto Accident",
        crmKey: "Custom9",
        label: "Größe?",
        kind: "number",
        options: [],
        isDefault: false,
        sheet: 1,
        row: 5
      }
    ],
    state: "open",
    createdAt: start,
    createdBy: "Ana",
    updatedAt: start,
    ...change
  }))

const makeTable = (change: Partial<StatusTable> = {}): StatusTable => ({
  ...own,
  caseType: "7",
  statuses: [{ name: "Retained", origin: "person", addedAt: start }],
  links: [{ platform: "Retained", crm: "Signed", direction: "both" }],
  terminal: ["Retained"],
  updatedAt: start,
  updatedBy: "Ana",
  ...change
})

const saveVersions = Effect.fnUntraced(function* (...changes: ReadonlyArray<Partial<MappingVersion>>) {
  const store = yield* MappingStore
  yield* Effect.forEach(changes, (change) => store.saveVersion(makeVersion(change)), { discard: true })
})

const current = Effect.fnUntraced(function* (connectionId: ConnectionId = connection.id, firmId = firm.id) {
  const store = yield* MappingStore
  return (yield* store.current(firmId, connectionId)).map(
    ({ campaignId, caseType, number }) => `${caseType} ${campaignId ?? "-"} ${number}`
  )
})

const numbers = Effect.fnUntraced(function* (caseType = "7", campaignId: string | null = null, limit = 100) {
  const store = yield* MappingStore
  const found = yield* store.versions(firm.id, connection.id, { caseType, campaignId }, limit)
  return found.map(({ number }) => number)
})

export const mappingStoreLaws: Laws = {
  port: "MappingStore",
  laws: [
    {
      title: "a catalog comes back as it was saved, with its time",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveCatalog(snapshot)
        assert.deepStrictEqual(yield* store.catalog(firm.id, connection.id), Option.some(snapshot))
      })
    },
    {
      title: "a connection whose catalog was never saved has none",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveCatalog(snapshot)
        assert.isTrue(Option.isNone(yield* store.catalog(firm.id, secondConnection.id)))
      })
    },
    {
      title: "a catalog that is saved again is replaced whole",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveCatalog(snapshot)
        const empty = { ...snapshot, fetchedAt: start + 1, catalog: { caseTypes: [], statuses: [], fields: [] } }
        yield* store.saveCatalog(empty)
        assert.deepStrictEqual(yield* store.catalog(firm.id, connection.id), Option.some(empty))
      })
    },
    {
      title: "no firm sees the catalog of another",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveCatalog(snapshot)
        assert.isTrue(Option.isNone(yield* store.catalog(otherFirm.id, connection.id)))
      })
    },
    {
      title: "a version comes back as it was saved, with transforms and option maps",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveVersion(makeVersion())
        assert.deepStrictEqual(yield* store.current(firm.id, connection.id), [makeVersion()])
        assert.deepStrictEqual(yield* store.versions(firm.id, connection.id, { caseType: "7", campaignId: null }, 5), [
          makeVersion()
        ])
      })
    },
    {
      title: "the highest version of each case type and campaign is the current one",
      run: Effect.gen(function* () {
        yield* saveVersions(
          { number: 1 },
          { number: 2 },
          { caseType: "8" },
          { campaignId: "c1" },
          { campaignId: "c1", number: 2 }
        )
        assert.deepStrictEqual(yield* current(), ["7 - 2", "7 c1 2", "8 - 1"])
      })
    },
    {
      title: "versions are counted as numbers, not as texts",
      run: Effect.gen(function* () {
        yield* saveVersions({ number: 9 }, { number: 10 })
        assert.deepStrictEqual(yield* current(), ["7 - 10"])
        assert.deepStrictEqual(yield* numbers(), [10, 9])
      })
    },
    {
      title: "current mappings come by case type, the company's default first",
      run: Effect.gen(function* () {
        yield* saveVersions(
          { caseType: "b" },
          { caseType: "a", campaignId: "z" },
          { caseType: "a" },
          { caseType: "a", campaignId: "b" }
        )
        assert.deepStrictEqual(yield* current(), ["a - 1", "a b 1", "a z 1", "b - 1"])
      })
    },
    {
      title: "versions come newest first, up to the limit",
      run: Effect.gen(function* () {
        yield* saveVersions({ number: 1 }, { number: 2 }, { number: 3 })
        assert.deepStrictEqual(yield* numbers(), [3, 2, 1])
        assert.deepStrictEqual(yield* numbers("7", null, 2), [3, 2])
      })
    },
    {
      title: "versions are those of one case type and campaign and no others",
      run: Effect.gen(function* () {
        yield* saveVersions({ number: 1 }, { number: 5, campaignId: "c1" }, { number: 7, caseType: "8" })
        assert.deepStrictEqual(yield* numbers(), [1])
        assert.deepStrictEqual(yield* numbers("7", "c1"), [5])
        assert.deepStrictEqual(yield* numbers("9"), [])
      })
    },
    {
      title: "a second version with the same number is a defect and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* saveVersions({ savedBy: "first" })
        assert.isTrue(Exit.hasDies(yield* Effect.exit(store.saveVersion(makeVersion({ savedBy: "second" })))))
        const [found] = yield* store.current(firm.id, connection.id)
        assert.strictEqual(found?.savedBy, "first")
      })
    },
    {
      title: "mappings of two connections stay apart",
      run: Effect.gen(function* () {
        yield* saveVersions({}, { connectionId: secondConnection.id, number: 4 })
        assert.deepStrictEqual(yield* current(), ["7 - 1"])
        assert.deepStrictEqual(yield* current(secondConnection.id), ["7 - 4"])
        assert.deepStrictEqual(yield* numbers(), [1])
      })
    },
    {
      title: "no firm sees the mappings of another",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* saveVersions({})
        assert.deepStrictEqual(yield* current(connection.id, otherFirm.id), [])
        assert.deepStrictEqual(
          yield* store.versions(otherFirm.id, connection.id, { caseType: "7", campaignId: null }, 5),
          []
        )
      })
    },
    {
      title: "a draft comes back as it was saved, and is replaced whole",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const draft = yield* makeDraft()
        yield* store.saveDraft(draft)
        assert.deepStrictEqual(yield* store.draft(firm.id, draft.id), Option.some(draft))
        const applied: MappingDraft = { ...draft, state: "applied", fields: [], updatedAt: start + 5 }
        yield* store.saveDraft(applied)
        assert.deepStrictEqual(yield* store.draft(firm.id, draft.id), Option.some(applied))
      })
    },
    {
      title: "a draft that was never saved is not there",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const draft = yield* makeDraft()
        yield* store.saveDraft(draft)
        assert.isTrue(Option.isNone(yield* store.draft(firm.id, DraftId.make(yield* newId))))
      })
    },
    {
      title: "drafts come newest first and only of their connection",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const [first, second, other] = [
          yield* makeDraft(),
          yield* makeDraft(),
          yield* makeDraft({ connectionId: secondConnection.id })
        ]
        for (const draft of [second, first, other]) yield* store.saveDraft(draft)
        const ids = (yield* store.drafts(firm.id, connection.id)).map(({ id }) => id)
        assert.deepStrictEqual(ids, [second.id, first.id])
      })
    },
    {
      title: "no firm sees a draft of another, by id or list",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const draft = yield* makeDraft()
        yield* store.saveDraft(draft)
        assert.isTrue(Option.isNone(yield* store.draft(otherFirm.id, draft.id)))
        assert.deepStrictEqual(yield* store.drafts(otherFirm.id, connection.id), [])
      })
    },
    {
      title: "status tables come back as they were saved, by case type",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const tables = [makeTable({ caseType: "b" }), makeTable({ caseType: "a", terminal: [], links: [] })]
        yield* Effect.forEach(tables, store.saveStatuses)
        assert.deepStrictEqual(yield* store.statuses(firm.id, connection.id), tables.toReversed())
      })
    },
    {
      title: "saving a status table replaces that of its case type whole",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveStatuses(makeTable())
        const next = makeTable({ statuses: [], links: [], updatedBy: "Ben" })
        yield* store.saveStatuses(next)
        assert.deepStrictEqual(yield* store.statuses(firm.id, connection.id), [next])
      })
    },
    {
      title: "no firm sees the status tables of another, and connections keep theirs apart",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveStatuses(makeTable())
        assert.deepStrictEqual(yield* store.statuses(otherFirm.id, connection.id), [])
        assert.deepStrictEqual(yield* store.statuses(firm.id, secondConnection.id), [])
        assert.deepStrictEqual(yield* store.statuses(otherFirm.id, otherConnection.id), [])
      })
    },
    {
      title: "a catalog, a version, a draft and a status table roll back with their transaction",
      run: Effect.gen(function* () {
        const store = yield* MappingStore
        const storage = yield* Storage
        const draft = yield* makeDraft()
        const work = Effect.all(
          [
            store.saveCatalog(snapshot),
            store.saveVersion(makeVersion()),
            store.saveDraft(draft),
            store.saveStatuses(makeTable())
          ],
          { discard: true }
        )
        yield* Effect.exit(storage.atomically(Effect.andThen(work, Effect.fail("no"))))
        assert.isTrue(Option.isNone(yield* store.catalog(firm.id, connection.id)))
        assert.deepStrictEqual(yield* current(), [])
        assert.deepStrictEqual(yield* store.drafts(firm.id, connection.id), [])
        assert.deepStrictEqual(yield* store.statuses(firm.id, connection.id), [])
        yield* storage.atomically(work)
        assert.deepStrictEqual(yield* current(), ["7 - 1"])
      })
    }
  ],
  durable: [
    {
      title: "catalogs, mappings, drafts and status tables outlive a restart",
      before: Effect.gen(function* () {
        const store = yield* MappingStore
        yield* store.saveCatalog(snapshot)
        yield* saveVersions({ number: 1 }, { number: 2 })
        yield* store.saveDraft(yield* makeDraft())
        yield* store.saveStatuses(makeTable())
      }),
      after: Effect.gen(function* () {
        const store = yield* MappingStore
        assert.deepStrictEqual(yield* store.catalog(firm.id, connection.id), Option.some(snapshot))
        assert.deepStrictEqual(yield* current(), ["7 - 2"])
        assert.deepStrictEqual(yield* store.statuses(firm.id, connection.id), [makeTable()])
        const [draft] = yield* store.drafts(firm.id, connection.id)
        assert.strictEqual(draft?.fields[0]?.label, "Größe?")
      })
    }
  ]
}

export const mappingStoreContract = contract(mappingStoreLaws)
