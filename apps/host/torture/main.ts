/**
 * `npm run torture -- --kills 40`: webhooks at 200 a second and outbound notes against the real host, whose own process
 * is killed with SIGKILL at random moments and started again. At the end every acknowledged webhook must have been
 * applied, every note must be in the CRM exactly once, and the store must be sound.
 *
 * Two kinds of moment are aimed at and counted: kills while a request to the CRM is under way (a job in `sending`, read
 * from a copy of the dead process's store), and kills while webhooks are between arrival and answer (around a commit).
 */
import { parseArgs } from "node:util"
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
import { makeWorld } from "../harness/World.ts"
import { credentials, switches } from "../demo/Connecting.ts"
import { Load } from "./Load.ts"
import { integrity, jobsInSending } from "./Store.ts"
import { verdict } from "./Verdict.ts"

const { values } = parseArgs({
  options: { kills: { type: "string", default: "40" }, seed: { type: "string", default: String(Date.now() % 100_000) } }
})
const kills = Number(values.kills)
const seed = Number(values.seed)
if (!Number.isInteger(kills) || kills < 1) {
  console.error("torture: --kills must be a whole number of at least 1")
  process.exit(64)
}

/** Mulberry32: the moments of a run can be had again by its seed. */
const random = ((state: number) => () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
})(seed)

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const run = async (): Promise<boolean> => {
  const { data, remove } = throwAway()
  const sandbox = await startSandbox(await freePort())
  const options: HostOptions = {
    port: await freePort(),
    data,
    sandboxUrl: sandbox.url,
    clientTimeoutMs: 1000,
    lateCommitMs: 2000
  }
  let host: Running | undefined
  try {
    const token = await casewire(["token"], options)
    host = await startHost(options)
    const world = makeWorld(host.url, sandbox.url, token)
    await world.portal("POST", "/settings", { rateLimit: null })
    const made = await world.api("POST", "/connections", {
      plugin: "law-ruler",
      sandbox: true,
      callLimit: 60_000,
      values: await credentials(sandbox.url)
    })
    const connectionId: string = made.body.id
    await world.api("POST", `/connections/${connectionId}/verify`, {})
    await world.api("PUT", `/connections/${connectionId}/toggles`, switches)
    const issued = await world.api("POST", `/connections/${connectionId}/webhook-token`, {})
    // Notes take a moment, so that kills find requests under way.
    await world.portal("POST", "/faults", { on: "AddNote", kind: "drip", ms: 250, times: 100_000 })

    const load = await Load.make({ world, webhookUrl: issued.body.url, connectionId, random })
    load.start()
    let inSending = 0
    let aroundCommit = 0
    const recoveries: Array<number> = []
    for (let kill = 1; kill <= kills; kill++) {
      await pause(150 + random() * 500)
      // Every other time the kill waits for a burst of webhooks to be on its way.
      const inFlight = await (kill % 2 === 0 ? load.burst(60) : Promise.resolve(load.inFlight()))
      host.process.kill("SIGKILL")
      await host.exited
      if (inFlight > 0) aroundCommit++
      const sending = jobsInSending(data)
      if (sending > 0) inSending++
      const began = performance.now()
      host = await startHost(options)
      recoveries.push(performance.now() - began)
      if (kill % 10 === 0)
        console.log(
          JSON.stringify({
            kills: kill,
            inSending,
            aroundCommit,
            acknowledged: load.acknowledged.size,
            notes: load.notes.size
          })
        )
    }
    await load.stop()
    await world.portal("DELETE", "/faults")
    const result = await verdict(world, connectionId, load)
    await stop(host)
    const sound = integrity(data)
    const slowest = Math.round(Math.max(...recoveries))
    console.log(
      JSON.stringify({
        seed,
        kills,
        inSending,
        aroundCommit,
        integrity: sound,
        slowestStartMs: slowest,
        ...result.figures
      })
    )
    const enough = kills < 40 || (inSending >= 10 && aroundCommit >= 10)
    if (!enough) console.log(JSON.stringify({ failed: "fewer than 10 kills in sending or around a commit" }))
    for (const failed of result.failures) console.log(JSON.stringify({ failed }))
    return enough && sound === "ok" && result.failures.length === 0
  } finally {
    await stop(host)
    await stop(sandbox)
    remove()
  }
}

const passed = await run().catch((error: unknown) => {
  console.log(JSON.stringify({ failed: error instanceof Error ? error.message : String(error) }))
  return false
})
console.log(JSON.stringify({ torture: passed ? "passed" : "failed" }))
process.exitCode = passed ? 0 : 1
