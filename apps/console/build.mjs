// Builds the console when what it is made of changed since the last build, with every file compressed beside itself. The
// host serves the outcome from memory. Says nothing when there is nothing to do.
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { extname, join } from "node:path"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"

const root = import.meta.dirname
const site = join(root, "dist/site")
const workspace = join(root, "../..")
/** Whatever the bundle may hold: the API's definition imports core's domain and the shapes of a CRM. */
const inputs = [
  ...["src", "public", "index.html", "build.config.ts", "build.mjs", "package.json"].map((name) => join(root, name)),
  ...["packages/api/src", "packages/core/src/domain", "packages/core/src/ports", "packages/core/src/CrmPlugin.ts"].map(
    (name) => join(workspace, name)
  ),
  join(workspace, "pnpm-lock.yaml")
]

const filesOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .toSorted()
        .flatMap((name) => filesOf(join(path, name)))
    : [path]
const stampOf = () => {
  const hash = createHash("sha256")
  for (const file of inputs.flatMap(filesOf)) hash.update(file.slice(workspace.length)).update(readFileSync(file))
  return hash.digest("hex")
}

const stamp = stampOf()
const stampFile = join(root, "dist/site.stamp")
if (existsSync(join(site, "index.html")) && existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp)
  process.exit(0)

const begun = performance.now()
// Whoever runs tests has set it otherwise, and would get React's slow half.
process.env.NODE_ENV = "production"
const [{ build }, { config }] = await Promise.all([import("vite"), import("./build.config.ts")])
await build(config)
for (const file of filesOf(site).filter((name) => [".js", ".css", ".html", ".svg"].includes(extname(name)))) {
  const bytes = readFileSync(file)
  writeFileSync(
    `${file}.br`,
    brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
    })
  )
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}
writeFileSync(stampFile, stamp)
process.stderr.write(`casewire: the console is built (${((performance.now() - begun) / 1000).toFixed(1)} s)\n`)
