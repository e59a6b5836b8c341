#!/usr/bin/env node
/**
 * The `casewire` command. Exit codes: 0 done, 1 failed, 2 wrong usage, 75 another process owns the store, 78
 * configuration; `casewire plugin` tells more apart (docs/plugins.md).
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Runtime } from "effect"
import { CliError, Command } from "effect/cli"
import { doctor } from "./commands/Doctor.ts"
import { migrate } from "./commands/Migrate.ts"
import { plugin } from "./commands/Plugin.ts"
import { serve } from "./commands/Serve.ts"
import { start } from "./commands/Start.ts"
import { token } from "./commands/Token.ts"
import { exits } from "./commands/PluginAnswer.ts"
import { StartRefused } from "./Settings.ts"

const casewire = Command.make("casewire").pipe(
  Command.withDescription("Connects a law firm's communication platform with its CRM"),
  Command.withSubcommands([serve, start, migrate, token, doctor, plugin])
)

/** One sentence and an exit code for what can be expected; anything else is a defect and shows itself whole. */
const explain = (error: unknown): StartRefused => {
  const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof StartRefused) return error
  if (tag === "StoreOwned") return new StartRefused({ message, exit: 75 })
  if (tag === "StoreUnfit" || tag === "StoreLocked") return new StartRefused({ message, exit: 78 })
  return new StartRefused({ message, exit: 1 })
}

const ending = (message: string, exit: number) =>
  Effect.fail(Object.assign(new Error(message), { [Runtime.errorExitCode]: exit }))

casewire.pipe(
  Command.run({ version: "0.1.0" }),
  Effect.provide(NodeServices.layer),
  Effect.catch((error) => {
    // Help and what is wrong with the words of the command are printed by now.
    if (error instanceof CliError.ShowHelp)
      return error.errors.length === 0 ? Effect.void : ending("wrong usage", exits.usage)
    const refused = explain(error)
    return Effect.andThen(Console.error(`casewire: ${refused.message}`), ending(refused.message, refused.exit))
  }),
  (program) =>
    NodeRuntime.runMain(program, {
      disableErrorReporting: true,
      // A host that was asked to stop, and stopped, has done what it was asked.
      teardown: (exit, end) =>
        Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? end(0) : Runtime.defaultTeardown(exit, end)
    })
)

// The first signal stops gracefully; whoever sends a second one does not want to wait. Every promise holds all the same.
// A signal to a whole group of processes may come twice at once, directly and passed on: that is still the first.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    const first = performance.now()
    process.on(signal, () => {
      if (performance.now() - first > 1000) process.exit(signal === "SIGINT" ? 130 : 143)
    })
  })
