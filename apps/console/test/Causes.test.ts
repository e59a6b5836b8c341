import { describe, expect, it } from "vitest"
import type { JobView } from "@casewire/api/Jobs"
import { causesOf } from "../src/attention/Causes.ts"

const job = (id: string, reason: string | null, more: Partial<JobView> = {}) =>
  ({ id, reason, work: "add-note", state: "dead", createdAt: 1, updatedAt: 2, ...more }) as unknown as JobView

describe("what needs attention", () => {
  it("is grouped by its cause, whatever numbers the reason holds, the largest group first", () => {
    const causes = causesOf([
      job("a", "answered 404 after 3 tries"),
      job("b", "no such status"),
      job("c", "answered 404 after 12 tries", { updatedAt: 9 })
    ])
    expect(causes.map(({ jobs }) => jobs.map(({ id }) => id))).toEqual([["c", "a"], ["b"]])
    expect(causes[0]).toMatchObject({ reason: "answered 404 after 12 tries", firstAt: 1, lastAt: 9 })
  })

  it("keeps apart what is uncertain, and what is of another kind", () => {
    const causes = causesOf([
      job("a", "x"),
      job("b", "x", { state: "uncertain" }),
      job("c", "x", { work: "push-status" })
    ])
    expect(causes).toHaveLength(3)
  })

  it("is nothing where nothing stopped", () => expect(causesOf([])).toEqual([]))
})
