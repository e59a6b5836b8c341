import { decide, edit, isPending, settle, type TwoWay } from "@casewire/core/domain/Merge"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"

const settled = (name: string): TwoWay => ({ platform: name, basePlatform: name, baseCrm: name, seenCrm: name })

describe("the merge table", () => {
  const rows: ReadonlyArray<{
    readonly situation: string
    readonly value: TwoWay
    readonly read: string
    readonly target: string | null
    readonly effective?: boolean
    readonly verdict: string
    readonly after: TwoWay
  }> = [
    {
      situation: "sync is not effective: the CRM's value is remembered and nothing moves",
      value: settled("A"),
      read: "B",
      target: null,
      effective: false,
      verdict: "Remember",
      after: { ...settled("A"), seenCrm: "B" }
    },
    {
      situation: "the CRM holds its baseline and nothing is pending: an echo does nothing",
      value: settled("A"),
      read: "a ",
      target: null,
      verdict: "Nothing",
      after: { ...settled("A"), seenCrm: "a " }
    },
    {
      situation: "the CRM holds its baseline and a push is pending: send",
      value: edit(settled("A"), "B"),
      read: "A",
      target: "B",
      verdict: "Send",
      after: { platform: "B", basePlatform: "A", baseCrm: "A", seenCrm: "A" }
    },
    {
      situation: "the CRM already holds the pending target: settled without a write",
      value: edit(settled("A"), "B"),
      read: "B",
      target: "B",
      verdict: "Settled",
      after: settled("B")
    },
    {
      situation: "the CRM moved and nothing is pending: apply",
      value: settled("A"),
      read: "C",
      target: null,
      verdict: "Apply",
      after: settled("C")
    },
    {
      situation: "the CRM moved and a push is pending: the CRM wins",
      value: edit(settled("A"), "B"),
      read: "C",
      target: "B",
      verdict: "Apply",
      after: settled("C")
    },
    {
      situation: "a second edit stays pending when the first is settled",
      value: edit(edit(settled("A"), "B"), "C"),
      read: "B",
      target: "B",
      verdict: "Settled",
      after: { platform: "C", basePlatform: "B", baseCrm: "B", seenCrm: "B" }
    }
  ]
  it.each(rows.map((row) => [row.situation, row] as const))("%s", (_, row) => {
    const { after, effective = true, read, target, value, verdict } = row
    const decided = decide({ value, read, target, effective, same: sameStatus })
    assert.strictEqual(decided._tag, verdict)
    assert.deepStrictEqual(decided.value, after)
  })

  it("names the loser when the CRM wins", () => {
    const decided = decide({
      value: edit(settled("A"), "B"),
      read: "C",
      target: "B",
      effective: true,
      same: sameStatus
    })
    assert.deepInclude(decided, { _tag: "Apply", superseded: "B" })
  })

  it("never pushes more often than there were edits, and ends with both sides equal", () => {
    // Histories of two sides: staff edits in the CRM, local edits, and reads or pushes that happen to run in between.
    const step = fc.oneof(
      fc.record({ kind: fc.constant("crm" as const), to: fc.constantFrom("A", "B", "C") }),
      fc.record({ kind: fc.constant("local" as const), to: fc.constantFrom("A", "B", "C") }),
      fc.constant({ kind: "read" as const }),
      fc.constant({ kind: "push" as const })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let crm = "A"
        let value = settled("A")
        let pending: Array<string> = []
        let edits = 0
        let pushes = 0
        const same = sameStatus
        const read = () => {
          const decided = decide({ value, read: crm, target: pending.at(-1) ?? null, effective: true, same })
          if (decided._tag === "Apply") pending = []
          if (decided._tag === "Apply" || decided._tag === "Nothing") value = decided.value
        }
        const push = () => {
          const target = pending[0]
          if (target === undefined) return
          const decided = decide({ value, read: crm, target, effective: true, same })
          if (decided._tag === "Send") {
            crm = target
            pushes++
            value = settle(decided.value, target)
            pending.shift()
          } else {
            value = decided.value
            pending = decided._tag === "Apply" ? [] : pending.slice(1)
          }
        }
        for (const each of steps) {
          if (each.kind === "crm") crm = each.to
          else if (each.kind === "local") {
            edits++
            value = edit(value, each.to)
            pending.push(each.to)
          } else if (each.kind === "read") read()
          else push()
        }
        while (pending.length > 0) push()
        read()
        assert.isAtMost(pushes, edits)
        assert.strictEqual(value.platform, crm)
        assert.isFalse(isPending(value, same))
      }),
      { numRuns: 2000 }
    )
  })
})
