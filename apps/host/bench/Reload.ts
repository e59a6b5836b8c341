/**
 * Plugins replaced under load: webhooks at a steady rate and notes going out, while the real plugin is swapped between
 * two versions and a broken one is tried in between. Nothing may be lost or doubled, no webhook may fail, the answers
 * may take at most three times as long as without swaps, and the process may not grow.
 */
import { fork } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { casewire, freePort, type HostOptions, startHost, startSandbox, stop, throwAway } from "../harness/Processes.ts"
import { makeWorld, type World } from "../harness/World.ts"
import { credentials, switches } from "../demo/Connecting.ts"
import { Load } from "../torture/Load.ts"
import { verdict } from "../torture/Verdict.ts"
import type { SteadyReport, SteadyStart } from "./SteadyLoad.ts"
import { broken, good } from "./PluginVersions.ts"

const mostSlower = 3
const mostGrowthMb = 10

export const reload = async (args: ReadonlyArray<string>): Promise<boolean> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      swaps: { type: "string", default: "200" },
      webhooks: { type: "string", default: "500" },
      seconds: { type: "string", default: "20" }
    }
  })
  const [swaps, perSecond, seconds] = [Number(values.swaps), Number(values.webhooks), Number(values.seconds)]
  const { data, remove } = throwAway()
  const sandbox = await startSandbox(await freePort())
  const options: HostOptions = {
    port: await freePort(),
    data,
    sandboxUrl: sandbox.url,
    clientTimeoutMs: 5000,
    lateCommitMs: 2000
  }
  const token = await casewire(["token"], options)
  const host = await startHost(options)
  try {
    const world = makeWorld(host.url, sandbox.url, token)
    const { connectionId, webhookUrl } = await connected(world, sandbox.url)
    const load = await Load.make({ world, webhookUrl, connectionId, random: seeded(1), webhooksPerSecond: 0 })
    const versions = await upload(world)
    const webhooks = steady({
      target: webhookUrl,
      perSecond,
      bodies: Array.from({ length: 500 }, () => load.body().toString())
    })
    load.start()
    await pause(5000)
    for (const id of (await webhooks.report()).receiptIds) load.acknowledged.add(id)
    await pause(seconds * 1000)
    const before = await webhooks.report()
    const rss = new Map<number, number>()
    const took: Array<number> = []
    let refusals = 0
    for (let swap = 1; swap <= swaps; swap++) {
      const to = versions.good[swap % 2]
      const began = performance.now()
      const ended = await swapTo(world, to?.digest ?? "", ["downgrade 0.1.0", "shadow-differs"])
      if (ended !== "done") throw new Error(`swap ${swap} ended with ${ended}`)
      took.push(performance.now() - began)
      if (swap % 4 === 0) {
        const bad = versions.broken[(swap / 4) % versions.broken.length]
        const answer = await swapTo(world, bad?.digest ?? "", [])
        if (answer === "done") throw new Error("a broken version was switched to")
        refusals += 1
      }
      rss.set(swap, rssMb(host.process.pid))
      if (swap % 20 === 0)
        console.log(JSON.stringify({ swap, tookMs: round(took.at(-1) ?? 0), rssMb: round(rss.get(swap) ?? 0) }))
    }
    const during = await webhooks.report()
    // A host that has just started is slow by itself, so the base is measured again after, and the quicker one counts.
    await pause(seconds * 1000)
    const after = await webhooks.report()
    await load.stop()
    const last = await webhooks.stop()
    for (const { receiptIds } of [before, during, after, last]) for (const id of receiptIds) load.acknowledged.add(id)
    const result = await verdict(world, connectionId, load, 12)
    const { body } = await world.api("GET", "/plugins/law-ruler")
    const running = body.running.map(({ state, restarts, faults }: Record<string, unknown>) => ({
      state,
      restarts,
      faults
    }))
    const without = at(after.ms, 0.99) < at(before.ms, 0.99) ? after : before
    const early = settled(rss, Math.min(50, Math.ceil(swaps / 4)))
    const late = settled(rss, swaps)
    const figures = {
      swaps,
      broken: refusals,
      swapMs: { p50: at(took, 0.5), worst: at(took, 1) },
      webhooks: before.ms.length + during.ms.length + after.ms.length,
      failed: before.failed + during.failed + after.failed + last.failed,
      without: shape(without.ms),
      during: shape(during.ms),
      slower: round(at(during.ms, 0.99) / at(without.ms, 0.99)),
      rssMb: { early, late, growth: round(late - early) },
      running,
      ...result.figures
    }
    console.log(table(figures))
    const missed = [
      ...result.failures,
      ...(figures.failed > 0 ? [`${figures.failed} webhooks failed`] : []),
      ...(figures.slower > mostSlower ? [`p99 of webhooks is ${figures.slower} times as long as without swaps`] : []),
      // Over few swaps the process is still warming up.
      ...(swaps >= 200 && figures.rssMb.growth > mostGrowthMb
        ? [`the process grew by ${figures.rssMb.growth} MiB`]
        : []),
      ...(running.length === 1 ? [] : [`${running.length} versions still run`])
    ]
    for (const miss of missed) console.log(JSON.stringify({ missed: miss }))
    console.log(JSON.stringify({ bench: "reload", ...figures, met: missed.length === 0 }))
    return missed.length === 0
  } catch (error) {
    console.error(host.output().slice(-4000))
    throw error
  } finally {
    await stop(host)
    await stop(sandbox)
    remove()
  }
}

