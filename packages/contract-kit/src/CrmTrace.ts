/**
 * What a law did, step by step: which faults it set, what staff did, which operation was called with what, and how it
 * ended. A failure shows the last steps, so that it can be understood without reading the law.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { Cause, Effect, Exit, Stream } from "effect"
import type { CrmSandbox } from "./CrmSandbox.ts"

export type Steps = Array<string>

export const traced =
  <P, A>(steps: Steps, name: string, call: (payload: P) => Effect.Effect<A, CrmError>) =>
  (payload: P): Effect.Effect<A, CrmError> =>
    Effect.suspend(() => {
      const index = steps.push(`${name} ${shown(payload)}`) - 1
      return Effect.onExit(call(payload), (exit) =>
        Effect.sync(() => {
          steps[index] += ` -> ${Exit.isSuccess(exit) ? shown(exit.value) : failureOf(exit.cause)}`
        })
      )
    })

export const tracedStream = <A>(
  steps: Steps,
  name: string,
  stream: Stream.Stream<A, CrmError>
): Stream.Stream<A, CrmError> =>
  Stream.suspend(() => {
    const index = steps.push(name) - 1
    return Stream.onExit(stream, (exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit)) steps[index] += ` -> ${failureOf(exit.cause)}`
      })
    )
  })

/** The sandbox with every action that a law takes in it written down. */
export const tracedSandbox = (steps: Steps, sandbox: CrmSandbox): CrmSandbox => {
  const noted =
    <Args extends ReadonlyArray<unknown>, A>(name: string, act: (...args: Args) => Effect.Effect<A>) =>
    (...args: Args) =>
      Effect.suspend(() => {
        steps.push(`sandbox: ${[name, ...args.map(shown)].join(" ")}`)
        return act(...args)
      })
  const { documents } = sandbox
  return {
    ...sandbox,
    changeStatus: noted("changeStatus", sandbox.changeStatus),
    writeNote: noted("writeNote", sandbox.writeNote),
    setFault: noted("setFault", sandbox.setFault),
    sendWebhook: noted("sendWebhook", sandbox.sendWebhook),
    pressTest: Effect.suspend(() => noted("pressTest", () => sandbox.pressTest)()),
    ...(documents === undefined ? {} : { documents: { ...documents, add: noted("add document", documents.add) } })
  }
}

const failureOf = (cause: Cause.Cause<CrmError>): string => {
  const failed = Cause.squash(cause)
  return failed instanceof Error && "reason" in failed
    ? `${String((failed.reason as { readonly _tag?: unknown })._tag)}: ${failed.message}`
    : `defect: ${failed instanceof Error ? failed.message : shown(failed)}`
}

const longest = 300

/** As JSON, cut where it is long, with what no screen shows as its code. */
export const shown = (value: unknown): string => {
  const text = jsonOf(value).replace(/[\p{C}\u2028\u2029]/gu, (hidden) =>
    [...Array(hidden.length).keys()]
      .map((unit) => `\\u${hidden.charCodeAt(unit).toString(16).padStart(4, "0")}`)
      .join("")
  )
  return text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
}

const jsonOf = (value: unknown): string => {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? `${each.length} bytes` : each)) ?? ""
    )
  } catch {
    return String(value)
  }
}
