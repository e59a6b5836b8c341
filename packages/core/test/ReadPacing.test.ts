import { assert, describe, it } from "@effect/vitest"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { ReadPacing } from "@casewire/core/ReadPacing"

const limits = { shortMs: 2000, busyMs: 10_000, longMs: 30_000, perCaseMs: 2000 }
const connection = ConnectionId.make("c-1")
const other = ConnectionId.make("c-2")
const lead = (number: number) => ExternalCaseId.make(`${number}`)

describe("the start of a read", () => {
  it("is now for a single case, and again for the same one", () => {
    const pacing = new ReadPacing(limits)
    for (const now of [0, 10, 1500]) assert.strictEqual(pacing.startOf(connection, lead(1), now, true), now)
  })

  it("is now for another case once it was quiet for a moment", () => {
    const pacing = new ReadPacing(limits)
    assert.strictEqual(pacing.startOf(connection, lead(1), 0, true), 0)
    assert.strictEqual(pacing.startOf(connection, lead(2), 2001, true), 2001)
  })

  it("is the end of one short window for those that come right behind the first", () => {
    const pacing = new ReadPacing(limits)
    pacing.startOf(connection, lead(1), 0, true)
    for (let number = 2; number < 20; number++)
      assert.strictEqual(pacing.startOf(connection, lead(number), 60 * (number - 1), true), 2060)
  })

  it("is later the more there were in the window before, as long as they keep coming", () => {
    const pacing = new ReadPacing(limits)
    const starts = new Set<number>()
    // One case a second for two minutes.
    for (let number = 0; number < 120; number++)
      starts.add(pacing.startOf(connection, lead(number), number * 1000, true))
    assert.deepStrictEqual([...starts], [0, 3000, 7000, 15_000, 31_000, 61_000, 91_000, 121_000])
  })

  it("is later at once where very many came, and immediate again once it was quiet", () => {
    const pacing = new ReadPacing(limits)
    const starts = new Set<number>()
    // Seventeen cases a second for a minute.
    for (let number = 0; number < 1000; number++)
      starts.add(pacing.startOf(connection, lead(number), number * 60, true))
    assert.deepStrictEqual([...starts], [0, 2060, 32_100, 62_100])
    assert.strictEqual(pacing.startOf(connection, lead(2000), 73_000, true), 73_000)
  })

  it("is never now for one of a list", () => {
    const pacing = new ReadPacing(limits)
    assert.strictEqual(pacing.startOf(connection, lead(1), 0, false), 2000)
    assert.strictEqual(pacing.startOf(connection, lead(2), 1, false), 2000)
  })

  it("of one connection does not wait for another's", () => {
    const pacing = new ReadPacing(limits)
    pacing.startOf(connection, lead(1), 0, true)
    assert.strictEqual(pacing.startOf(other, lead(2), 1, true), 1)
  })
})
