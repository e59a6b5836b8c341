// Everything that can be said about the workspace without running it: types of sources and tests, lint and boundaries,
// format, unused code. Prints one line a step; a failed step shows its output and the command that helps.
import { spawnSync } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")
const steps = [
  {
    name: "types",
    tool: "typescript/bin/tsc",
    args: ["-b", "tsconfig.json", "tsconfig.tests.json"],
    fix: "correct the lines above"
  },
  {
    name: "lint",
    tool: "oxlint/bin/oxlint",
    args: ["--deny-warnings"],
    fix: "npm run x -- oxlint --fix, then by hand"
  },
  { name: "format", tool: "oxfmt/bin/oxfmt", args: ["--check"], fix: "npm run x -- oxfmt" },
  {
    name: "unused",
    tool: "knip/bin/knip.js",
    args: ["--no-progress", "--no-config-hints"],
    fix: "remove what nobody uses, or make it private to its file"
  }
]

let failed = 0
for (const { name, tool, args, fix } of steps) {
  const begun = performance.now()
  const done = spawnSync(process.execPath, [join(root, "node_modules", tool), ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26
  })
  const seconds = `${((performance.now() - begun) / 1000).toFixed(1)} s`
  if (done.status === 0) console.log(`${name.padEnd(8)} ok      ${seconds}`)
  else {
    failed += 1
    process.stdout.write(`${done.error?.message ?? ""}${done.stdout ?? ""}${done.stderr ?? ""}`.trimEnd() + "\n")
    console.log(`${name.padEnd(8)} failed  ${seconds}  to fix: ${fix}`)
  }
}
process.exit(failed === 0 ? 0 : 1)
