/** How much a browser has to load, measured on the build: the first page, each further page, everything, the styles. */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { beforeAll, describe, expect, it } from "vitest"

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly isDynamicEntry?: boolean
  readonly imports?: ReadonlyArray<string>
  readonly css?: ReadonlyArray<string>
}

const kb = 1024
const budget = { initialGzip: 240 * kb, initialBrotli: 210 * kb, route: 45 * kb, total: 380 * kb, css: 30 * kb }
const root = join(import.meta.dirname, "..")
const site = join(root, "dist/site")

let manifest: Readonly<Record<string, Chunk>> = {}
beforeAll(() => {
  const built = spawnSync(process.execPath, [join(root, "build.mjs")], { encoding: "utf8" })
  expect(built.status, built.stderr).toBe(0)
  manifest = JSON.parse(readFileSync(join(site, ".vite/manifest.json"), "utf8"))
}, 60_000)

/** A chunk with everything that it cannot start without. */
const withImports = (name: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const imported of manifest[name]?.imports ?? []) withImports(imported, seen)
  return seen
}
const bytesOf = (names: Iterable<string>, compress: (bytes: Buffer) => Buffer = gzipSync): number =>
  [...names].reduce(
    (sum, name) => sum + compress(readFileSync(join(site, manifest[name]?.file ?? "missing"))).length,
    0
  )
const entry = () => withImports(Object.keys(manifest).find((name) => manifest[name]?.isEntry === true) ?? "")

describe("the console's size", () => {
  it("keeps the first page within 240 KB by gzip and 210 KB by brotli", () => {
    expect(bytesOf(entry())).toBeLessThanOrEqual(budget.initialGzip)
    expect(bytesOf(entry(), brotliCompressSync)).toBeLessThanOrEqual(budget.initialBrotli)
  })

  it("adds at most 45 KB for any further page", () => {
    const first = entry()
    const pages = Object.keys(manifest).filter((name) => manifest[name]?.isDynamicEntry === true)
    const added = pages.map((name) => [name, bytesOf([...withImports(name)].filter((chunk) => !first.has(chunk)))])
    expect(added.length).toBeGreaterThan(0)
    expect(added.filter(([, bytes]) => Number(bytes) > budget.route)).toEqual([])
  })

  it("stays within 380 KB for all of it, and 30 KB of styles", () => {
    const assets = readdirSync(join(site, "assets"))
    const sizeOf = (ending: string) =>
      assets
        .filter((name) => name.endsWith(ending))
        .reduce((sum, name) => sum + gzipSync(readFileSync(join(site, "assets", name))).length, 0)
    expect(sizeOf(".js")).toBeLessThanOrEqual(budget.total)
    expect(sizeOf(".css")).toBeLessThanOrEqual(budget.css)
  })

  it("leaves nothing that the page's policy would refuse: no inline script, no inline style", () => {
    const page = readFileSync(join(site, "index.html"), "utf8")
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/)
  })
})
