/** The same laws as in the host's own process, with the thread in between in which the plugin serves. */
import { crmContract } from "@casewire/contract-kit/Crm"
import { connectTo } from "@casewire/plugin-kit/Connect"
import { layerInThread } from "@casewire/plugin-kit/InThread"
import { fileURLToPath } from "node:url"
import sandbox from "../sandbox/index.ts"
import plugin from "../src/index.ts"

const inThread = layerInThread(fileURLToPath(new URL("../src/index.ts", import.meta.url)))

crmContract({
  name: "Law Ruler, in a thread",
  plugin,
  connect: connectTo(plugin, sandbox, { clientTimeoutMs: 1500, lateCommitMs: 400 }, inThread),
  skip: []
})
