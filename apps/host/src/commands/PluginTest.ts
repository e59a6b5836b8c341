/**
 * `casewire plugin test`: the laws that every plugin must keep, against the plugin's own sandbox. Ends with 0 where all
 * of them hold, with 1 where one does not, with 66 where the package cannot be used.
 */
import { lend } from "@casewire/plugin-kit/Lend"
import { readFolder } from "@casewire/plugin-kit/PluginFolder"
import { asJson, asText, isSound } from "@casewire/plugin-kit/Report"
import { runInProcess } from "@casewire/plugin-kit/SuiteProcess"
import { Console, Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { StartRefused } from "../Settings.ts"

export const pluginTest = Command.make(
  "test",
  {
    folder: Argument.String("folder").pipe(Argument.withDescription("The plugin's folder")),
    matching: Flag.String("law").pipe(
      Flag.withDescription("Only laws whose titles contain this"),
      Flag.withDefault("")
    ),
    output: Flag.Literals("output", ["text", "json"]).pipe(
      Flag.withDescription("How the result is printed"),
      Flag.withDefault("text" as const)
    )
  },
  Effect.fn(
    function* ({ folder, matching, output }) {
      yield* readFolder(folder)
      const lent = lend(folder)
      if (lent.length > 0)
        yield* Console.error(`casewire: lent ${lent.join(", ")} to ${folder}, where they are not installed`)
      const report = yield* runInProcess({ folder, matching })
      yield* Console.log(output === "json" ? asJson(report) : asText(report))
      if (!isSound(report))
        return yield* new StartRefused({ message: `${report.plugin.id} does not keep every law`, exit: 1 })
    },
    Effect.catchTag("FolderRefused", ({ message }) => Effect.fail(new StartRefused({ message, exit: 66 })))
  )
).pipe(
  Command.withDescription("Run the laws that every plugin must keep against a plugin and its sandbox, offline"),
  Command.withExamples([
    { command: "casewire plugin test acme-crm", description: "Every law" },
    { command: 'casewire plugin test acme-crm --law "a note"', description: "Only laws about notes" }
  ])
)