const connected = async (world: World, sandboxUrl: string) => {
  await world.portal("POST", "/settings", { rateLimit: null })
  const made = await world.api("POST", "/connections", {
    plugin: "law-ruler",
    sandbox: true,
    callLimit: 60_000,
    values: await credentials(sandboxUrl)
  })
  const connectionId: string = made.body.id
  await world.api("POST", `/connections/${connectionId}/verify`, {})
  await world.api("PUT", `/connections/${connectionId}/toggles`, switches)
  const issued = await world.api("POST", `/connections/${connectionId}/webhook-token`, {})
  return { connectionId, webhookUrl: issued.body.url as string }
}

interface Version {
  readonly digest: string
}

/** The version that serves first is the one that came with the host. */
const upload = async (world: World) => {
  const keep = async (bytes: Uint8Array<ArrayBuffer>): Promise<Version> => {
    const answer = await world.sendBytes("/plugins?name=bench.casewire", bytes)
    if (answer.status !== 201) throw new Error(`the host did not keep a version: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  return {
    good: [await keep(await good("0.1.0")), await keep(await good("0.1.1"))],
    broken: [
      await keep(await broken("0.1.2", 0)),
      await keep(await broken("0.1.3", 1)),
      await keep(await broken("0.1.4", 2))
    ]
  }
}

/** Follows a swap to its end: `done`, or the name of the refusal. */
const swapTo = async (world: World, version: string, confirmed: ReadonlyArray<string>): Promise<string> => {
  const { body } = await world.api("POST", "/plugins/law-ruler/swaps", { version, reason: "bench", confirmed })
  if (typeof body !== "string") return body.code ?? JSON.stringify(body)
  const last = body
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map(
      (line) =>
        JSON.parse(line.slice(5)) as { readonly type: string; readonly code?: string; readonly message?: string }
    )
    .at(-1)
  return last?.type === "failed" ? `${last.code}: ${last.message}` : (last?.type ?? "nothing")
}

/** The load of webhooks, in a process of its own. */
const steady = (start: SteadyStart) => {
  const child = fork(fileURLToPath(new URL("./SteadyLoad.ts", import.meta.url)))
  child.send(start)
  const report = () =>
    new Promise<SteadyReport>((resolve) => {
      child.once("message", (message: SteadyReport) => resolve(message))
      child.send("report")
    })
  const stop = async (): Promise<SteadyReport> => {
    child.send("stop")
    // What was under way is answered by then.
    await pause(3000)
    const last = await report()
    child.kill("SIGKILL")
    return last
  }
  return { report, stop }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const seeded = (seed: number) => {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

const rssMb = (pid: number | undefined): number =>
  (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1_048_576

/** The least of the ten samples up to a swap: what stays when the collector has been there. */
const settled = (rss: ReadonlyMap<number, number>, upTo: number): number =>
  round(Math.min(...[...rss].filter(([swap]) => swap > upTo - 10 && swap <= upTo).map(([, mb]) => mb)))

const at = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN)
}
const shape = (values: ReadonlyArray<number>) => ({
  count: values.length,
  p50: at(values, 0.5),
  p99: at(values, 0.99),
  worst: at(values, 1)
})
const round = (value: number): number => Number(value.toFixed(1))

const table = (figures: object): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name.padEnd(14)} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join("\n")
