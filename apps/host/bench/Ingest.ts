/**
 * Durable webhook answers a second, and the server's CPU time for each, of the very process that `npm start` runs,
 * beside a bare `node:http` server that stores the same bytes with the same group commit.
 *
 * The two take turns under the same load from a process on the other core. Whoever is not measured is stopped
 * meanwhile: work left over from its own turn would slow the other one. After each of its turns Casewire writes the rows
 * that its durable webhooks still wait for (decision 16), untimed but printed: every turn begins with none waiting.
 * The goal is a share of the floor's throughput; it is met or missed by the median of the rounds.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { webhookUrl } from "./WebhookUrl.ts"
import { freePort, startCasewire, stop, throwAway } from "../harness/Processes.ts"

const goal = 0.6
/** TV-1 of the field's test vectors: the ten required fields, three more, and two custom answers. */
const body =
  "LeadID=248199&CaseTypeID=222&CaseType=Harbor+MVA&StatusID=9&Status=Sent+e-Sign&FullName=Jos%C3%A9+O%27Hara" +
  "&CreatedDate=09%2F14%2F2026+10%3A22+AM&PrimaryContactID=70551&FirstName=Jos%C3%A9&LastName=O%27Hara" +
  "&Email=jose.ohara%40example.test&Phone=%28205%29+555-0142&Custom4124=09%2F03%2F2026&Custom4131=Chiropractor"

interface Measured {
  readonly answered: number
  readonly refused: number
  readonly seconds: number
  /** CPU seconds of the server and of the load while it ran. */
  readonly serverCpu: number
  readonly loadCpu: number
}

/** CPU seconds a process has used so far (Linux: user and system ticks of 1/100 s). */
const cpuOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

const pin = (child: ChildProcess, core: number): void => {
  // Without taskset (or with one core) the run is not pinned; the printed saturation shows what that did.
  if (availableParallelism() > 1 && child.pid !== undefined)
    spawn("taskset", ["-a", "-p", "-c", String(core), String(child.pid)], { stdio: "ignore" }).on(
      "error",
      () => undefined
    )
}

const loadMain = fileURLToPath(new URL("./Load.ts", import.meta.url))
const floorMain = fileURLToPath(new URL("./Floor.ts", import.meta.url))

const measure = (url: string, serverPid: number, seconds: number, connections: number): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [loadMain, url, body, String(seconds), String(connections)], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    pin(child, 1)
    let before = Number.NaN
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (Number.isNaN(before) && output.includes("started")) before = cpuOf(serverPid)
    })
    child.on("error", reject)
    child.on("exit", (code) => {
      if (code !== 0) return reject(new Error(`the load ended with ${code}`))
      const result = JSON.parse(output.slice(output.indexOf("{"))) as Omit<Measured, "serverCpu">
      resolve({ ...result, serverCpu: cpuOf(serverPid) - before })
    })
  })

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const round = (value: number, digits = 2): number => Number(value.toFixed(digits))

export const ingest = async (args: ReadonlyArray<string>): Promise<boolean> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string", default: "4" },
      connections: { type: "string", default: "64" }
    }
  })
  const [rounds, seconds, connections] = [Number(values.rounds), Number(values.seconds), Number(values.connections)]
  const place = throwAway()
  const floorPlace = throwAway()
  const casewire = await startCasewire({ port: await freePort(), sandboxPort: await freePort(), data: place.data })
  const floorPort = await freePort()
  const floor = spawn(process.execPath, [floorMain, String(floorPort), floorPlace.data], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  await new Promise((resolve) => floor.stdout.once("data", resolve))
  try {
    pin(casewire.process, 0)
    pin(floor, 0)
    const casewireUrl = await webhookUrl(casewire.sandboxUrl)
    const floorUrl = `http://127.0.0.1:${floorPort}/webhooks/law-ruler?token=unchecked`
    const subjects = [
      { name: "casewire", url: casewireUrl, pid: casewire.process.pid! },
      { name: "floor", url: floorUrl, pid: floor.pid! }
    ] as const
    const alone = async (pid: number, run: () => Promise<Measured>): Promise<Measured> => {
      const others = subjects.filter((subject) => subject.pid !== pid)
      for (const other of others) process.kill(other.pid, "SIGSTOP")
      try {
        return await run()
      } finally {
        for (const other of others) process.kill(other.pid, "SIGCONT")
      }
    }
    const token = readFileSync(join(place.data, "api-token"), "utf8").trim()
    /** How long the rows of a turn's webhooks take: a list of receipts is answered once they are all there. */
    const rowsAfter = async (name: string): Promise<number | undefined> => {
      if (name !== "casewire") return undefined
      const began = performance.now()
      const list = await fetch(`${casewire.url}/api/v1/receipts?limit=1`, {
        headers: { authorization: `Bearer ${token}` }
      })
      if (list.status !== 200) throw new Error(`the list of receipts answered ${list.status}`)
      await list.arrayBuffer()
      return Math.round(performance.now() - began)
    }
    for (const { name, pid, url } of subjects) {
      await alone(pid, () => measure(url, pid, 2, connections))
      await rowsAfter(name)
    }
    const seen = { casewire: [] as Array<Measured>, floor: [] as Array<Measured> }
    for (let index = 0; index < rounds; index++)
      for (const { name, pid, url } of index % 2 === 0 ? subjects : [...subjects].reverse()) {
        const result = await alone(pid, () => measure(url, pid, seconds, connections))
        seen[name].push(result)
        const rowsAfterMs = await rowsAfter(name)
        console.log(
          JSON.stringify({
            round: index + 1,
            subject: name,
            perSecond: Math.round(result.answered / result.seconds),
            cpuMicrosPerRequest: round((result.serverCpu / result.answered) * 1e6, 1),
            serverCores: round(result.serverCpu / result.seconds),
            loadCores: round(result.loadCpu / result.seconds),
            refused: result.refused,
            rowsAfterMs
          })
        )
      }
    const rate = (results: ReadonlyArray<Measured>) => median(results.map(({ answered, seconds: s }) => answered / s))
    const cpu = (results: ReadonlyArray<Measured>) =>
      median(results.map(({ answered, serverCpu }) => (serverCpu / answered) * 1e6))
    const ratios = seen.casewire.map(({ answered, seconds: s }, index) => {
      const other = seen.floor[index]!
      return answered / s / (other.answered / other.seconds)
    })
    const ratio = median(ratios)
    const refused = [...seen.casewire, ...seen.floor].reduce((sum, result) => sum + result.refused, 0)
    console.log(
      JSON.stringify({
        bench: "ingest",
        connections,
        casewirePerSecond: Math.round(rate(seen.casewire)),
        floorPerSecond: Math.round(rate(seen.floor)),
        casewireCpuMicros: round(cpu(seen.casewire), 1),
        floorCpuMicros: round(cpu(seen.floor), 1),
        ratio: round(ratio, 3),
        ratios: ratios.map((each) => round(each, 3)),
        goal,
        refused
      })
    )
    return ratio >= goal && refused === 0
  } finally {
    await stop(casewire)
    floor.kill("SIGKILL")
    place.remove()
    floorPlace.remove()
  }
}
