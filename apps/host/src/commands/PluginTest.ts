/**
 * `casewire plugin test`: the laws that every plugin must keep, against the plugin's own sandbox. Ends with 0 where all
 * of them hold, with 1 where one does not, with 5 where the folder is no plugin's.
 */
import { lend } from "@casewire/plugin-kit/Lend"
import { readFolder } from "@casewire/plugin-kit/PluginFolder"
import { asJson, asText, isSound } from "@casewire/plugin-kit/Report"
import { runInProcess } from "@casewire/plugin-kit/SuiteProcess"
import { Console, Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { StartRefused } from "../Settings.ts"
import { exits, json } from "./PluginAnswer.ts"

export const pluginTest = Command.make(
  "test",
  {
    folder: Argument.String("folder").pipe(Argument.withDescription("The plugin's folder")),
    matching: Flag.String("law").pipe(
      Flag.withDescription("Only laws whose titles contain this"),
      Flag.withDefault("")
    ),
    json
  },
  Effect.fn(
    function* ({ folder, json: asJsonText, matching }) {
      yield* readFolder(folder)
      const lent = yield* lend(folder)
      if (lent.length > 0)
        yield* Console.error(`casewire: lent ${lent.join(", ")} to ${folder}, where they are not installed`)
      const report = yield* runInProcess({ folder, matching })
      yield* Console.log(asJsonText ? asJson(report) : asText(report))
      if (!isSound(report))
        return yield* new StartRefused({ message: `${report.plugin.id} does not keep every law`, exit: exits.failed })
    },
    (effect, { json: asJsonText }) =>
      Effect.catchTag(effect, "FolderRefused", ({ message }) =>
        Effect.andThen(
          asJsonText
            ? Console.log(JSON.stringify({ ok: false, error: { code: "folder-unusable", message } }, undefined, 2))
            : Effect.void,
          Effect.fail(new StartRefused({ message, exit: exits.missing }))
        )
      )
  )
).pipe(
  Command.withDescription("Run the laws that every plugin must keep against a plugin and its sandbox, offline"),
  Command.withExamples([
    { command: "casewire plugin test acme-crm", description: "Every law" },
    { command: 'casewire plugin test acme-crm --law "a note"', description: "Only laws about notes" }
  ])
)
