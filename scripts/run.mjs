// The one entry of every command. It needs only some Node >= 18 and npm: it fetches the right Node and pnpm
// through npm (hashes checked by the lockfiles in tools/, install scripts off), installs the workspace, then
// runs the command with both first on PATH. Each step is skipped while its inputs are unchanged.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, delimiter, dirname, join } from "node:path"
import { isatty } from "node:tty"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const windows = process.platform === "win32"
const platform = `${process.platform}-${process.arch}`
const commands = {
  start: ["node", "apps/host/src/main.ts", "start"],
  test: ["node", "node_modules/vitest/vitest.mjs", "run"],
  demo: ["node", "apps/host/demo/main.ts"],
  torture: ["node", "apps/host/torture/main.ts"],
  bench: ["node", "apps/host/bench/main.ts"],
  simulate: ["node", "packages/simulation/src/main.ts"],
  e2e: ["node", "apps/console/e2e/main.ts"],
  sandbox: ["node", "packages/lawruler-sandbox/src/main.ts"],
  check: ["node", "scripts/check.mjs"]
}

const say = (message) => process.stderr.write(`casewire: ${message}\n`)
const fail = (message) => {
  say(message)
  process.exit(1)
}

const stampOf = (...files) => {
  const hash = createHash("sha256").update(platform)
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest("hex")
}
const unlessDone = (stampFile, stamp, step) => {
  const path = join(root, stampFile)
  if (existsSync(path) && readFileSync(path, "utf8") === stamp) return
  step()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, stamp)
}

/** Runs a step to its end; when it fails, one sentence says what to look at, with the program's last words above it. */
const runSync = (what, file, args, cwd, options = {}) => {
  const done = spawnSync(file, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
    windowsHide: true,
    ...options
  })
  if (done.status === 0) return
  const words = `${done.stdout ?? ""}${done.stderr ?? ""}`.trim().split("\n").slice(-25).join("\n")
  if (words !== "") process.stderr.write(`${words}\n`)
  fail(
    `${what} failed (${done.error?.message ?? (done.signal === null ? `exit code ${done.status}` : done.signal)}); is the package registry reachable?`
  )
}
const npmInstall = (what, folder) => {
  rmSync(join(root, folder, "node_modules"), { recursive: true, force: true })
  // `npm ci` refuses a lockfile that lacks one platform's build; `install --no-save` still checks every hash it has.
  const args = ["install", "--no-save", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund"]
  const cli = process.env.npm_execpath
  if (cli !== undefined && basename(cli) === "npm-cli.js")
    runSync(what, process.execPath, [cli, ...args], join(root, folder))
  else if (windows) runSync(what, ["npm", ...args].join(" "), [], join(root, folder), { shell: true })
  else runSync(what, "npm", args, join(root, folder))
}

const isGoodNode = (version) => {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number)
  return major >= 26 || (major === 24 && (minor > 18 || (minor === 18 && patch >= 1)))
}
const nodeIn = (folder) => join(folder, windows ? "node.exe" : "node")
const findNode = () => {
  if (isGoodNode(process.versions.node)) return dirname(process.execPath)
  const modules = join(root, "tools/node/node_modules")
  const downloaded = () => {
    const build = existsSync(modules) ? readdirSync(modules).find((name) => name.startsWith("node-")) : undefined
    return build === undefined ? undefined : join(modules, build, "bin")
  }
  const advice = `this machine (${platform}) needs Node 24.18.1 or later of 24, or 26, installed by hand`
  unlessDone("tools/node/node_modules/.done", stampOf("tools/node/package-lock.json"), () => {
    say(`Node ${process.versions.node} is too old to run Casewire; fetching Node 26.10.0 for this folder only`)
    npmInstall("fetching Node", "tools/node")
    const folder = downloaded()
    if (folder === undefined) fail(`there is no Node build to fetch: ${advice}`)
    // A build for another C library is there and cannot start.
    if (spawnSync(nodeIn(folder), ["--version"]).status !== 0) fail(`the fetched Node does not start: ${advice}`)
  })
  return downloaded() ?? fail(`tools/node/node_modules is damaged: remove it and try again`)
}
const findPnpm = () => {
  const folder = join(root, "tools/pnpm/node_modules/pnpm")
  unlessDone("tools/pnpm/node_modules/.done", stampOf("tools/pnpm/package-lock.json"), () => {
    say("fetching pnpm for this folder only")
    npmInstall("fetching pnpm", "tools/pnpm")
    // Install scripts are off, so pnpm's own step, which puts its native program in place, is called by name.
    runSync("preparing pnpm", process.execPath, [join(folder, "install.js")], folder)
  })
  return folder
}

