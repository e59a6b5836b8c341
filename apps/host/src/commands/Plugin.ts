/** `casewire plugin`: everything about plugins, from a new one to the one that serves. */
import { Command } from "effect/cli"
import { pluginDev } from "./PluginDev.ts"
import { pluginNew } from "./PluginNew.ts"
import { pluginPack, pluginVerify } from "./PluginPack.ts"
import { pluginReload, pluginRollback } from "./PluginReload.ts"
import { pluginList, pluginLogs, pluginShow } from "./PluginShow.ts"
import { pluginTest } from "./PluginTest.ts"

export const plugin = Command.make("plugin").pipe(
  Command.withDescription("Write, test and operate plugins for CRMs"),
  Command.withSubcommands([
    pluginNew,
    pluginTest,
    pluginDev,
    pluginPack,
    pluginVerify,
    pluginList,
    pluginShow,
    pluginReload,
    pluginRollback,
    pluginLogs
  ])
)
