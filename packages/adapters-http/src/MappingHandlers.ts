/** Mappings, drafts from sheets, statuses and what a case's fields are: requests translated to the core, and answers back. */
import { Effect, Layer, Option, Stream } from "effect"
import type { Multipart } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { sheetBytes } from "@casewire/api/Mappings"
import { CaseFields } from "@casewire/core/CaseFields"
import { type DraftClosed, type DraftNotFound, MappingDrafts } from "@casewire/core/MappingDrafts"
import { type MappingInvalid, Mappings, type SavedMapping, type VersionNotFound } from "@casewire/core/Mappings"
import { type StatusMap, StatusMapping } from "@casewire/core/StatusMapping"
import { outcomeTable } from "@casewire/core/domain/MappingSheet"
import type { MappingDraft, MappingVersion } from "@casewire/core/domain/MappingVersion"
import { type ConnectionNotFound, ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { CrmError } from "@casewire/core/ports/Crm"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import type { SheetUnreadable } from "@casewire/core/ports/SheetReader"
import { SheetWriter } from "@casewire/core/ports/SheetWriter"
import { csvAnswer } from "./CsvAnswer.ts"
import { crmFailed, notFound, problem } from "./Problems.ts"
import { uploadedFile } from "./SheetUpload.ts"

const refusals = {
  ConnectionNotFound: (error: ConnectionNotFound) => Effect.fail(notFound(error)),
  CrmError: (error: CrmError) => Effect.fail(crmFailed(error)),
  DraftNotFound: (_: DraftNotFound) => Effect.fail(problem("not-found")),
  VersionNotFound: (_: VersionNotFound) => Effect.fail(problem("not-found")),
  MappingInvalid: ({ errors, message }: MappingInvalid) =>
    Effect.fail(problem("mapping-invalid", { errors, detail: message })),
  DraftClosed: ({ state }: DraftClosed) => Effect.fail(problem("draft-closed", { detail: `The draft was ${state}.` })),
  SheetUnreadable: ({ code, message }: SheetUnreadable) =>
    Effect.fail(problem("sheet-unreadable", { detail: message, errors: [{ field: "file", code }] }))
}

const layerMappings = HttpApiBuilder.group(
  Api,
  "mappings",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    const drafts = yield* MappingDrafts
    const fields = yield* CaseFields
    const mappings = yield* Mappings
    const statuses = yield* StatusMapping
    const store = yield* MappingStore
    const writer = yield* SheetWriter

    const known = Effect.fnUntraced(function* (id: Parameters<typeof connections.get>[1]) {
      const { firmId } = yield* CurrentFirm
      return yield* connections.get(firmId, id).pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
    })

    return handlers.handleAll({
      catalog: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* mappings
          .catalog(firmId, params.id)
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        return Option.match(found, {
          onNone: () => ({ fetchedAt: null, catalog: { caseTypes: [], statuses: [], fields: [] } }),
          onSome: ({ catalog, fetchedAt }) => ({ fetchedAt, catalog })
        })
      }),
      refresh: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        yield* known(params.id)
        const { caseTypes, fields, isFirst, snapshot } = yield* mappings
          .refresh(firmId, params.id)
          .pipe(Effect.catchTags({ ConnectionNotFound: refusals.ConnectionNotFound, CrmError: refusals.CrmError }))
        return {
          fetchedAt: snapshot.fetchedAt,
          isFirst,
          caseTypes,
          fields: fields.map(({ caseType, change }) => ({ caseType, ...change }))
        }
      }),
      list: Effect.fn(function* ({ params }) {
        const { firmId, id } = yield* known(params.id)
        return { mappings: (yield* store.current(firmId, id)).map(versionView) }
      }),
      get: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* known(params.id)
        const [version] = yield* store.versions(firmId, id, scopeOf(params.caseType, query), 1)
        return { mapping: version === undefined ? null : versionView(version) }
      }),
      save: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const { basedOn, entries } = payload
        const by = { name, ...(basedOn === undefined ? {} : { basedOn }) }
        const saved = yield* mappings.save(firmId, params.id, scopeOf(params.caseType, payload), entries, by).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            MappingInvalid: refusals.MappingInvalid
          })
        )
        return savedView(saved)
      }),
      versions: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* known(params.id)
        const found = yield* store.versions(firmId, id, scopeOf(params.caseType, query), query.limit ?? 50)
        return { versions: found.map(versionView) }
      }),
      restore: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const saved = yield* mappings
          .restore(firmId, params.id, scopeOf(params.caseType, payload), payload.number, name)
          .pipe(
            Effect.catchTags({
              ConnectionNotFound: refusals.ConnectionNotFound,
              MappingInvalid: refusals.MappingInvalid,
              VersionNotFound: refusals.VersionNotFound
            })
          )
        return savedView(saved)
      }),
      suggestions: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const suggestions = yield* mappings
          .suggest(firmId, params.id, params.caseType, payload.fields)
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        return { suggestions }
      }),
      preview: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* mappings
          .preview(firmId, params.id, query.caseType ?? [])
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        return found._tag === "Fields"
          ? { caseType: found.caseType, fields: found.fields, reason: null }
          : { caseType: null, fields: [], reason: found.reason }
      }),
      readSheet: Effect.fn(function* ({ params, payload, query }) {
        const { firmId, name } = yield* CurrentFirm
        yield* known(params.id)
        const file = yield* fileOf(payload)
        const caseTypes = query.caseType === undefined ? undefined : everySheet(query.caseType)
        const draft = yield* drafts.read(firmId, params.id, file, name, caseTypes).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            SheetUnreadable: refusals.SheetUnreadable
          })
        )
        return draftView(draft)
      }),
      drafts: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* drafts
          .list(firmId, params.id)
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        return { drafts: found.map(draftView) }
      }),
      draft: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* drafts
          .get(firmId, params.id, params.draftId)
          .pipe(Effect.catchTag("DraftNotFound", refusals.DraftNotFound))
        return draftView(found)
      }),
      outcome: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* drafts
          .get(firmId, params.id, params.draftId)
          .pipe(Effect.catchTag("DraftNotFound", refusals.DraftNotFound))
        const [head, ...rows] = outcomeTable(found)
        return csvAnswer(writer, `outcome-${found.id}`, head, Stream.fromIterable(rows))
      }),
      applyDraft: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const versions = yield* drafts.apply(firmId, params.id, params.draftId, payload.choices ?? [], name).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            DraftClosed: refusals.DraftClosed,
            DraftNotFound: refusals.DraftNotFound,
            MappingInvalid: refusals.MappingInvalid
          })
        )
        return { versions: versions.map(versionView) }
      }),
      discardDraft: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const closed = yield* drafts
          .discard(firmId, params.id, params.draftId)
          .pipe(Effect.catchTags({ DraftClosed: refusals.DraftClosed, DraftNotFound: refusals.DraftNotFound }))
        return draftView(closed)
      }),
      statuses: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* statuses
          .get(firmId, params.id, params.caseType)
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        return statusView(found)
      }),
      saveStatuses: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const saved = yield* statuses.save(firmId, params.id, params.caseType, payload, name).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            MappingInvalid: refusals.MappingInvalid
          })
        )
        return statusView(saved)
      }),
      outgoing: ({ params }) =>
        Effect.map(known(params.id), ({ outgoingCaseTypes }) => ({ caseTypes: outgoingCaseTypes ?? null })),
      selectOutgoing: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const { outgoingCaseTypes } = yield* statuses.selectOutgoing(firmId, params.id, payload.caseTypes).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            MappingInvalid: refusals.MappingInvalid
          })
        )
        return { caseTypes: outgoingCaseTypes ?? null }
      }),
      caseFields: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        return yield* fields.of(firmId, params.id).pipe(Effect.mapError(notFound))
      })
    })
  })
)

