/**
 * A firm's mapping sheet, read into a draft. A draft changes nothing: a person looks at the outcome of every row and
 * applies it, which saves a new version of each case type's mapping by the same rules as any other save.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { caseTypeOf, type MappingInvalid, Mappings } from "./Mappings.ts"
import type { ConnectionId } from "./domain/Connection.ts"
import { type DraftChoice, withDraft } from "./domain/DraftEntries.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { readMappingSheet } from "./domain/MappingSheet.ts"
import { caseTypeKey, DraftId, type MappingDraft, type MappingVersion } from "./domain/MappingVersion.ts"
import { statusKey } from "./domain/StatusSync.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { MappingStore } from "./ports/MappingStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type SheetFile, SheetReader, type SheetUnreadable } from "./ports/SheetReader.ts"

export class DraftNotFound extends Schema.TaggedError<DraftNotFound>()("DraftNotFound", { draftId: Schema.String }) {}

/** Applied or discarded before; a draft is used once. */
export class DraftClosed extends Schema.TaggedError<DraftClosed>()("DraftClosed", {
  draftId: Schema.String,
  state: Schema.String
}) {}

export class MappingDrafts extends Context.Service<
  MappingDrafts,
  {
    /** Reads a sheet into a draft. `caseTypes` says the case type of sheets (numbered from 1) that do not name theirs. */
    readonly read: (
      firmId: FirmId,
      id: ConnectionId,
      file: SheetFile,
      by: string,
      caseTypes?: ReadonlyMap<number, string>
    ) => Effect.Effect<MappingDraft, SheetUnreadable | ConnectionNotFound>
    readonly list: (firmId: FirmId, id: ConnectionId) => Effect.Effect<ReadonlyArray<MappingDraft>, ConnectionNotFound>
    readonly get: (firmId: FirmId, id: ConnectionId, draftId: DraftId) => Effect.Effect<MappingDraft, DraftNotFound>
    /** Saves what the draft asks for; case types one after the other, the draft is closed when all are saved. */
    readonly apply: (
      firmId: FirmId,
      id: ConnectionId,
      draftId: DraftId,
      choices: ReadonlyArray<DraftChoice>,
      by: string
    ) => Effect.Effect<ReadonlyArray<MappingVersion>, MappingInvalid | DraftNotFound | DraftClosed | ConnectionNotFound>
    readonly discard: (
      firmId: FirmId,
      id: ConnectionId,
      draftId: DraftId
    ) => Effect.Effect<MappingDraft, DraftNotFound | DraftClosed>
  }
>()("@casewire/core/MappingDrafts") {
  static readonly layer = Layer.effect(
    MappingDrafts,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const mappings = yield* Mappings
      const plugins = yield* Plugins
      const sheets = yield* SheetReader
      const store = yield* MappingStore

      const read: MappingDrafts["Service"]["read"] = Effect.fn("MappingDrafts.read")(
        function* (firmId, id, file, by, caseTypes) {
          const connection = yield* connections.get(firmId, id)
          const fields = Option.getOrUndefined(plugins.manifest(connection.plugin))?.fields
          const snapshot = Option.getOrUndefined(yield* store.catalog(firmId, id))
          const tables = yield* sheets.mappingSheet(file)
          const linked = connection.caseTypeLinks.map(({ crmCaseType }) => crmCaseType.name)
          const result = readMappingSheet(tables, {
            keys: fields?.keys ?? { pattern: "(?!)", canonical: "$1", defaults: [], defaultWords: [] },
            reserved: fields?.reserved ?? [],
            caseTypes: [...new Set([...(snapshot?.catalog.caseTypes ?? []).map(({ name }) => name), ...linked])],
            catalog: snapshot?.catalog.fields ?? [],
            ...(caseTypes === undefined ? {} : { chosen: caseTypes })
          })
          const now = yield* Clock.currentTimeMillis
          const draft: MappingDraft = {
            id: DraftId.make(yield* newId),
            firmId,
            connectionId: id,
            sheets: result.sheets,
            rows: result.rows,
            fields: result.draft,
            state: "open",
            createdAt: now,
            createdBy: by,
            updatedAt: now
          }
          yield* store.saveDraft(draft)
          return draft
        }
      )

      const list = Effect.fn("MappingDrafts.list")(function* (firmId: FirmId, id: ConnectionId) {
        yield* connections.get(firmId, id)
        return yield* store.drafts(firmId, id)
      })

      const get = Effect.fn("MappingDrafts.get")(function* (firmId: FirmId, id: ConnectionId, draftId: DraftId) {
        const found = Option.getOrUndefined(yield* store.draft(firmId, draftId))
        return found === undefined || found.connectionId !== id ? yield* new DraftNotFound({ draftId }) : found
      })

      const open = Effect.fnUntraced(function* (firmId: FirmId, id: ConnectionId, draftId: DraftId) {
        const draft = yield* get(firmId, id, draftId)
        return draft.state === "open" ? draft : yield* new DraftClosed({ draftId, state: draft.state })
      })

      const close = Effect.fnUntraced(function* (draft: MappingDraft, state: "applied" | "discarded") {
        const closed: MappingDraft = { ...draft, state, updatedAt: yield* Clock.currentTimeMillis }
        yield* store.saveDraft(closed)
        return closed
      })

      const apply: MappingDrafts["Service"]["apply"] = Effect.fn("MappingDrafts.apply")(
        function* (firmId, id, draftId, choices, by) {
          const draft = yield* open(firmId, id, draftId)
          const catalog = Option.getOrUndefined(yield* store.catalog(firmId, id))?.catalog
          const { caseTypeLinks } = yield* connections.get(firmId, id)
          const versions: Array<MappingVersion> = []
          for (const name of new Set(draft.fields.map(({ caseType }) => caseType))) {
            const known =
              (catalog === undefined ? undefined : caseTypeOf(catalog, name)) ??
              caseTypeLinks.find(({ crmCaseType }) => statusKey(crmCaseType.name) === statusKey(name))?.crmCaseType
            const scope = { caseType: caseTypeKey(known ?? { name }), campaignId: null }
            const [present] = yield* store.versions(firmId, id, scope, 1)
            const fields = draft.fields.filter(({ caseType }) => caseType === name)
            const entries = withDraft(present?.entries ?? [], fields, choices)
            const saved = yield* mappings.save(firmId, id, scope, entries, { name: by, origin: `draft ${draftId}` })
            versions.push(saved.version)
          }
          yield* close(draft, "applied")
          return versions
        }
      )

      const discard: MappingDrafts["Service"]["discard"] = Effect.fn("MappingDrafts.discard")(
        function* (firmId, id, draftId) {
          return yield* close(yield* open(firmId, id, draftId), "discarded")
        }
      )

      return MappingDrafts.of({ read, list, get, apply, discard })
    })
  )
}
