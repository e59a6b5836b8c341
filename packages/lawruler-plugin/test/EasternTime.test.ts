import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { easternInstant, easternWall, lowestWall } from "../src/EasternTime.ts"

const read = (text: string) =>
  Option.getOrUndefined(Option.map(easternInstant(text), (at) => new Date(at).toISOString()))

describe("easternInstant reads the wall clock of US Eastern, whatever offset is printed (TV-12)", () => {
  it.each([
    ["2026-09-15T23:30:00+00:00", "2026-09-16T03:30:00.000Z", "summer time, false offset"],
    ["2026-09-14T10:22:00Z", "2026-09-14T14:22:00.000Z", "Z is dropped"],
    ["2026-09-14T10:22:00", "2026-09-14T14:22:00.000Z", "no offset"],
    ["2026-09-14T10:22:00-07:00", "2026-09-14T14:22:00.000Z", "any offset is dropped"],
    ["2026-09-14T10:22:00.1234567", "2026-09-14T14:22:00.000Z", "fractions are dropped"],
    ["2026-09-14 10:22", "2026-09-14T14:22:00.000Z", "blank in place of T"],
    ["2026-12-01T09:00:00+00:00", "2026-12-01T14:00:00.000Z", "winter time"],
    ["2026-03-08T01:59:59Z", "2026-03-08T06:59:59.000Z", "the last second before the clock is put forward"],
    ["2026-03-08T02:30:00+00:00", "2026-03-08T07:30:00.000Z", "a time that the clock skips"],
    ["2026-03-08T03:00:00Z", "2026-03-08T07:00:00.000Z", "the first second after it"],
    ["2026-11-01T01:30:00+00:00", "2026-11-01T05:30:00.000Z", "a time shown twice: the earlier one"],
    ["2026-11-01T02:00:00Z", "2026-11-01T07:00:00.000Z", "after the clock was put back"],
    ["09/14/2026 10:22 AM", "2026-09-14T14:22:00.000Z", "as a webhook prints it"],
    ["9/4/2026 1:05 pm", "2026-09-04T17:05:00.000Z", "one digit, small letters"],
    ["09/14/2026 12:00 AM", "2026-09-14T04:00:00.000Z", "midnight"],
    ["09/14/2026 12:00 PM", "2026-09-14T16:00:00.000Z", "noon"],
    ["09/14/2026 22:05:09", "2026-09-15T02:05:09.000Z", "24 hours"],
    ["09/14/2026", "2026-09-14T04:00:00.000Z", "a date alone begins the day"],
    [" 2026-09-14 ", "2026-09-14T04:00:00.000Z", "blanks around"]
  ])("%s", (text, expected) => {
    assert.strictEqual(read(text), expected)
  })

  it.each([
    "",
    "soon",
    "NA",
    "2026-13-01",
    "2026-02-30T00:00:00",
    "02/30/2026",
    "13/01/2026",
    "2026-09-14T24:00:00",
    "2026-09-14T10:61:00",
    "09/14/2026 13:00 PM",
    "09/14/2026 0:30 AM",
    "1757845320",
    "{{default94}}-Created Date"
  ])("%s is no datetime", (text) => {
    assert.isUndefined(read(text))
  })
})

describe("easternWall", () => {
  it.each([
    ["2026-09-16T03:30:00Z", "2026-09-15T23:30:00"],
    ["2026-12-01T04:00:00Z", "2026-11-30T23:00:00"],
    ["2026-11-01T05:30:00Z", "2026-11-01T01:30:00"],
    ["2026-11-01T06:30:00Z", "2026-11-01T01:30:00"]
  ])("at %s the clock shows %s", (instant, wall) => {
    assert.strictEqual(easternWall(Date.parse(instant)), wall)
  })

  it("reads back every hour of a year, but the one that is shown twice", () => {
    const start = Date.parse("2026-01-01T00:30:00Z")
    const twice = Array.from({ length: 365 * 24 }, (_, hour) => start + hour * 3_600_000).filter(
      (instant) => Option.getOrNull(easternInstant(easternWall(instant))) !== instant
    )
    assert.deepStrictEqual(
      twice.map((instant) => new Date(instant).toISOString()),
      ["2026-11-01T06:30:00.000Z"]
    )
  })
})

describe("lowestWall, the start of a filter, misses nothing that comes later", () => {
  it.each([
    ["2026-09-16T03:30:00Z", "2026-09-15T23:30:00", "most of the year it is the present time"],
    ["2026-11-01T05:50:00Z", "2026-11-01T01:00:00", "before the clock is put back it is the hour that comes again"],
    ["2026-11-01T06:10:00Z", "2026-11-01T01:10:00", "in the second hour it is the present time"],
    ["2026-03-08T06:50:00Z", "2026-03-08T01:50:00", "before the clock is put forward too"]
  ])("%s", (instant, wall) => {
    assert.strictEqual(lowestWall(Date.parse(instant)), wall)
  })
})
