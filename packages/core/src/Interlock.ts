/**
 * No call of a job begins after a switch went off or the sign-in failed, not even the second of two.
 *
 * A job asks the switches when it starts; a slow answer may lie between that and its next request. So each call asks
 * again, and a call that may not begin ends the job with the outcome that it would have had at its start.
 */
import { Effect, Stream } from "effect"
import type { Connection } from "./domain/Connection.ts"
import { intake } from "./domain/Toggles.ts"
import { type Crm, CrmError, CrmRefused } from "./ports/Crm.ts"
import type { Outcome } from "./ports/Queue.ts"

/** Dies through the job and is caught by the Worker. */
export class Stopped {
  readonly outcome: (now: number) => Outcome

  constructor(outcome: (now: number) => Outcome) {
    this.outcome = outcome
  }
}

/** `Crm` behind a question: `refusal` of the connection as it is at that moment. */
export const interlocked = (
  crm: Crm["Service"],
  present: Effect.Effect<Connection>,
  refusal: (connection: Connection) => ((now: number) => Outcome) | undefined
): Crm["Service"] =>
  behind(
    crm,
    Effect.flatMap(present, (connection) => {
      const stop = refusal(connection)
      return stop === undefined ? Effect.void : Effect.die(new Stopped(stop))
    })
  )

/** The same for what a person asks for outside of any job: it is refused while nothing may be received. */
export const whileReceiving = (crm: Crm["Service"], present: Effect.Effect<Connection>): Crm["Service"] =>
  behind(
    crm,
    Effect.flatMap(present, ({ toggles }) => {
      const verdict = intake(toggles)
      return verdict._tag === "Accept"
        ? Effect.void
        : Effect.fail(new CrmError({ reason: new CrmRefused({ message: verdict.reason }) }))
    })
  )

const behind = (crm: Crm["Service"], ask: Effect.Effect<void, CrmError>): Crm["Service"] => {
  const asked =
    <P, A>(call: (payload: P) => Effect.Effect<A, CrmError>) =>
    (payload: P) =>
      Effect.andThen(ask, call(payload))
  return {
    ...crm,
    catalog: asked(crm.catalog),
    read: asked(crm.read),
    notes: asked(crm.notes),
    addNote: asked(crm.addNote),
    updateFields: asked(crm.updateFields),
    setStatus: asked(crm.setStatus),
    // The next page is asked for only after this one was taken.
    changes: (cursor, scope) =>
      Stream.unwrap(
        Effect.as(
          ask,
          Stream.tap(crm.changes(cursor, scope), () => ask)
        )
      )
  }
}
