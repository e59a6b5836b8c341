/** Pulling by pages over an inbox that changes meanwhile. */
import type { CrmRequest } from "@casewire/core/ports/CrmHttp"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Canned, data, withAnswers } from "./CannedCrmHttp.ts"

const pageSize = 100
const item = (LeadId: number, UpdateDateTime = "2026-09-15T23:30:00+00:00") => ({
  LeadId,
  UpdateDateTime,
  Contact: null
})
const pageOf = ({ query }: CrmRequest) => Number(new Map(query).get("page"))
const fromOf = ({ body }: CrmRequest) =>
  body?._tag === "Json" ? (body.value as Record<string, unknown>)["FromDate"] : undefined

/** An inbox whose list `during` may reorder after each page. */
const inbox =
  (items: Array<ReturnType<typeof item>>, during: (page: number) => void = () => {}, count = true): Canned =>
  (request) => {
    if (!request.path.endsWith("SearchInboxItems")) return undefined
    const page = pageOf(request)
    const answer = data(items.slice((page - 1) * pageSize, page * pageSize), count ? items.length : undefined)
    during(page)
    return answer
  }

const leads = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => item(from + index))

describe("changes", () => {
  it.effect("brings every page, each lead once", () =>
    withAnswers(inbox(leads(1, 250)), (crm) =>
      Effect.map(Stream.runCollect(crm.changes(null)), (pages) => {
        assert.deepStrictEqual(
          pages.map(({ cases }) => cases.length),
          [100, 100, 50]
        )
      })
    )
  )

  it.effect("ends at a short page where the count is not told", () =>
    withAnswers(inbox(leads(1, 200), undefined, false), (crm, requests) =>
      Effect.map(Stream.runCollect(crm.changes(null)), (pages) => {
        assert.strictEqual(pages.flatMap(({ cases }) => [...cases]).length, 200)
        assert.strictEqual(requests.filter(({ path }) => path.endsWith("SearchInboxItems")).length, 3)
      })
    )
  )

  it.effect("a lead that moves to the top while paging makes none skipped and none come twice", () => {
    const items = leads(1, 250)
    const moveToTop = () => {
      items.unshift(item(250, "2026-09-15T23:31:00+00:00"))
      items.splice(
        items.findLastIndex(({ LeadId }) => LeadId === 250),
        1
      )
    }
    return withAnswers(inbox(items, moveToTop), (crm) =>
      Effect.map(Stream.runCollect(crm.changes(null)), (pages) => {
        const ids = pages.flatMap(({ cases }) => cases.map(({ externalId }) => Number(externalId)))
        assert.strictEqual(new Set(ids).size, ids.length)
        // 250 itself moved behind the reader and lies in the next pull's window.
        assert.deepStrictEqual(
          ids.filter((id) => id !== 250).toSorted((a, b) => a - b),
          leads(1, 249).map(({ LeadId }) => LeadId)
        )
      })
    )
  })

  it.effect("looks back 30 days first, then to 15 minutes before the newest change that was seen", () =>
    withAnswers(inbox(leads(1, 3)), (crm, requests) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-09-20T12:00:00Z"))
        const [page] = yield* Stream.runCollect(crm.changes(null))
        yield* Stream.runDrain(crm.changes(page!.cursor))
        const from = requests.filter(({ path }) => path.endsWith("SearchInboxItems")).map(fromOf)
        assert.deepStrictEqual(from, ["2026-08-21T08:00:00", "2026-09-15T23:15:00"])
      })
    )
  )

  it.effect("the cursor stands still until the last page", () =>
    withAnswers(inbox(leads(1, 250)), (crm) =>
      Effect.gen(function* () {
        const [first] = yield* Stream.runCollect(crm.changes(null))
        const pages = yield* Stream.runCollect(crm.changes(first!.cursor))
        const cursors = pages.map(({ cursor }) => cursor)
        assert.deepStrictEqual(
          cursors.map((cursor) => cursor === first!.cursor),
          [true, true, false]
        )
      })
    )
  )

  it.effect("around the hour that comes twice the filter starts at its beginning", () =>
    withAnswers(inbox([item(1, "2026-11-01T01:50:00+00:00")]), (crm, requests) =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-11-01T05:51:00Z"))
        const [page] = yield* Stream.runCollect(crm.changes(null))
        yield* Stream.runDrain(crm.changes(page!.cursor))
        assert.strictEqual(fromOf(requests.at(-1)!), "2026-11-01T01:00:00")
      })
    )
  )
})

describe("changes within a scope", () => {
  const september = { from: Date.parse("2026-09-01T04:00:00Z"), to: Date.parse("2026-09-30T04:00:00Z"), caseTypes: [] }
  const idsOf = (pages: ReadonlyArray<{ readonly cases: ReadonlyArray<{ readonly externalId: string }> }>) =>
    pages.flatMap(({ cases }) => cases.map(({ externalId }) => Number(externalId)))

  it.effect("asks for the window by Law Ruler's clock and tells how many leads it holds", () =>
    withAnswers(inbox(leads(1, 250)), (crm, requests) =>
      Effect.gen(function* () {
        const pages = yield* Stream.runCollect(crm.changes(null, september))
        assert.deepStrictEqual(
          pages.map(({ isLast, total }) => [isLast, total]),
          [
            [false, 250],
            [false, 250],
            [true, 250]
          ]
        )
        const [search] = requests.filter(({ path }) => path.endsWith("SearchInboxItems"))
        const body = search?.body?._tag === "Json" ? (search.body.value as Record<string, unknown>) : {}
        assert.deepStrictEqual([body["FromDate"], body["ToDate"]], ["2026-09-01T00:00:00", "2026-09-30T00:00:00"])
        assert.notProperty(body, "CaseTypes")
      })
    )
  )

  it.effect("goes on behind any page by its cursor", () =>
    withAnswers(inbox(leads(1, 250)), (crm) =>
      Effect.gen(function* () {
        const [first] = yield* Stream.runCollect(Stream.take(crm.changes(null, september), 1))
        const rest = yield* Stream.runCollect(crm.changes(first!.cursor, september))
        assert.deepStrictEqual(
          idsOf([first!, ...rest]),
          leads(1, 250).map(({ LeadId }) => LeadId)
        )
      })
    )
  )

  it.effect("skips no lead when others leave the window, though some then come twice", () => {
    const items = leads(1, 350)
    // What changes meanwhile is no longer in the window: first thirty leads of the first page, then one of the third.
    const leave = (page: number) => void (page === 1 ? items.splice(5, 30) : page === 3 ? items.splice(250, 1) : [])
    return withAnswers(inbox(items, leave), (crm) =>
      Effect.gen(function* () {
        const seen = new Set(idsOf(yield* Stream.runCollect(crm.changes(null, september))))
        assert.deepStrictEqual(
          items.filter(({ LeadId }) => !seen.has(LeadId)),
          []
        )
      })
    )
  })

  it.effect("ends a window at the end of the hour that came twice", () =>
    withAnswers(inbox(leads(1, 3)), (crm, requests) =>
      Effect.gen(function* () {
        // 01:10 in the second round of that hour.
        yield* Stream.runDrain(crm.changes(null, { ...september, to: Date.parse("2026-11-01T06:10:00Z") }))
        const body = requests.at(-1)!.body
        assert.strictEqual(
          body?._tag === "Json" ? (body.value as Record<string, unknown>)["ToDate"] : "",
          "2026-11-01T01:59:59"
        )
      })
    )
  )
})
