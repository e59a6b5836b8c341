/**
 * What the package of a plugin says of its sandbox: how to start one. The kit starts a fresh one for each law, many side
 * by side, so nothing of a sandbox may live outside of what `start` makes. Stopping is closing the scope.
 */
import type { Effect, Scope } from "effect"
import type { CrmSandbox } from "./CrmSandbox.ts"

export interface SandboxTimes {
  /** When the plugin's door gives a call up: `slow` must last longer. */
  readonly clientTimeoutMs: number
  /** How long after the lost answer `late-commit` does its work. */
  readonly lateCommitMs: number
}

export interface RunningSandbox {
  /** Origin of its HTTP server, such as `http://127.0.0.1:5123`: what `{sandbox}` stands for in the manifest. */
  readonly url: string
  /** A good value of every required credential of the manifest. */
  readonly credentials: Readonly<Record<string, string>>
  /** Requests are counted and waited for by the kit itself. */
  readonly control: Omit<CrmSandbox, "requestLines" | "settle">
  /** From now on, what staff changes in the sandbox is posted there, as the CRM would post it. */
  readonly postWebhooksTo: (url: string) => Effect.Effect<void>
}

export interface SandboxPackage {
  /** On a port of its choice, or on the one given. */
  readonly start: (times: SandboxTimes, port?: number) => Effect.Effect<RunningSandbox, never, Scope.Scope>
}

export const defineSandbox = (sandbox: SandboxPackage): SandboxPackage => sandbox
