/** A plugin's sandbox in a process of its own, so that it can be started anew when its files change. */
import { Effect, Option, Schema, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { FolderRefused } from "./PluginFolder.ts"

export const SandboxMessage = Schema.TaggedUnion({
  Up: { url: Schema.String, credentials: Schema.Record(Schema.String, Schema.String) },
  Refused: { message: Schema.String }
})
export type SandboxMessage = typeof SandboxMessage.Type

export interface StartedSandbox {
  readonly url: string
  /** Good values of every credential. */
  readonly credentials: Readonly<Record<string, string>>
  /** From now on, what staff changes in it is posted there. */
  readonly postWebhooksTo: (url: string) => Effect.Effect<void>
}

const child = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./SandboxChild.ts" : "./SandboxChild.js", import.meta.url)
)
const decode = Schema.decodeUnknownOption(SandboxMessage)

/** Ends with the scope; on the port given, or on one of its choice. */
export const startSandbox = (folder: string, port = 0): Effect.Effect<StartedSandbox, FolderRefused, Scope.Scope> =>
  Effect.flatMap(
    Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [child, folder, String(port)], { stdio: ["ignore", 2, 2, "ipc"], windowsHide: true })
      ),
      ended
    ),
    up
  )

const up = (started: ChildProcess): Effect.Effect<StartedSandbox, FolderRefused> =>
  Effect.callback((resume) => {
    const refuse = (message: string) => resume(Effect.fail(new FolderRefused({ message })))
    started.on("message", (raw) => {
      const message = Option.getOrUndefined(decode(raw))
      if (message?._tag === "Refused") refuse(`the sandbox does not start: ${message.message}`)
      if (message?._tag === "Up")
        resume(
          Effect.succeed({
            url: message.url,
            credentials: message.credentials,
            postWebhooksTo: (url) => Effect.sync(() => void (started.connected && started.send(url)))
          })
        )
    })
    started.on("error", (cause) => refuse(`the sandbox does not start: ${cause.message}`))
    started.on("exit", (code, signal) => refuse(`the sandbox ended while it started (${code ?? signal})`))
  })

/** Its channel closes, and it goes; one that does not is ended. */
const ended = (started: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (started.exitCode !== null || started.signalCode !== null) return resume(Effect.void)
    const late = setTimeout(() => started.kill("SIGKILL"), 2000)
    started.once("exit", () => {
      clearTimeout(late)
      resume(Effect.void)
    })
    if (started.connected) started.disconnect()
    else started.kill("SIGKILL")
  })
