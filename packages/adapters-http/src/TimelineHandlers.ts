/** Timelines, documents as streams, the fate of events, and pulls on demand: requests translated to the core. */
import { Effect, Layer, Option, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { CaseDocuments, type DocumentRefused } from "@casewire/core/CaseDocuments"
import type { CaseId } from "@casewire/core/domain/Case"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { type Job, Priority } from "@casewire/core/domain/Job"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { Poller } from "@casewire/core/Poller"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore, incomingOwner } from "@casewire/core/ports/DocumentStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Timeline } from "@casewire/core/ports/Timeline"
import { notFound, problem } from "./Problems.ts"
import { documentView, timelineView, workWords } from "./Views.ts"

const layerTimeline = HttpApiBuilder.group(
  Api,
  "timeline",
  Effect.fn(function* (handlers) {
    const caseDocuments = yield* CaseDocuments
    const cases = yield* CaseStore
    const connections = yield* ConnectionStore
    const documents = yield* DocumentStore
    const plugins = yield* Plugins
    const queue = yield* Queue
    const storage = yield* Storage
    const timeline = yield* Timeline

    const caseOf = Effect.fnUntraced(function* (id: CaseId) {
      const { firmId } = yield* CurrentFirm
      const found = yield* cases.get(firmId, id)
      return Option.isSome(found) ? found.value : yield* Effect.fail(problem("not-found"))
    })

    return handlers.handleAll({
      list: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* caseOf(params.id)
        const { before, kinds, limit = 50 } = query
        const page = { limit, ...(kinds === undefined ? {} : { kinds }), ...(before === undefined ? {} : { before }) }
        return { entries: (yield* timeline.ofCase(firmId, id, page)).map(timelineView) }
      }),
      documents: Effect.fn(function* ({ params, query }) {
        const { firmId, id } = yield* caseOf(params.id)
        const { before, limit = 50 } = query
        const page = { limit, kinds: ["document"] as const, ...(before === undefined ? {} : { before }) }
        return { documents: (yield* timeline.ofCase(firmId, id, page)).flatMap(documentView) }
      }),
      upload: Effect.fn(function* ({ params, payload, query }) {
        const { firmId } = yield* CurrentFirm
        // The name alone says which type it is to be; what a sender calls it would only be a second opinion.
        const file = { name: query.name, contentType: "application/octet-stream" }
        const entry = yield* caseDocuments.upload(firmId, params.id, file, Stream.orDie(payload)).pipe(
          Effect.catchTags({
            CaseNotFound: (error) => Effect.fail(notFound(error)),
            DocumentRefused: (error) => Effect.fail(refused(error))
          })
        )
        return documentView(entry)[0]!
      }),
      download: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* documents.get(firmId, params.id)
        if (Option.isNone(found) || found.value.owner === incomingOwner) return yield* Effect.fail(problem("not-found"))
        const { contentType, id, name, size } = found.value
        return HttpServerResponse.stream(Stream.orDie(documents.open(firmId, id)), {
          contentType,
          contentLength: size,
          headers: {
            "content-disposition": `attachment; filename*=UTF-8''${encoded(name)}`,
            "content-security-policy": "sandbox; default-src 'none'",
            "cross-origin-resource-policy": "same-origin",
            "x-content-type-options": "nosniff"
          }
        })
      }),
      event: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const { id: eventId } = params
        const operation = yield* storage.operation(firmId, `event ${eventId}`)
        if (Option.isNone(operation)) return yield* Effect.fail(problem("not-found"))
        const [job] = yield* queue.find(firmId, { ids: [operation.value], limit: 1 })
        if (job === undefined) return { eventId, state: "dropped", job: null, place: null, externalIds: [] } as const
        const { attempts, connectionId, id, progress, reason, state, updatedAt, work } = job
        const connection = yield* Effect.option(connections.get(firmId, connectionId))
        const manifest = Option.flatMap(connection, ({ plugin }) => plugins.manifest(plugin))
        return {
          eventId,
          state,
          job: { id, work: workWords[work._tag], attempts, reason, updatedAt },
          place: Option.getOrNull(Option.flatMap(manifest, (found) => placeOf(found, work))),
          externalIds: progress
        }
      })
    })
  })
)

const placeOf = ({ documents, notes }: PluginManifest, work: Job["work"]): Option.Option<string> =>
  Option.fromUndefinedOr(
    work._tag === "AddNote" ? notes.place : work._tag === "PushDocument" ? documents?.place : undefined
  )

/** Every character that RFC 8187 does not allow as it is. */
const encoded = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

const refused = ({ why }: DocumentRefused) => {
  const errors = [{ field: "body", code: why }]
  switch (why) {
    case "type":
      return problem("file-type-unsupported", { errors: [{ field: "name", code: why }] })
    case "too-large":
    case "quota":
      return problem("body-too-large", { errors })
    case "empty":
    case "content-mismatch":
      return problem("file-content-mismatch", { errors })
  }
}

const layerSync = HttpApiBuilder.group(
  Api,
  "sync",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    const poller = yield* Poller
    const get = Effect.fnUntraced(function* (id: ConnectionId) {
      const { firmId } = yield* CurrentFirm
      return yield* connections.get(firmId, id).pipe(Effect.mapError(notFound))
    })
    return handlers.handleAll({
      pull: Effect.fn(function* ({ params }) {
        return { jobId: yield* poller.request(yield* get(params.id), Priority.person) }
      }),
      progress: Effect.fn(function* ({ params }) {
        const { pull = null, sweep = null } = yield* get(params.id)
        return { pull, sweep }
      }),
      sweep: Effect.fn(function* ({ params }) {
        return { jobId: yield* poller.requestSweep(yield* get(params.id)) }
      })
    })
  })
)

export const layerTimelineHandlers = Layer.mergeAll(layerTimeline, layerSync)
