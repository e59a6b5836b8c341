/**
 * `docs/guide-coverage.md` names a test for every promise, and every one of them runs. Doctored copies show that a row
 * with a missing test, a test that carries too much and a promise that was dropped are found.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { collectTests, coverageFaults, type Promised, rowsOf, skips, type Tests } from "../guards/GuideCoverage.ts"

const root = join(import.meta.dirname, "../..")
const markdown = readFileSync(join(root, "docs/guide-coverage.md"), "utf8")
const rows = rowsOf(markdown)

/** How many promises the guide and each section of the platform's rules have, and how many test vectors there are. */
const promised: Promised = {
  G: 67,
  "P1.1": 17,
  "P1.2": 12,
  "P1.3": 33,
  "P1.4": 24,
  "P1.5": 17,
  "P1.6": 16,
  "P1.7": 22,
  "P1.8": 12,
  "P1.9": 30,
  "P1.10": 21,
  TV: 24
}

let tests: Tests
beforeAll(() => {
  const files = [...new Set(rows.map(({ file }) => file))].filter((file) => existsSync(join(root, file)))
  tests = collectTests(root, files)
}, 180_000)

const faults = (doctored: string) => coverageFaults(rowsOf(doctored), promised, tests)
const [first] = rows
const lineOf = (id: string) => {
  const line = markdown.split("\n").find((each) => each.startsWith(`| ${id} |`) || each.startsWith(`| ${id}, `))
  if (line === undefined) throw new Error(`no row ${id}`)
  return line
}

describe("the coverage of the guide", () => {
  it("names for every promise and every test vector a test that is there and runs", () => {
    expect(faults(markdown)).toEqual([])
  })

  it("rests on no file that can skip a test while it runs", () => {
    const named = [...new Set(rows.map(({ file }) => file))].filter((file) => existsSync(join(root, file)))
    expect(named.filter((file) => skips(readFileSync(join(root, file), "utf8")).length > 0)).toEqual([])
    // A port's laws count where nothing of them is skipped: on SQLite.
    expect(named.filter((file) => file.startsWith("packages/contract-kit/"))).toEqual([])
  })

  it("says each promise in a sentence of its own", () => {
    const texts = rows.filter(({ ids }) => !ids.some((id) => id.startsWith("TV-"))).map(({ text }) => text)
    expect(texts.filter((text) => !/^\S.{15,}\.$/.test(text))).toEqual([])
    expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([])
  })

  it("lists at least twenty promises that were seen red, spread over the parts", () => {
    const seen = [
      ...markdown.slice(markdown.indexOf("## Seen red")).matchAll(/^\| ((?:G|P1\.\d+)-\d+) \| \S.{20,} \|$/gm)
    ]
    const ids = seen.map(([, id]) => id!)
    expect(new Set(ids).size).toBeGreaterThanOrEqual(20)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !rows.some((row) => row.ids.includes(id)))).toEqual([])
    expect(new Set(ids.map((id) => id.slice(0, id.lastIndexOf("-")))).size).toBeGreaterThanOrEqual(8)
  })
})

describe("a doctored copy is found out", () => {
  it("when a row names a test that is not there", () => {
    const doctored = markdown.replace(lineOf("G-1"), lineOf("G-1").replace(first!.title, `${first!.title}, so to say`))
    expect(faults(doctored)).toEqual([
      `${first!.ids.join(", ")}: ${first!.file} has no test "${first!.title}, so to say"`
    ])
  })

  it("when a row names a file that is not there", () => {
    const doctored = markdown.replace(
      lineOf("G-1"),
      lineOf("G-1").replace(first!.file, "packages/core/test/Nothing.test.ts")
    )
    expect(faults(doctored)).toEqual([
      `${first!.ids.join(", ")}: packages/core/test/Nothing.test.ts has no test that runs`
    ])
  })

  it("when a promise is dropped, or stands there twice", () => {
    expect(faults(markdown.replace(`${lineOf("G-4")}\n`, ""))).toEqual(["G-4 is missing"])
    expect(faults(`${markdown}\n${lineOf("G-4")}\n`)).toEqual(["G-4 is there more than once"])
    expect(faults(`${markdown}\n${lineOf("G-4").replace("G-4", "G-999")}\n`)).toContain("G-999 is not known")
  })

  it("when one test is to serve four promises", () => {
    const { file, title } = first!
    const copies = ["G-901", "G-902", "G-903"].map((id) => `| ${id} | Another promise. | \`${file}\` | \`${title}\` |`)
    expect(faults([markdown, ...copies].join("\n"))).toContain(`${file}: "${title}" serves 4 rows`)
  })

  it("when a test vector is dropped, or a test does not bear its name", () => {
    const withoutOne = markdown
      .split("\n")
      .filter((line) => !line.startsWith("| TV-15 |"))
      .join("\n")
    expect(faults(withoutOne)).toEqual(["TV-15 is missing"])
    const { file, title } = first!
    expect(faults(`${markdown}\n| TV-15 | something else | \`${file}\` | \`${title}\` |\n`)).toEqual([
      `TV-15: "${title}" does not name its vector`
    ])
  })

  it("when the test that a row names is skipped", () => {
    const folder = mkdtempSync(join(tmpdir(), "casewire-skipped-"))
    try {
      writeFileSync(
        join(folder, "A.test.ts"),
        'describe("a", () => { it("runs", () => {}); it.skip("is skipped", () => {}); it.todo("is to come") })\n'
      )
      const found = collectTests(folder, [], [`--root=${folder}`, "--globals"])
      expect([...found]).toEqual([["A.test.ts", ["a > runs"]]])
      const row = { ids: ["G-1"], text: "A promise.", file: "A.test.ts", title: "a > is skipped" }
      expect(coverageFaults([row], { G: 1 }, found)).toEqual(['G-1: A.test.ts has no test "a > is skipped"'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    expect(skips('it("x", ({ skip }) => skip("no"))')).toHaveLength(1)
    expect(skips('it("skips nothing", () => {})')).toEqual([])
  })
})
