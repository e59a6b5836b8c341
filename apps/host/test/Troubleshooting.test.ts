/** The page of troubles and the codes that the doctor knows say the same. */
import { severities } from "@casewire/core/domain/Diagnosis"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const page = readFileSync(fileURLToPath(new URL("../../../docs/troubleshooting.md", import.meta.url)), "utf8")
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
  )

describe("docs/troubleshooting.md", () => {
  it("explains every code once, with its severity, what is so and what to do, and none that is not there", () => {
    const documented = rows.map(([code, severity]) => [code!.replaceAll("`", ""), severity] as const)
    assert.deepStrictEqual([...documented].sort(), Object.entries(severities).sort())
    for (const [, , explanation, fix, ...more] of rows) {
      assert.deepStrictEqual(more, [])
      for (const text of [explanation, fix]) assert.match(text!, /^\S.*\.$/)
    }
  })

  it("has the guide's three troubles as headings", () => {
    for (const heading of ["The webhook did not run", "I do not see messages where I expected", "I do not see a file"])
      assert.include(page, `\n## ${heading}\n`)
  })
})