const fileOf = (parts: Stream.Stream<Multipart.Part, Multipart.MultipartError>) =>
  uploadedFile(parts, sheetBytes).pipe(
    Effect.mapError(({ code }) => problem("sheet-unreadable", { errors: [{ field: "file", code }] }))
  )

/** One choice for all sheets of a file that do not name their case type. */
const everySheet = (caseType: string): ReadonlyMap<number, string> =>
  new Map(Array.from({ length: 20 }, (_, index) => [index + 1, caseType]))

const scopeOf = (caseType: string, { campaignId }: { readonly campaignId?: string }) => ({
  caseType,
  campaignId: campaignId ?? null
})

const versionView = ({ connectionId: _connection, firmId: _firm, ...shown }: MappingVersion) => shown

const savedView = ({ version, warnings }: SavedMapping) => ({ ...versionView(version), warnings })

const draftView = ({ connectionId: _connection, firmId: _firm, ...shown }: MappingDraft) => shown

const statusView = ({ crm, platform, table }: StatusMap) => ({
  caseType: table.caseType,
  links: table.links,
  terminal: table.terminal,
  crm,
  platform,
  updatedAt: table.updatedAt,
  updatedBy: table.updatedBy
})

export const layerMappingHandlers = layerMappings.pipe(
  Layer.provide([CaseFields.layer, MappingDrafts.layer, StatusMapping.layer]),
  Layer.provide(Mappings.layer)
)