const [name = "", ...rest] = process.argv.slice(2)
const words = rest[0] === "--" ? rest.slice(1) : rest
// The workspace's own command, by its name.
if (name === "x" && words[0] === "casewire") words.splice(0, 1, "node", "apps/host/src/main.ts")
const command = name === "x" ? words : name in commands ? [...commands[name], ...words] : []
if (command.length === 0)
  fail(`there is no command "${name}": use one of ${Object.keys(commands).join(", ")}, or x <program> [arguments]`)

const node = findNode()
const pnpm = findPnpm()
const path = [node, pnpm, join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter)
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" }
// Windows spells it Path, and a second spelling would win at random.
for (const key of Object.keys(env)) if (key.toUpperCase() === "PATH") delete env[key]
env.PATH = path

const manifests = ["packages", "apps"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .map((entry) => `${folder}/${entry}/package.json`)
    .filter((file) => existsSync(join(root, file)))
)
unlessDone(
  "node_modules/.casewire-installed",
  stampOf("pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests),
  () => {
    say("installing the workspace")
    // CI: never ask. NODE_ENV=production would leave the tools out.
    const { NODE_ENV: _, ...rest } = env
    runSync(
      "installing the workspace",
      join(pnpm, windows ? "pnpm.exe" : "pnpm"),
      ["install", "--frozen-lockfile"],
      root,
      { env: { ...rest, CI: "true" } }
    )
  }
)

// The console is what the host serves and what its budget is measured on; a build that is fresh costs a look at its stamp.
if (["start", "test", "e2e"].includes(name))
  runSync("building the console", nodeIn(node), ["apps/console/build.mjs"], root, {
    env,
    stdio: ["ignore", "pipe", "inherit"]
  })

// Only what is not Node itself needs Windows' shell, which takes one line and wants each word quoted.
const [program, ...args] = command
const quote = (word) => (/^[\w./:=@\\-]+$/.test(word) ? word : `"${word.replaceAll('"', '\\"')}"`)
const options = { cwd: root, env, stdio: "inherit" }
const child =
  program === "node"
    ? spawn(nodeIn(node), args, options)
    : windows
      ? spawn(command.map(quote).join(" "), { ...options, shell: true })
      : spawn(program, args, options)
child.on("error", (error) => fail(`"${program}" does not start: ${error.message}`))
child.on("exit", (code, signal) =>
  process.exit(signal === null ? (code ?? 1) : 128 + ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal] ?? 9))
)

// A stop is passed on once: a second signal means "do not wait" to those who listen for it.
let isStopping = false
const stop = (signal) => {
  if (!isStopping) child.kill(signal)
  isStopping = true
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // At a terminal Ctrl+C reaches the whole group, the child too; typed again it is meant.
    if (signal === "SIGINT" && (windows || isatty(0))) isStopping = true
    else stop(signal)
  })
}

/**
 * The processes without which nobody is waiting for the child. npm runs us through a shell: either may die of a signal
 * without passing it on, and the shell outlives npm; without this watch the child would go on as an orphan.
 */
const watched = () => {
  const parent = process.ppid
  if (windows || process.env.npm_lifecycle_event === undefined) return [parent]
  try {
    const [, name, grandparent] =
      process.platform === "linux"
        ? /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${parent}/stat`, "utf8"))
        : /^\s*(\S+)\s+(\d+)/.exec(
            spawnSync("ps", ["-o", "comm=,ppid=", "-p", String(parent)], { encoding: "utf8" }).stdout
          )
    return /^-?(ba|da|k|z)?sh$/.test(basename(name)) ? [parent, Number(grandparent)] : [parent]
  } catch {
    return [parent]
  }
}
const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code !== "ESRCH"
  }
}
const [parent, ...others] = watched()
setInterval(() => {
  if (process.ppid !== parent || ![parent, ...others].every(isAlive)) stop("SIGTERM")
}, 500).unref()
