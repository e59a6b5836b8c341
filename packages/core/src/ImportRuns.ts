/**
 * Starts, pauses, resumes and cancels imports. The state and the job that goes on with a run change in one transaction,
 * so a running import always has its job, also after a crash, and never two.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { type FirmId, newId } from "./domain/Ids.ts"
import { afterVerb, type RunVerb } from "./domain/ImportRun.ts"
import { JobId, type NewJob, Priority } from "./domain/Job.ts"
import { type Run, RunId } from "./domain/Run.ts"
import { Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"

export class RunNotFound extends Schema.TaggedError<RunNotFound>()("RunNotFound", { runId: RunId }) {}
/** Nothing happened: the run is in another state, its count is too old, or it is no import. */
export class RunRefused extends Schema.TaggedError<RunRefused>()("RunRefused", {
  state: Schema.String,
  reason: Schema.Literals(["wrong-state", "expired", "no-import"])
}) {}

export class ImportRuns extends Context.Service<
  ImportRuns,
  {
    /** `first`: stop for a look after so many records. */
    readonly ask: (
      firmId: FirmId,
      id: RunId,
      verb: RunVerb,
      first?: number
    ) => Effect.Effect<Run, RunNotFound | RunRefused>
  }
>()("@casewire/core/ImportRuns") {
  static readonly layer = Layer.effect(
    ImportRuns,
    Effect.gen(function* () {
      const queue = yield* Queue
      const runs = yield* RunStore
      const storage = yield* Storage

      /** A run that was paused and goes on at once may still have its job. */
      const hasJob = Effect.fnUntraced(function* ({ connectionId, firmId, id }: Run) {
        const work = ["ImportHistory", "ImportCases"] as const
        const states = ["queued", "retry", "sending", "held"] as const
        const waiting = yield* queue.find(firmId, { connectionId, work, states })
        return waiting.some((job) => "runId" in job.work && job.work.runId === id)
      })

      const ask = Effect.fn("ImportRuns.ask")(function* (firmId: FirmId, id: RunId, verb: RunVerb, first?: number) {
        const now = yield* Clock.currentTimeMillis
        return yield* storage.atomically(
          Effect.gen(function* () {
            const run = Option.getOrUndefined(yield* runs.get(firmId, id))
            if (run === undefined) return yield* new RunNotFound({ runId: id })
            const verdict = afterVerb(run, verb, now, first)
            if (verdict._tag === "Refused") return yield* new RunRefused({ state: run.state, reason: verdict.reason })
            yield* runs.save(verdict.run)
            // What a person uploaded and does not want any more; outcomes of rows that were imported stay.
            if (verb === "cancel") yield* runs.clearRows(firmId, id, ["waiting"])
            if (verdict.works && !(yield* hasJob(run))) yield* queue.enqueue([importJob(run, yield* newId)])
            return verdict.run
          })
        )
      })

      return ImportRuns.of({ ask })
    })
  )
}

/** Goes on with a run: one step a job, so that whatever is more urgent comes between. */
export const importJob = ({ connectionId, firmId, id: runId, kind }: Run, id: string): NewJob => ({
  id: JobId.make(id),
  firmId,
  connectionId,
  key: kind,
  lane: "state",
  priority: Priority.history,
  work: kind === "history-import" ? { _tag: "ImportHistory", runId } : { _tag: "ImportCases", runId }
})
