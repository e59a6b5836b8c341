/**
 * `npm run demo`: the whole story over real HTTP, against a real sandbox and a real host on free ports with a
 * throw-away store. One JSON line a step; the last line is {"demo":"passed"}. A step that fails prints what was
 * expected and what came, and the exit code is 1.
 */
import {
  casewire,
  freePort,
  type HostOptions,
  type Running,
  startHost,
  startSandbox,
  stop,
  throwAway
} from "../harness/Processes.ts"
import { startTools } from "../harness/Tools.ts"
import { makeWorld, Unexpected } from "../harness/World.ts"
import { connecting } from "./Connecting.ts"
import { fields } from "./Fields.ts"
import { documents } from "./Documents.ts"
import { ending } from "./Ending.ts"
import { imports } from "./Imports.ts"
import { kill } from "./Kill.ts"
import { lists } from "./Lists.ts"
import { outbound } from "./Outbound.ts"
import { platform } from "./Platform.ts"
import { statuses } from "./Statuses.ts"
import type { Step, Story } from "./Story.ts"
import { webhooks } from "./Webhooks.ts"

const steps: ReadonlyArray<Step> = [
  ...connecting,
  ...webhooks,
  ...outbound,
  ...statuses,
  ...lists,
  ...fields,
  ...documents,
  ...platform,
  ...imports,
  ...kill,
  ...ending
]

const run = async (): Promise<boolean> => {
  const { data, remove } = throwAway()
  let sandbox: Running | undefined
  let host: Running | undefined
  const tools = await startTools(await freePort())
  try {
    sandbox = await startSandbox(await freePort())
    const options: HostOptions = {
      port: await freePort(),
      data,
      sandboxUrl: sandbox.url,
      clientTimeoutMs: 1000,
      lateCommitMs: 2000,
      toolsUrl: tools.url
    }
    const token = await casewire(["token", "--name", "demo"], options)
    host = await startHost(options)
    const story: Story = {
      world: makeWorld(host.url, sandbox.url, token),
      options,
      tools,
      connectionId: "",
      webhookId: "",
      caseId: "",
      killHost: async () => {
        host!.process.kill("SIGKILL")
        await host!.exited
      },
      startHost: async () => {
        host = await startHost(options)
      }
    }
    for (const { name, run } of steps) {
      const began = performance.now()
      try {
        await run(story)
        console.log(JSON.stringify({ step: name, ok: true, ms: Math.round(performance.now() - began) }))
      } catch (error) {
        const seen = error instanceof Unexpected ? { expected: error.expected, got: error.got } : {}
        const message = error instanceof Error ? error.message : String(error)
        const ms = Math.round(performance.now() - began)
        console.log(JSON.stringify({ step: name, ok: false, ms, failed: message, ...seen }))
        if (process.env["CASEWIRE_DEMO_LOG"] !== undefined) {
          console.error(host?.output())
          console.error(JSON.stringify((await story.world.state()).calls.slice(-15), null, 1))
        }
        return false
      }
    }
    return true
  } finally {
    await stop(host)
    await stop(sandbox)
    tools.close()
    remove()
  }
}

const passed = await run().catch((error: unknown) => {
  console.log(JSON.stringify({ step: "boot", ok: false, failed: String(error) }))
  return false
})
console.log(JSON.stringify({ demo: passed ? "passed" : "failed" }))
process.exitCode = passed ? 0 : 1
