/** Cases and clients entered by hand, provenance, and conflicts: requests translated to the core, and answers back. */
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { Conflicts } from "@casewire/core/Conflicts"
import { type Case, type CaseEntry, type CaseId, isLinked } from "@casewire/core/domain/Case"
import { JobId } from "@casewire/core/domain/Job"
import { originsOf } from "@casewire/core/domain/Provenance"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { notFound, problem } from "./Problems.ts"
import { caseView, clientView, workWords } from "./Views.ts"

export const layerEntryHandlers = HttpApiBuilder.group(
  Api,
  "entries",
  Effect.fn(function* (handlers) {
    const cases = yield* CaseStore
    const conflicts = yield* Conflicts
    const connections = yield* ConnectionStore
    const entries = yield* CaseEntries
    const plugins = yield* Plugins
    const queue = yield* Queue
    const storage = yield* Storage

    const pluginOf = (of: Case) =>
      Effect.map(
        Effect.option(connections.get(of.firmId, of.connectionId)),
        (found) => Option.getOrUndefined(found)?.plugin
      )

    const view = Effect.fnUntraced(function* (of: Case) {
      return caseView(of, yield* cases.client(of.firmId, of.clientId), yield* pluginOf(of))
    })

    const caseOf = Effect.fnUntraced(function* (id: CaseId) {
      const { firmId } = yield* CurrentFirm
      const found = yield* cases.get(firmId, id)
      return Option.isSome(found) ? found.value : yield* Effect.fail(problem("not-found"))
    })

    /** The history keeps an id or a name; what it is, the stores know. */
    const causeOf = Effect.fnUntraced(function* (of: Case, id: string) {
      const { firmId } = of
      const [job] = yield* queue.find(firmId, { ids: [JobId.make(id)], limit: 1 })
      if (job !== undefined) {
        const { reason, state, work } = job
        return { kind: "job", id, job: { work: workWords[work._tag], state, reason } } as const
      }
      if (Option.isSome(yield* storage.receipt(firmId, ReceiptId.make(id))))
        return { kind: "receipt", id, job: null } as const
      const isEvent = yield* isKnownEvent(of, id)
      return { kind: isEvent ? "event" : "person", id, job: null } as const
    })

    /** Asking for a key binds it, so whether an event is known is asked of the jobs that it began. */
    const isKnownEvent = ({ connectionId, externalId, firmId }: Case, eventId: string) =>
      Effect.map(queue.find(firmId, { connectionId, key: externalId, work: ["PushStatus", "PushFields"] }), (jobs) =>
        jobs.some(({ work }) => "eventId" in work && work.eventId === eventId)
      )

    const notesOf = Effect.fnUntraced(function* (of: Case) {
      if (!isLinked(of)) return []
      const jobs = yield* queue.find(of.firmId, {
        connectionId: of.connectionId,
        key: of.externalId,
        work: ["AddNote"]
      })
      const plugin = yield* pluginOf(of)
      const manifest = plugin === undefined ? undefined : Option.getOrUndefined(plugins.manifest(plugin))
      return jobs.flatMap(({ id, progress, reason, state, work }) =>
        work._tag === "AddNote"
          ? [
              {
                jobId: id,
                eventId: work.eventId,
                source: work.source,
                state,
                reason,
                externalIds: progress,
                place: manifest?.notes.place ?? null
              }
            ]
          : []
      )
    })

    return handlers.handleAll({
      createCase: Effect.fn(function* ({ payload }) {
        const { firmId, name: by } = yield* CurrentFirm
        const { caseType, client, name, status, ...entry } = payload
        const input = {
          caseType,
          entry: entry satisfies CaseEntry,
          client: "id" in client ? client : { email: "", phone: "", ...client },
          ...(name === undefined ? {} : { name }),
          ...(status === undefined ? {} : { status })
        }
        const made = yield* entries.createCase(firmId, input, by).pipe(Effect.mapError(entryInvalid))
        return yield* view(made)
      }),
      link: Effect.fn(function* ({ params, payload }) {
        const { firmId, name: by } = yield* CurrentFirm
        const linked = yield* entries.link(firmId, params.id, payload, by).pipe(
          Effect.catchTags({
            CaseNotFound: (error) => Effect.fail(notFound(error)),
            ConnectionNotFound: (error) => Effect.fail(notFound(error)),
            AlreadyLinked: ({ caseId }) => Effect.fail(problem("already-linked", { instance: `/cases/${caseId}` }))
          })
        )
        return yield* view(linked)
      }),
      provenance: Effect.fn(function* ({ params }) {
        const of = yield* caseOf(params.id)
        const client = Option.getOrUndefined(yield* cases.client(of.firmId, of.clientId))
        const origins = originsOf(of, client, yield* cases.history(of.firmId, of.id))
        const causes = new Map<string, Effect.Success<ReturnType<typeof causeOf>>>()
        for (const { cause } of origins) if (!causes.has(cause)) causes.set(cause, yield* causeOf(of, cause))
        return {
          values: origins.map(({ cause, kind, ...origin }) => ({ ...origin, setBy: kind, cause: causes.get(cause)! })),
          notes: yield* notesOf(of)
        }
      }),
      createClient: Effect.fn(function* ({ payload }) {
        const { firmId } = yield* CurrentFirm
        const made = entries.createClient(firmId, { email: "", phone: "", ...payload })
        return clientView(yield* Effect.mapError(made, entryInvalid))
      }),
      client: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* cases.client(firmId, params.id)
        return Option.isSome(found) ? clientView(found.value) : yield* Effect.fail(problem("not-found"))
      }),
      settleConflict: Effect.fn(function* ({ params, payload }) {
        const { firmId, name: by } = yield* CurrentFirm
        const answer = yield* conflicts.settle(firmId, params.id, payload.decision, by).pipe(
          Effect.catchTags({
            CaseNotFound: (error) => Effect.fail(notFound(error)),
            ConflictNotFound: (error) => Effect.fail(notFound(error)),
            ConflictSettled: () => Effect.fail(problem("conflict-settled")),
            DecisionInvalid: ({ expected }) =>
              Effect.fail(
                problem("request-invalid", {
                  errors: [{ field: "decision", code: "does-not-fit" }],
                  detail: `This conflict takes ${expected.join(" or ")}.`
                })
              )
          })
        )
        const result = answer === null ? null : resultWords[answer._tag]
        const jobId = answer === null || answer._tag === "Dropped" ? null : answer.jobId
        const reason = answer !== null && "reason" in answer ? answer.reason : null
        return { decision: payload.decision, result, jobId, reason }
      })
    })
  })
)

const resultWords = { Queued: "queued", Held: "held", Dropped: "dropped", Known: "known" } as const

const entryInvalid = ({
  errors
}: {
  readonly errors: ReadonlyArray<{ readonly field: string; readonly code: string }>
}) => problem("request-invalid", { errors })
