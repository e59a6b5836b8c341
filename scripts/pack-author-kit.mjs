// Packs what the author of a plugin installs: the command and everything of this workspace that it needs, one file for
// each package, from what the compiler made. `npm run x -- node scripts/pack-author-kit.mjs <folder>`
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = join(dirname(fileURLToPath(import.meta.url)), "..")

const run = (file, args, cwd) => {
  const done = spawnSync(file, args, { cwd, encoding: "utf8", shell: process.platform === "win32" })
  if (done.status !== 0) throw new Error(`${file} ${args.join(" ")} failed:\n${done.stdout ?? ""}${done.stderr ?? ""}`)
  return done.stdout
}

/** Every package of the workspace by its name. */
const packages = new Map(
  ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((name) => {
      const folder = join(root, group, name)
      try {
        const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
        return [[manifest.name, { folder, manifest }]]
      } catch {
        return []
      }
    })
  )
)

/** The command's package, the laws, and all that they need of this workspace. */
const wanted = () => {
  const names = new Set(["@casewire/host", "@casewire/contract-kit"])
  for (const name of names)
    for (const each of Object.keys(packages.get(name)?.manifest.dependencies ?? {}))
      if (packages.has(each)) names.add(each)
  return [...names].sort()
}

/** Answers each package with its packed file and its folder in the workspace. */
export const packAuthorKit = (folder) => {
  mkdirSync(folder, { recursive: true })
  run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", "apps/host"], root)
  return wanted().map((name) => {
    const { folder: from } = packages.get(name)
    const { filename } = JSON.parse(run("pnpm", ["pack", "--json", "--pack-destination", folder], from))
    return { name, from, file: resolve(folder, filename) }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) {
    console.error("say where to: npm run x -- node scripts/pack-author-kit.mjs <folder>")
    process.exit(64)
  }
  for (const { file, name } of packAuthorKit(resolve(folder))) console.log(`${name}  ${file}`)
}
