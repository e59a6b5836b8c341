/**
 * `casewire plugin new`: three questions, and a package that passes the laws. Every question has a flag; without a
 * terminal nothing is asked, and what is missing is named.
 */
import { type NewPlugin, problemOf, writePlugin } from "@casewire/plugin-kit/Scaffold"
import { lend } from "@casewire/plugin-kit/Lend"
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag, Prompt } from "effect/cli"
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { StartRefused } from "../Settings.ts"
import { exits } from "./PluginAnswer.ts"

export const pluginNew = Command.make(
  "new",
  {
    id: Argument.String("name").pipe(Argument.withDescription("The plugin's id and folder, such as acme-crm")),
    name: Flag.String("crm").pipe(Flag.withDescription("What people call the CRM: Acme CRM"), Flag.optional),
    address: Flag.String("address").pipe(
      Flag.withDescription("Where its API is: https://{account}.acme.com/api/v1/"),
      Flag.optional
    ),
    calls: Flag.Int("calls").pipe(
      Flag.withDescription("How many calls a minute it allows one firm: 60"),
      Flag.optional
    ),
    parent: Flag.String("in").pipe(
      Flag.withDescription("The folder in which the package's folder is made"),
      Flag.withDefault(".")
    )
  },
  Effect.fn(function* ({ address, calls, id, name, parent }) {
    const wrong = problemOf.id(id)
    if (wrong !== undefined) return yield* usage(wrong)
    const given = { name: Option.getOrUndefined(name), address: withSlash(Option.getOrUndefined(address)) }
    const asked = { ...given, calls: Option.getOrUndefined(calls) }
    const missing = Object.entries({ "--crm": asked.name, "--address": asked.address, "--calls": asked.calls })
      .filter(([, value]) => value === undefined)
      .map(([flag]) => flag)
    if (missing.length > 0 && !process.stdin.isTTY)
      return yield* usage(`there is no terminal to ask at; give ${missing.join(" and ")}`)
    const plugin: NewPlugin = {
      id,
      name: asked.name ?? (yield* ask("What do people call the CRM?", "Acme CRM", problemOf.name)),
      address:
        asked.address ??
        withSlash(
          yield* ask(
            "Where is its API? {account} stands for what each firm enters",
            `https://{account}.${id}.com/api/`,
            (text) => problemOf.address(withSlash(text))
          )
        ),
      calls:
        asked.calls ??
        Number(
          yield* ask("How many calls a minute does it allow one firm?", "60", (text) => problemOf.calls(Number(text)))
        )
    }
    const folder = yield* writePlugin(parent, plugin, hostVersion()).pipe(
      Effect.tap(lend),
      Effect.mapError(({ message }) => new StartRefused({ message, exit: exits.refused }))
    )
    const shown = relative(process.cwd(), folder)
    yield* Console.log(
      `Made ${shown}. Its README says where things are.\n\n  casewire plugin test ${shown}\n  casewire plugin dev ${shown}`
    )
  })
).pipe(
  Command.withDescription("Write a plugin for another CRM, with its own sandbox, that passes the laws as it is"),
  Command.withExamples([
    {
      command:
        'casewire plugin new acme-crm --crm "Acme CRM" --address "https://{account}.acme.com/api/v1/" --calls 60',
      description: "Without questions"
    }
  ])
)

const usage = (message: string) => new StartRefused({ message, exit: exits.usage })

const withSlash = <T extends string | undefined>(address: T) =>
  (address === undefined || address.endsWith("/") ? address : `${address}/`) as T

const ask = (message: string, fallback: string, problem: (text: string) => string | undefined) =>
  Prompt.run(
    Prompt.String({
      message,
      default: fallback,
      validate: (text) => {
        const wrong = problem(text)
        return wrong === undefined ? Effect.succeed(text) : Effect.fail(wrong)
      }
    })
  ).pipe(
    Effect.catchTag("QuitError", () => Effect.fail(new StartRefused({ message: "nothing was written", exit: 130 })))
  )

/** Of the package that holds this command, whether it runs from its sources or was built. */
const hostVersion = (): string => {
  const folder = import.meta.dirname
  const file = join(folder, folder.includes(`${join("dist", "src")}`) ? "../../.." : "../..", "package.json")
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version
}
