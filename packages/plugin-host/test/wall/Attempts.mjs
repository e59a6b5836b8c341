// What code in a plugin's thread gets when it has all of Node's modules: the wall without the hurdle in front of it.
import { parentPort, workerData } from "node:worker_threads"

const attempt = async (what) => {
  try {
    await what()
    return "open"
  } catch (error) {
    return error.code ?? error.name
  }
}

const { outside, own, startedIn } = workerData
const fs = await import("node:fs")
const net = await import("node:net")
const connect = (port) =>
  new Promise((resolve, reject) => net.connect(port, "127.0.0.1").on("connect", resolve).on("error", reject))

parentPort.postMessage({
  "reads its own folder": await attempt(() => fs.readdirSync(own)),
  "reads a file elsewhere": await attempt(() => fs.readFileSync(outside)),
  "reads the folder where the host was started": await attempt(() => fs.readdirSync(startedIn)),
  "writes a file": await attempt(() => fs.writeFileSync(`${own}/x`, "x")),
  "starts a process": await attempt(async () => (await import("node:child_process")).execSync("true")),
  "starts a thread": await attempt(async () => new (await import("node:worker_threads")).Worker("0", { eval: true })),
  "opens the inspector": await attempt(async () => (await import("node:inspector")).open(0)),
  "loads an add-on": await attempt(() => process.dlopen({ exports: {} }, "/nowhere.node")),
  "opens SQLite": await attempt(() => import("node:sqlite")),
  "uses WASI": await attempt(async () => new (await import("node:wasi")).WASI({ version: "preview1" })),
  "reaches Node's bindings": await attempt(() => process.binding("fs")),
  "writes a heap snapshot": await attempt(async () => (await import("node:v8")).writeHeapSnapshot(`${own}/heap`)),
  "changes the working directory": await attempt(() => process.chdir("/")),
  "finds the host's environment": process.env.CASEWIRE_PROBE === undefined ? "absent" : "open",
  connects: await attempt(() => connect(workerData.port)),
  "looks up a name": await attempt(async () => (await import("node:dns/promises")).lookup("localhost")),
  "uses descriptors that others opened": await attempt(() => fs.fstatSync(workerData.descriptor)),
  "signals the process": await attempt(() => process.kill(process.pid, 0))
})
