/** Events, cases, receipts, jobs and health: requests translated to the core's doors and stores, and answers back. */
import { Effect, Layer, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import type { EventInput } from "@casewire/api/Events"
import { caseSearch } from "@casewire/core/CaseSearch"
import type { Case, CaseEvent, CaseId } from "@casewire/core/domain/Case"
import type { PlatformEvent } from "@casewire/core/domain/PlatformEvent"
import { Inbox } from "@casewire/core/Inbox"
import { Outbox } from "@casewire/core/Outbox"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Queue, type QueueStats } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { Timeline } from "@casewire/core/ports/Timeline"
import { notFound, problem } from "./Problems.ts"
import { caseView, dispositionTag, dispositionView, jobView, receiptView, workTag } from "./Views.ts"

const layerEvents = HttpApiBuilder.group(
  Api,
  "events",
  Effect.fn(function* (handlers) {
    const outbox = yield* Outbox
    return handlers.handleAll({
      accept: Effect.fn(function* ({ headers, payload }) {
        const { firmId } = yield* CurrentFirm
        const key = headers["idempotency-key"]
        const eventId = payload.eventId ?? key
        if (eventId === undefined)
          return yield* Effect.fail(problem("request-invalid", { errors: [{ field: "eventId", code: "missing" }] }))
        if (key !== undefined && key !== eventId)
          return yield* Effect.fail(
            problem("idempotency-key-mismatch", { errors: [{ field: "eventId", code: "differs" }] })
          )
        const answer = yield* outbox.accept(firmId, platformEvent(payload, eventId)).pipe(Effect.mapError(notFound))
        switch (answer._tag) {
          case "Queued":
            return { result: "queued", jobId: answer.jobId, reason: null } as const
          case "Held":
            return { result: "held", jobId: answer.jobId, reason: answer.reason } as const
          case "Dropped":
            return { result: "dropped", jobId: null, reason: answer.reason } as const
          case "Known":
            return { result: "known", jobId: answer.jobId, reason: null } as const
        }
      })
    })
  })
)

const platformEvent = (input: EventInput, eventId: string): PlatformEvent => {
  switch (input.type) {
    case "message_sent": {
      const { type: _type, ...event } = input
      return { _tag: "MessageSent", ...event, eventId }
    }
    case "call_ended":
    case "call_analyzed": {
      const { type, ...event } = input
      return { _tag: "CallEnded", ...event, ...(type === "call_analyzed" ? { analyzed: true } : {}), eventId }
    }
    case "status_changed": {
      const { type: _type, ...event } = input
      return { _tag: "StatusChanged", ...event, eventId }
    }
    case "document_added": {
      const { type: _type, ...event } = input
      return { _tag: "DocumentAdded", ...event, eventId }
    }
    case "fields_changed": {
      const { type: _type, ...event } = input
      const fields = Object.entries(event.fields).map(([name, value]) => [name, value === null ? [] : [value].flat()])
      return { _tag: "FieldsChanged", ...event, fields: Object.fromEntries(fields), eventId }
    }
  }
}

const eventView = ({ firmId: _firm, ...shown }: CaseEvent) => shown

const layerCases = HttpApiBuilder.group(
  Api,
  "cases",
  Effect.fn(function* (handlers) {
    const cases = yield* CaseStore
    const connections = yield* ConnectionStore
    const searchCases = yield* caseSearch
    const view = Effect.fnUntraced(function* (of: Case) {
      const connection = yield* Effect.option(connections.get(of.firmId, of.connectionId))
      const plugin = Option.getOrUndefined(connection)?.plugin
      return caseView(of, yield* cases.client(of.firmId, of.clientId), plugin)
    })
    const get = Effect.fnUntraced(function* (id: CaseId) {
      const { firmId } = yield* CurrentFirm
      const found = yield* cases.get(firmId, id)
      return Option.isSome(found) ? found.value : yield* Effect.fail(problem("not-found"))
    })
    return handlers.handleAll({
      list: Effect.fn(function* ({ query }) {
        const { firmId } = yield* CurrentFirm
        const { before, connectionId, dirty, externalId, text } = query
        if (text !== undefined) {
          const found = yield* searchCases(firmId, text, query.limit ?? 20)
          return { cases: yield* Effect.forEach(found, view) }
        }
        if (connectionId !== undefined && externalId !== undefined) {
          const found = yield* cases.findExternal(firmId, connectionId, externalId)
          return { cases: Option.isSome(found) ? [yield* view(found.value)] : [] }
        }
        const found = yield* cases.list(firmId, {
          limit: query.limit ?? 50,
          ...(connectionId === undefined ? {} : { connectionId }),
          ...(dirty === undefined ? {} : { dirty: dirty === "true" }),
          ...(before === undefined ? {} : { before })
        })
        return { cases: yield* Effect.forEach(found, view) }
      }),
      get: ({ params }) => Effect.flatMap(get(params.id), view),
      history: Effect.fn(function* ({ params }) {
        const { firmId, id } = yield* get(params.id)
        return { events: (yield* cases.history(firmId, id)).map(eventView) }
      }),
      conflicts: Effect.fn(function* ({ query }) {
        const { firmId } = yield* CurrentFirm
        return { events: (yield* cases.conflicts(firmId, { limit: query.limit ?? 50 })).map(eventView) }
      })
    })
  })
)

