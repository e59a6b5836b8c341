/** What finds a lead, and what does not. */
import { describe, expect, it } from "vitest"
import { isFoundBy } from "../src/CaseSearch.ts"
import { type Case, CaseId, type Client, ExternalCaseId } from "../src/domain/Case.ts"
import { ConnectionId } from "../src/domain/Connection.ts"

const lead = {
  id: CaseId.make("case-1"),
  connectionId: ConnectionId.make("connection-1"),
  externalId: ExternalCaseId.make("248199"),
  name: "Harbor MVA"
} as Case
const client = {
  fullName: "José O'Hara",
  firstName: "José",
  lastName: "O'Hara",
  email: "jose.ohara@example.test",
  phone: "(205) 555-0142"
} as Client

describe("a lead", () => {
  it.each([
    ["its id", "248199"],
    ["the beginning of its id", "2481"],
    ["our own id of it", "case-1"],
    ["a name, however it is written", "jose o'hara"],
    ["the words of a name in another order", "O'HARA José"],
    ["part of a name", "hara"],
    ["an e-mail address", "jose.ohara@example.test"],
    ["a phone number with other signs", "205.555.0142"],
    ["the end of a phone number", "555-0142"],
    ["the name of its case", "harbor mva"]
  ])("is found by %s", (_, text) => expect(isFoundBy(text)(lead, client)).toBe(true))

  it.each([
    ["nothing", ""],
    ["spaces", "   "],
    ["a name of somebody else", "jose smith"],
    ["two digits, which are in nearly every number", "42"],
    ["the middle of an id", "8199"],
    ["a sign that means something in a pattern", ".*"]
  ])("is not found by %s", (_, text) => expect(isFoundBy(text)(lead, client)).toBe(false))

  it("is found without a client, too", () => {
    expect(isFoundBy("harbor")(lead, undefined)).toBe(true)
    expect(isFoundBy("jose")(lead, undefined)).toBe(false)
  })
})
