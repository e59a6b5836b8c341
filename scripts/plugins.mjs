// What an author of a plugin lives through, away from this workspace: the packed packages in an empty folder, a new
// plugin, its laws, its types, its own tests, and the file that a host takes. Nothing is fetched: what other people
// made comes from the workspace's own store. Prints one line a step; the first that fails ends it.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { packAuthorKit } from "./pack-author-kit.mjs"

const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), ".."))
const outside = realpathSync(mkdtempSync(join(tmpdir(), "casewire-author-")))
const modules = join(outside, "node_modules")

const step = (name, work) => {
  const begun = performance.now()
  const found = work()
  console.log(JSON.stringify({ step: name, ok: true, ms: Math.round(performance.now() - begun), ...found }))
}
const fail = (message) => {
  throw new Error(message)
}

/** A program in the outside folder, with no way to anything but what lies there. */
const run = (file, ...args) => {
  const done = spawnSync(process.execPath, [file, ...args], {
    cwd: outside,
    encoding: "utf8",
    env: { PATH: dirname(process.execPath), HOME: outside, TMPDIR: tmpdir(), NO_COLOR: "1" },
    timeout: 90_000
  })
  if (done.status !== 0)
    fail(`${args.join(" ")} ended with ${done.status ?? done.signal}:\n${done.stdout}${done.stderr}`)
  return done.stdout
}
const casewire = (...words) => run(join(modules, "@casewire/host/dist/src/main.js"), ...words)

const link = (name, from) => {
  const target = realpathSync(join(from, "node_modules", name))
  const at = join(modules, name)
  if (existsSync(at)) return realpathSync(at) === target ? undefined : fail(`two versions of ${name} are needed`)
  mkdirSync(dirname(at), { recursive: true })
  symlinkSync(target, at, "junction")
}

const unpack = ({ file, from, name }) => {
  const at = join(modules, name)
  mkdirSync(at, { recursive: true })
  const done = spawnSync("tar", ["-xzf", file, "-C", at, "--strip-components=1"], { encoding: "utf8" })
  if (done.status !== 0) fail(`${file} cannot be unpacked: ${done.stderr}`)
  const { dependencies = {} } = JSON.parse(readFileSync(join(at, "package.json"), "utf8"))
  for (const [dependency, version] of Object.entries(dependencies)) {
    if (/^(?:workspace|catalog|link|file):/.test(version)) fail(`${name} was packed with ${dependency}@${version}`)
    if (!dependency.startsWith("@casewire/")) link(dependency, from)
  }
}

const answers = ["--crm", "Tide CRM", "--address", "https://{account}.tide.example.com/api/", "--calls", "90"]

let ok = false
try {
  let packed = []
  step("the author's packages are packed", () => {
    packed = packAuthorKit(join(outside, "packed"))
    return { packages: packed.length }
  })
  step("they are installed in an empty folder outside the workspace", () => {
    packed.forEach(unpack)
    for (const tool of ["vitest", "typescript", "@types/node"]) link(tool, root)
    if (realpathSync(join(modules, "@casewire/core")).startsWith(root + sep)) fail("core is the workspace's own")
  })
  step("a plugin is written", () => {
    casewire("plugin", "new", "tide-crm", ...answers)
    if (existsSync(join(outside, "tide-crm/node_modules"))) fail("it was lent what is installed")
  })
  step("it keeps every law", () => {
    const { data, ok: held } = JSON.parse(casewire("plugin", "test", "tide-crm", "--json"))
    if (!held || data.verdicts.length < 40) fail(`${data.verdicts.length} laws, not all held`)
    if (data.ms > 30_000) fail(`the laws took ${Math.round(data.ms / 1000)} s, at most 30`)
    return { laws: data.verdicts.length, lawsMs: Math.round(data.ms) }
  })
  step("its types hold", () => void run(join(modules, "typescript/bin/tsc"), "-p", "tide-crm"))
  step("its own tests pass", () => void run(join(modules, "vitest/vitest.mjs"), "run", "--root", "tide-crm"))
  step("it is packed into the file that a host takes, and that file is in order", () => {
    casewire("plugin", "pack", "tide-crm", "--out", "tide.casewire")
    casewire("plugin", "verify", "tide.casewire")
  })
  ok = true
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause)
} finally {
  rmSync(outside, { recursive: true, force: true })
}
console.log(JSON.stringify({ plugins: ok ? "passed" : "failed" }))
process.exit(ok ? 0 : 1)