const layerReceipts = HttpApiBuilder.group(
  Api,
  "receipts",
  Effect.fn(function* (handlers) {
    const documents = yield* DocumentStore
    const inbox = yield* Inbox
    const timeline = yield* Timeline
    const storage = yield* Storage
    return handlers.handleAll({
      list: Effect.fn(function* ({ query }) {
        const { firmId } = yield* CurrentFirm
        const { before, connectionId, disposition, externalCaseId } = query
        const found = yield* storage.receipts(firmId, {
          limit: query.limit ?? 50,
          ...(connectionId === undefined ? {} : { connectionId }),
          ...(disposition === undefined ? {} : { disposition: dispositionTag(disposition) }),
          ...(externalCaseId === undefined ? {} : { externalCaseId }),
          ...(before === undefined ? {} : { before })
        })
        return { receipts: found.map(receiptView) }
      }),
      get: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* storage.receipt(firmId, params.id)
        if (Option.isNone(found)) return yield* Effect.fail(problem("not-found"))
        const { body, query } = found.value
        // Once the record was applied its files are the case's; the timeline knows which came with this receipt.
        const attached = (yield* timeline.ofCause(firmId, params.id)).flatMap(({ content }) =>
          content._tag === "Document" && content.documentId !== null ? [content.documentId] : []
        )
        const files = [
          ...(yield* documents.ofOwner(firmId, params.id)),
          ...(yield* Effect.forEach(attached, (id) => documents.get(firmId, id))).flatMap(Option.toArray)
        ]
        return {
          ...receiptView(found.value),
          body,
          query,
          documents: files.map(({ firmId: _firm, owner: _owner, ...shown }) => shown)
        }
      }),
      replay: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const answer = yield* inbox.replay(firmId, params.id).pipe(Effect.mapError(notFound))
        const { errors, receiptId, warnings } = answer
        return { receiptId, ...dispositionView(answer.disposition), errors, warnings }
      })
    })
  })
)

const layerJobs = HttpApiBuilder.group(
  Api,
  "jobs",
  Effect.fn(function* (handlers) {
    const queue = yield* Queue
    return handlers.handleAll({
      list: Effect.fn(function* ({ query }) {
        const { firmId } = yield* CurrentFirm
        const { before, connectionId, key, lane, order, states, work } = query
        const filter = {
          limit: query.limit ?? 100,
          ...(before === undefined ? {} : { before }),
          ...(connectionId === undefined ? {} : { connectionId }),
          ...(key === undefined ? {} : { key }),
          ...(lane === undefined ? {} : { lane }),
          ...(states === undefined ? {} : { states }),
          ...(work === undefined ? {} : { work: work.map(workTag) })
        }
        const found = yield* queue.find(firmId, filter, order)
        return { jobs: found.map(jobView) }
      }),
      get: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const [job] = yield* queue.find(firmId, { ids: [params.id], limit: 1 })
        if (job === undefined) return yield* Effect.fail(problem("not-found"))
        return {
          ...jobView(job),
          texts: job.work._tag === "AddNote" ? job.work.parts.map(({ text }) => text) : []
        }
      }),
      resolve: Effect.fn(function* ({ payload }) {
        const { firmId, name } = yield* CurrentFirm
        const reason = `${payload.reason} (${name})`
        return { changed: yield* queue.resolve(firmId, { ids: payload.ids }, payload.verb, reason) }
      })
    })
  })
)

const idle: Omit<QueueStats, "connectionId"> = {
  byState: { queued: 0, held: 0, sending: 0, done: 0, retry: 0, uncertain: 0, dead: 0, skipped: 0 },
  oldestDue: null,
  blockedLanes: 0,
  running: 0
}

const layerHealth = HttpApiBuilder.group(
  Api,
  "health",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    const queue = yield* Queue
    return handlers.handleAll({
      get: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        const stats = new Map((yield* queue.stats(firmId)).map((stat) => [stat.connectionId, stat]))
        const all = yield* connections.list(firmId)
        return {
          connections: all.map(({ health, id, name, state }) => {
            const { blockedLanes, byState, oldestDue, running } = stats.get(id) ?? idle
            return { connectionId: id, name, state, health, queue: { byState, running, oldestDue, blockedLanes } }
          })
        }
      })
    })
  })
)

export const layerCaseHandlers = Layer.mergeAll(layerEvents, layerCases, layerReceipts, layerJobs, layerHealth)
