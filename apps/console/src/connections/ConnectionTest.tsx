/** The named checks of a connection, each shown as its answer comes. The first one that fails says what to do about it. */
import { useCallback, useState } from "react"
import { Schema } from "effect"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { CrmCheck } from "@casewire/core/ports/Crm"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import { Failure, failureOf, fetchLines } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { Notice, StateWord } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"

const isCheck = Schema.is(CrmCheck)
const isRefusal = Schema.is(Schema.Struct({ problem: Schema.Unknown }))
/** Nobody looks at a spinner for longer. */
const patienceMs = 90_000

export interface TestState {
  readonly phase: "idle" | "running" | "passed" | "failed"
  readonly checks: ReadonlyArray<CrmCheck>
  readonly failure: Failure | undefined
}

/** Runs the checks; answers the one that failed, if one did. */
export const useConnectionTest = () => {
  const [state, setState] = useState<TestState>({ phase: "idle", checks: [], failure: undefined })
  const run = useCallback(async (id: ConnectionId): Promise<CrmCheck | undefined> => {
    let checks: ReadonlyArray<CrmCheck> = []
    let failure: Failure | undefined
    const show = (phase: TestState["phase"]) => setState({ phase, checks, failure })
    show("running")
    try {
      await fetchLines(
        `/api/v1/connections/${encodeURIComponent(id)}/verify`,
        {
          method: "POST",
          headers: { accept: "application/x-ndjson" },
          signal: AbortSignal.timeout(patienceMs)
        },
        (line) => {
          if (isCheck(line)) checks = [...checks, line]
          else if (isRefusal(line)) failure = failureOf(line.problem)
          show("running")
        }
      )
    } catch (error) {
      failure = failureOf(error)
    }
    const failed = checks.find(({ ok, required }) => required && !ok)
    show(failure === undefined && failed === undefined && checks.length > 0 ? "passed" : "failed")
    await queryClient.invalidateQueries()
    return failed
  }, [])
  return { ...state, run }
}

export const ConnectionTest = ({ crm, state }: { readonly state: TestState; readonly crm: string }) => {
  const { checks, failure, phase } = state
  if (phase === "idle") return null
  return (
    <section aria-label={copy.checks} className="card space-y-3 p-5">
      <h2 className="font-semibold">{copy.checks}</h2>
      <ol className="space-y-2">
        {checks.map(({ detail, label, name, ok, required }) => (
          <li key={name} className="grid gap-x-4 sm:grid-cols-[7rem_1fr]">
            <StateWord tone={ok ? "ok" : required ? "error" : "warn"}>
              {copy.checkStates[ok ? "passed" : required ? "failed" : "warning"]}
            </StateWord>
            <div className="min-w-0 text-sm">
              <p className="foreign font-medium">{label}</p>
              <p className="foreign text-muted">{detail}</p>
            </div>
          </li>
        ))}
        {phase === "running" ? (
          <li>
            <StateWord tone="off">{copy.checksRunning}</StateWord>
          </li>
        ) : null}
      </ol>
      {phase === "passed" ? <Notice tone="ok">{copy.checksPassed(crm)}</Notice> : null}
      {phase === "failed" ? (
        failure === undefined ? (
          <Notice tone="error" isAlert>
            {copy.checksFailed}
          </Notice>
        ) : (
          <Notice tone="error" isAlert title={copy.checksBroken}>
            <FailureText error={failure} />
          </Notice>
        )
      ) : null}
    </section>
  )
}
