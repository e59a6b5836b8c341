// The one entry of every command. It needs only some Node >= 18 and npm: it fetches the right Node and pnpm
// through npm (hashes checked by the lockfiles in tools/, install scripts off), installs the workspace, then
// runs the command with both first on PATH. Each step is skipped while its inputs are unchanged.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const windows = process.platform === "win32"
const commands = {
  start: ["node", "apps/host/src/main.ts", "start"],
  test: ["vitest", "run"],
  demo: ["node", "apps/host/demo/main.ts"],
  torture: ["node", "apps/host/torture/main.ts"],
  bench: ["node", "apps/host/bench/main.ts"],
  sandbox: ["node", "packages/lawruler-sandbox/src/main.ts"],
  check: ["node", "scripts/check.mjs"]
}

const fail = (message) => {
  process.stderr.write(`casewire: ${message}\n`)
  process.exit(1)
}
const stampOf = (...files) =>
  files
    .map((file) =>
      createHash("sha256")
        .update(readFileSync(join(root, file)))
        .digest("hex")
    )
    .join(" ")
const unlessDone = (stampFile, stamp, step) => {
  const path = join(root, stampFile)
  if (existsSync(path) && readFileSync(path, "utf8") === stamp) return
  step()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, stamp)
}
const runSync = (file, args, cwd) => {
  const done = spawnSync(file, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    shell: windows && !file.endsWith(".exe")
  })
  if (done.status !== 0)
    fail(
      `"${[file, ...args].join(" ")}" failed in ${cwd}:\n${done.error?.message ?? ""}${done.stdout ?? ""}${done.stderr ?? ""}`
    )
}
const npmInstall = (folder) => {
  rmSync(join(root, folder, "node_modules"), { recursive: true, force: true })
  // `npm ci` refuses a lockfile that lacks one platform's build; `install --no-save` still checks every hash it has.
  runSync("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], join(root, folder))
}

const goodNode = (version) => {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number)
  return major >= 26 || (major === 24 && (minor > 18 || (minor === 18 && patch >= 1)))
}
const nodeFolder = () => {
  if (goodNode(process.versions.node)) return dirname(process.execPath)
  unlessDone("tools/node/node_modules/.done", stampOf("tools/node/package-lock.json"), () => {
    process.stderr.write(
      `casewire: Node ${process.versions.node} is too old, fetching Node 26.10.0 for this folder only\n`
    )
    npmInstall("tools/node")
  })
  const modules = join(root, "tools/node/node_modules")
  const build = readdirSync(modules).find((name) => name.startsWith("node-"))
  if (build === undefined)
    fail(
      `no Node build for ${process.platform}-${process.arch}: install Node 24 (24.18.1 or later) or 26 and try again`
    )
  return windows ? join(modules, build, "bin") : join(modules, build, "bin")
}
const pnpmFolder = () => {
  const folder = join(root, "tools/pnpm/node_modules/pnpm")
  unlessDone("tools/pnpm/node_modules/.done", stampOf("tools/pnpm/package-lock.json"), () => {
    npmInstall("tools/pnpm")
    // Install scripts are off, so pnpm's own step, which puts its native program in place, is called by name.
    runSync(process.execPath, [join(folder, "install.js")], folder)
  })
  return folder
}

const [name = "", ...rest] = process.argv.slice(2)
const command =
  name === "x" ? rest.filter((word, index) => !(index === 0 && word === "--")) : [...(commands[name] ?? []), ...rest]
if (command.length === 0)
  fail(`unknown command "${name}": use one of ${Object.keys(commands).join(", ")}, or x <program> [arguments]`)

const node = nodeFolder()
const pnpm = pnpmFolder()
const path = [node, pnpm, join(root, "node_modules/.bin"), process.env.PATH ?? process.env.Path ?? ""].join(delimiter)
const env = {
  ...process.env,
  PATH: path,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  npm_config_user_agent: undefined
}
if (windows) delete env.Path
process.env.PATH = path

const manifests = ["packages", "apps"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .map((entry) => `${folder}/${entry}/package.json`)
    .filter((file) => existsSync(join(root, file)))
)
unlessDone(
  "node_modules/.casewire-installed",
  stampOf("pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests),
  () => runSync(join(pnpm, windows ? "pnpm.exe" : "pnpm"), ["install", "--frozen-lockfile"], root)
)

const child = spawn(command[0], command.slice(1), {
  cwd: process.cwd() === root || name === "x" ? process.cwd() : root,
  env,
  stdio: "inherit",
  shell: windows
})
child.on("error", (error) => fail(`cannot start "${command[0]}": ${error.message}`))
child.on("exit", (code, signal) =>
  process.exit(signal === null ? (code ?? 1) : 128 + ({ SIGINT: 2, SIGTERM: 15 }[signal] ?? 9))
)
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
// npm's shell dies of a signal without passing it on; without this watch the host would go on as an orphan.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM")
}, 500).unref()
