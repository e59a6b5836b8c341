/** Every CSV file leaves by one door, and every cell of it through the writer that guards against formulas (T-F1). */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { describe, expect, it } from "vitest"
import { csvAnswer } from "../src/CsvAnswer.ts"

const source = join(import.meta.dirname, "../src")

describe("a CSV file", () => {
  it("leaves by one door only", () => {
    const files = readdirSync(source).filter((name) => readFileSync(join(source, name), "utf8").includes("text/csv"))
    expect(files).toEqual(["CsvAnswer.ts"])
  })

  it("has its head and every row written by the guarded writer, and is never sniffed or run", async () => {
    const writer = { mark: "mark|", line: (cells: ReadonlyArray<string>) => `guarded(${cells.join(",")})\n` }
    const rows = Stream.make(["=1+1", "a"], ["b", "@SUM(A1)"])
    const response = HttpServerResponse.toWeb(csvAnswer(writer, "result", ["-head"], rows))
    expect(await response.text()).toBe("mark|guarded(-head)\nguarded(=1+1,a)\nguarded(b,@SUM(A1))\n")
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-disposition": 'attachment; filename="result.csv"',
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff"
    })
  })
})
