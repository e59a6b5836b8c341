import { describe, expect, it } from "vitest"
import { entriesOf } from "../src/activity/Payload.ts"

describe("a webhook's body", () => {
  it.each([
    [
      "a form",
      "application/x-www-form-urlencoded",
      "Lead+ID=1&Name=A%26B&Name=C",
      [
        ["Lead ID", "1"],
        ["Name", "A&B"],
        ["Name", "C"]
      ]
    ],
    [
      "a flat object",
      "application/json",
      '{"id":1,"name":"x","more":{"a":[2]}}',
      [
        ["id", "1"],
        ["name", "x"],
        ["more", '{"a":[2]}']
      ]
    ],
    [
      "parts in a list",
      "multipart/form-data",
      '[["id","1"],["id","2"]]',
      [
        ["id", "1"],
        ["id", "2"]
      ]
    ],
    ["something else", "text/plain", "<b>{not json", [["", "<b>{not json"]]],
    [
      "a list that is no list of parts",
      "application/json",
      "[1,2]",
      [
        ["0", "1"],
        ["1", "2"]
      ]
    ],
    ["nothing", "application/json", "", []]
  ])("is shown as names and values: %s", (_, type, body, entries) => {
    expect(entriesOf(type, body)).toEqual(entries)
  })
})
