/** Imports over HTTP: counted, started, stopped, and their result as a file; what is wrong is told by place and code. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { type Run, RunId, type RunRow } from "@casewire/core/domain/Run"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { firm, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => (world = await startWorld()))
afterAll(() => world.stop())

const upload = (text: string, query = "", name = "cases.csv") =>
  world.uploadForm(`/connections/${world.connection.id}/case-imports${query}`, { name, text }, world.api)
const lines = (...rows: ReadonlyArray<string>) => rows.join("\n")
const header = "Lead ID,Full Name,Phone,Case Type,Shoe size"

const importJobs = () =>
  world.run(Effect.flatMap(Queue, (queue) => queue.find(firm, { work: ["ImportHistory", "ImportCases"] })))

describe("a history import", () => {
  const plan = (scope: unknown) => world.call("POST", `/connections/${world.connection.id}/history-imports`, scope)

  it("is counted, with the calls and seconds it takes, and is a run that can be looked up", async () => {
    const scope = {
      from: "2026-09-01T00:00:00Z",
      to: "2026-09-30T00:00:00Z",
      caseTypes: ["Injury"],
      maximum: 10,
      notes: true
    }
    const planned = await plan(scope)
    expect(planned.status).toBe(201)
    expect(planned.body).toMatchObject({
      kind: "history-import",
      state: "planned",
      startedBy: "test",
      estimate: { calls: 1, seconds: 1 },
      scope: { from: "2026-09-01T00:00:00.000Z", caseTypes: '["Injury"]', maximum: "10", notes: "true" }
    })
    const { body } = await world.call("GET", `/runs/${planned.body.id}`)
    expect(body).toMatchObject({ id: planned.body.id, state: "planned", total: 0, done: 0, failed: 0, skipped: 0 })
  })

  it("whose end is before its beginning is refused, naming the field", async () => {
    const refused = await plan({ from: "2026-09-02T00:00:00Z", to: "2026-09-01T00:00:00Z" })
    expect([refused.status, refused.body.errors]).toEqual([422, [{ field: "to", code: "before-from" }]])
  })

  it("is started once, paused, gone on with and cancelled; a verb for another state is a conflict that names it", async () => {
    const { body: run } = await plan({})
    const before = (await importJobs()).length
    const verbs = ["start", "pause", "resume", "cancel"] as const
    const states: Array<string> = []
    for (const verb of verbs)
      states.push(
        (await world.call("POST", `/runs/${run.id}/${verb}`, verb === "start" ? { first: 5 } : undefined)).body.state
      )
    expect(states).toEqual(["running", "paused", "running", "cancelled"])
    expect((await importJobs()).length - before).toBe(1)
    const again = await world.call("POST", `/runs/${run.id}/start`, {})
    expect([again.status, again.body.type, again.body.detail]).toEqual([
      409,
      "/problems/run-state",
      "The import is cancelled."
    ])
  })
})

describe("an import of cases", () => {
  it("is counted by columns and rows, and nothing is made before it is started", async () => {
    const planned = await upload(lines(header, "4711,Ana Lee,(205) 555-0142,Injury,38", ",Ben Roe,,Injury,"))
    expect(planned.status).toBe(201)
    expect(planned.body).toMatchObject({
      kind: "case-import",
      state: "planned",
      total: 2,
      counts: { new: 2, duplicate: 0, invalid: 0 },
      problems: [],
      scope: { file: "cases.csv", duplicates: "skip" }
    })
    expect(planned.body.columns.map(({ use }: { use: string }) => use)).toEqual([
      "externalId",
      "fullName",
      "phone",
      "caseType",
      "field"
    ])
    expect((await world.call("GET", "/cases")).body.cases).toEqual([])
    const started = await world.call("POST", `/runs/${planned.body.id}/start`, {})
    expect(started.body.state).toBe("running")
    expect((await importJobs()).at(-1)?.work).toEqual({ _tag: "ImportCases", runId: planned.body.id })
  })

  it("with rows at fault is refused whole: places and codes, never a value of the file", async () => {
    const secret = "Zebulon Quarrelsome"
    const refused = await upload(lines(header, `x4711,${secret},,Injury,`, `,${secret},,,`, ",,205 555-0199,Injury,"))
    expect([refused.status, refused.body.type]).toEqual([422, "/problems/case-file-invalid"])
    expect(refused.body.errors).toEqual([
      { field: "row 2, column 1", code: "malformed" },
      { field: "row 3", code: "case-type-missing" },
      { field: "row 4", code: "name-missing" }
    ])
    expect(refused.body.detail).toBe("3 of 3 rows are at fault; nothing was imported.")
    for (const value of ["Zebulon", "4711", "555-0199"]) expect(refused.text).not.toContain(value)
  })

  it("may leave rows at fault out, and take one case type for all", async () => {
    const planned = await upload(lines("Name", "Ana Lee", "x".repeat(300)), "?invalid=leave-out&caseType=Injury")
    expect(planned.body).toMatchObject({
      counts: { new: 1, duplicate: 0, invalid: 1 },
      problems: [{ field: "row 3, column 1", code: "too-long" }]
    })
  })

  it("that is no readable file, or none at all, is refused by a code", async () => {
    const other = await upload("%PDF", "", "cases.pdf")
    expect([other.status, other.body.errors]).toEqual([422, [{ field: "file", code: "unsupported-type" }]])
    const shapeless = await upload(lines("a,b", "1,2"))
    expect([shapeless.status, shapeless.body.errors]).toEqual([422, [{ field: "file", code: "no-header" }]])
    const wrong = await upload(lines(header), "?duplicates=merge")
    expect([wrong.status, wrong.body.type]).toEqual([422, "/problems/request-invalid"])
  })

  it("may be larger than other requests", async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) => `,Client number ${index} ${"x".repeat(80)},,Injury,`)
    const text = lines(header, ...rows)
    expect(text.length).toBeGreaterThan(5 * 1024 * 1024)
    const planned = await upload(text)
    expect([planned.status, planned.body.total]).toEqual([201, 60_000])
  })
})

describe("the result of a run", () => {
  const run = (id: string): Run => ({
    id: RunId.make(id),
    firmId: firm,
    connectionId: world.connection.id,
    kind: "case-import",
    state: "done",
    scope: {},
    total: 1201,
    done: 1201,
    failed: 0,
    skipped: 0,
    cursor: null,
    startedBy: "test",
    createdAt: 1,
    updatedAt: 1,
    expiresAt: null,
    reason: null
  })

  it("is a file with a line for every row, however many there are, through the writer that guards cells", async () => {
    const rows = Array.from({ length: 1201 }, (_, index): RunRow => ({
      number: index + 2,
      key: String(index + 2),
      state: index === 0 ? "skipped" : "done",
      verdict: index === 0 ? "duplicate" : "created",
      detail:
        index === 0
          ? { externalCaseId: "7", caseId: "c", reason: "the record has a case already" }
          : { caseId: `c${index}` }
    }))
    await world.run(
      Effect.gen(function* () {
        const store = yield* RunStore
        yield* store.save(run("run-1"))
        yield* store.saveRows(firm, RunId.make("run-1"), rows)
      })
    )
    const result = await world.call("GET", "/runs/run-1/result.csv")
    expect(result.status).toBe(200)
    expect(result.headers.get("content-type")).toBe("text/csv; charset=utf-8")
    expect(result.headers.get("content-disposition")).toContain("attachment")
    const [mark, head, first, ...rest] = result.text.trimEnd().split("\n")
    expect([mark, head, first]).toEqual([
      "mark",
      "Row;Lead ID;Outcome;Reason;Case",
      "2;7;duplicate;the record has a case already;c"
    ])
    expect(rest.length).toBe(1200)
    expect(new Set(rest).size).toBe(1200)
  })
})
