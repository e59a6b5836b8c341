/**
 * Runs the laws in a process of their own, so that a plugin that loops, exits or eats memory ends that process and not
 * the command. What the plugin prints goes to standard error; the answer is complete in every case.
 */
import { Effect, Option, Schema } from "effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FolderRefused } from "./PluginFolder.ts"
import type { Verdict } from "./Suite.ts"
import { type Planned, SuiteMessage } from "./SuiteMessage.ts"

export interface SuiteReport extends Planned {
  readonly verdicts: ReadonlyArray<Verdict>
  /** Laws that were to be run and were not, because the run ended before. */
  readonly notRun: ReadonlyArray<string>
  /** Why the run ended before its end. */
  readonly stopped: string | null
  readonly ms: number
}

export interface SuiteProcessOptions {
  readonly folder: string
  /** Only laws whose titles contain this. */
  readonly matching?: string
  /** For one law. */
  readonly lawMs?: number
  /** A process that says nothing for so long is ended. */
  readonly silenceMs?: number
  /** For everything. */
  readonly limitMs?: number
}

const child = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./SuiteChild.ts" : "./SuiteChild.js", import.meta.url)
)
const decode = Schema.decodeUnknownOption(SuiteMessage)

export const runInProcess = ({
  folder,
  lawMs = 12_000,
  limitMs = 120_000,
  matching = "",
  silenceMs = 10_000
}: SuiteProcessOptions): Effect.Effect<SuiteReport, FolderRefused> =>
  Effect.callback((resume) => {
    const begun = performance.now()
    const started = spawn(process.execPath, [child, folder, matching, String(lawMs)], {
      stdio: ["ignore", 2, 2, "ipc"],
      windowsHide: true
    })
    const running = new Set<string>()
    const verdicts: Array<Verdict> = []
    let plan: Planned | undefined
    let refused: string | undefined
    let stopped: string | null = null
    let isDone = false

    const stop = (why: string) => {
      stopped ??= why
      started.kill("SIGKILL")
    }
    let silence = setTimeout(() => {}, 0)
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(() => stop(`the plugin blocked its process for ${silenceMs / 1000} s`), silenceMs)
    }
    heard()
    const limit = setTimeout(() => stop(`the laws did not end within ${limitMs / 1000} s`), limitMs)

    started.on("message", (raw) => {
      heard()
      const message = Option.getOrUndefined(decode(raw))
      // Whatever else comes was sent by the plugin.
      if (message === undefined) return
      if (message._tag === "Planned") plan ??= message.plan
      else if (message._tag === "Began") running.add(message.law)
      else if (message._tag === "Refused") refused = message.message
      else if (message._tag === "Done") isDone = true
      else if (message._tag === "Ended" && running.delete(message.verdict.law)) verdicts.push(message.verdict)
    })
    // A process that does not even start may never be said to have closed.
    started.on("error", ({ message }) => {
      clearTimeout(silence)
      clearTimeout(limit)
      resume(Effect.fail(new FolderRefused({ message: `the laws cannot be run: ${message}` })))
    })
    started.on("close", (code, signal) => {
      clearTimeout(silence)
      clearTimeout(limit)
      if (plan === undefined)
        return resume(
          Effect.fail(
            new FolderRefused({
              message: refused ?? stopped ?? `the plugin ended the process while it was loaded (${code ?? signal})`
            })
          )
        )
      if (!isDone)
        stopped ??= refused ?? `the plugin ended the process (${code === null ? signal : `exit code ${code}`})`
      const cut = [...running].map((law) => cutShort(law, stopped ?? "", running.size))
      const all = [...verdicts, ...cut]
      const notRun = plan.laws.filter((law) => !all.some((verdict) => verdict.law === law))
      resume(Effect.succeed({ ...plan, verdicts: all, notRun, stopped, ms: performance.now() - begun }))
    })
    return Effect.sync(() => {
      clearTimeout(silence)
      clearTimeout(limit)
      started.kill("SIGKILL")
    })
  })

/** A law that was under way when the process ended; side by side with others, nobody knows which of them it was. */
const cutShort = (law: string, why: string, together: number): Verdict => ({
  law,
  why: "",
  status: "hung",
  ms: 0,
  message: together === 1 ? why : `${why}; it was one of ${together} laws that were under way`,
  input: "",
  steps: []
})
