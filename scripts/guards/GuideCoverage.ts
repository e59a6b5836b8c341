/**
 * The coverage of the guide as data: promises with the tests that prove them, read from the tables of a Markdown file,
 * and what is wrong with them. Which tests there are is asked of vitest itself, so that generated titles and the laws of
 * contracts count as they run; a test that is skipped is none.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, relative, sep } from "node:path"

export interface Row {
  readonly ids: ReadonlyArray<string>
  readonly text: string
  readonly file: string
  readonly title: string
}

/** Names of tests by file, as vitest prints them: the names around a test and its own, joined by ` > `. */
export type Tests = ReadonlyMap<string, ReadonlyArray<string>>

/** Promises are proven at most three by one test; vectors name tests without limit. */
const atMost = 3
const idPattern = /^(?:G|P1\.\d+|TV)-\d+$/

/** The rows of all tables with four cells whose first cell holds ids. */
export const rowsOf = (markdown: string): ReadonlyArray<Row> =>
  markdown.split("\n").flatMap((line) => {
    const [first = "", text = "", file = "", title = "", ...rest] = line.split(/(?<!\\)\|/).slice(1, -1)
    const ids = first.split(",").map((id) => id.trim())
    if (rest.length > 0 || title === "" || !ids.every((id) => idPattern.test(id))) return []
    return [{ ids, text: text.trim(), file: plain(file), title: plain(title) }]
  })

const plain = (cell: string): string =>
  cell
    .trim()
    .replace(/^`+|`+$/g, "")
    .trim()
    .replaceAll("\\|", "|")

/** How many promises each part has: none may be dropped in silence. */
export type Promised = Readonly<Record<string, number>>

export const coverageFaults = (rows: ReadonlyArray<Row>, promised: Promised, tests: Tests): ReadonlyArray<string> => [
  ...rows.flatMap(({ file, ids, title }) => {
    const there = tests.get(file)
    const where = `${ids.join(", ")}: ${file}`
    if (there === undefined) return [`${where} has no test that runs`]
    const found = there.filter((name) => name === title).length
    return found === 1 ? [] : [`${where} has ${found === 0 ? "no" : "more than one"} test "${title}"`]
  }),
  ...overused(rows.filter(({ ids }) => !ids.every(isVector))),
  ...Object.entries(promised).flatMap(([part, count]) => missing(part, count, rows))
]

const isVector = (id: string): boolean => id.startsWith("TV-")

const overused = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  [...Map.groupBy(rows, ({ file, title }) => `${file}: "${title}"`)].flatMap(([test, served]) =>
    served.length > atMost ? [`${test} serves ${served.length} rows`] : []
  )

/** A vector may have several rows, each with the vector's name in its title; a promise has one. */
const missing = (part: string, count: number, rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const ids = rows.flatMap((row) => row.ids.filter((id) => id.slice(0, id.lastIndexOf("-")) === part))
  const expected = Array.from({ length: count }, (_, index) => `${part}-${index + 1}`)
  const misnamed = rows.filter((row) => part === "TV" && row.ids.some((id) => isVector(id) && !names(row.title, id)))
  return [
    ...expected.filter((id) => !ids.includes(id)).map((id) => `${id} is missing`),
    ...[...new Set(ids)].filter((id) => !expected.includes(id)).map((id) => `${id} is not known`),
    ...(part === "TV" ? [] : expected.filter((id) => ids.filter((each) => each === id).length > 1)).map(
      (id) => `${id} is there more than once`
    ),
    ...misnamed.map(({ ids: of, title }) => `${of.join(", ")}: "${title}" does not name its vector`)
  ]
}

const names = (title: string, vector: string): boolean => new RegExp(`\\b${vector}\\b`).test(title)

/** The tests of these files that would run, collected by running the files' top level. */
export const collectTests = (
  root: string,
  files: ReadonlyArray<string>,
  options: ReadonlyArray<string> = []
): Tests => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-tests-"))
  try {
    const list = join(folder, "tests.json")
    const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs")
    // One process for all files: what they import is read once.
    const args = ["--no-static-parse", "--no-isolate", "--pool=forks", "--maxWorkers=1", ...options]
    const run = spawnSync(process.execPath, [vitest, "list", ...files, `--json=${list}`, ...args], {
      cwd: root,
      encoding: "utf8",
      // A vitest that runs inside of another one takes its settings for its own.
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")))
    })
    if (run.status !== 0) throw new Error(`the tests cannot be listed:\n${run.stdout}${run.stderr}`)
    const found: ReadonlyArray<{ readonly name: string; readonly file: string }> = JSON.parse(
      readFileSync(list, "utf8")
    )
    const byFile = Map.groupBy(found, ({ file }) => relative(root, file).split(sep).join("/"))
    return new Map([...byFile].map(([file, all]) => [file, all.map(({ name }) => name)]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Ways to skip a test that only show when it runs; a file with one of them proves nothing here. */
export const skips = (source: string): ReadonlyArray<string> =>
  source.match(/\bskip(?:If)?\s*\(|\brunIf\s*\(|\b(?:it|test|describe)\.(?:skip|todo|only|fails)\b/g) ?? []
