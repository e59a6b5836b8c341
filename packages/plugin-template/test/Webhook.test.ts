/** What becomes of a webhook, as a table: the laws hold for every CRM, this is what is special to this one. */
import { describe, expect, it } from "vitest"
import { decodeReceipts } from "../src/Webhook.ts"

const whole = {
  "Case ID": "1001",
  "Case Type": "Premises",
  Status: "New",
  "Client ID": "P1001",
  "Client Name": "Ada Byrne",
  "Created Date": "2026-10-01T15:00:00.000Z"
}

const decode = (record: Record<string, string>) =>
  decodeReceipts([{ receiptId: "r", receivedAt: 0, entries: Object.entries(record), aliases: {} }])[0]

describe("a webhook", () => {
  it("becomes a report of its case", () => {
    expect(decode({ ...whole, Email: "ada@example.test", referred_by: "A friend" })).toEqual({
      _tag: "CaseReported",
      receiptId: "r",
      warnings: [],
      case: {
        externalId: "1001",
        caseType: { name: "Premises" },
        status: { name: "New", raw: "New" },
        client: { externalId: "P1001", fullName: "Ada Byrne", email: "ada@example.test" },
        createdAt: Date.UTC(2026, 9, 1, 15),
        fields: { referred_by: ["A friend"] }
      }
    })
  })

  it.each([
    ["a date that is none is named", { "Created Date": "soon" }, [{ field: "Created Date", code: "unreadable-date" }]],
    ["a placeholder amid values is named", { Status: "{{status}}" }, [{ field: "Status", code: "test-token" }]],
    ["a blank is named", { "Client Name": " " }, [{ field: "Client Name", code: "blank" }]]
  ])("%s, and costs nothing else", (_, changed, warnings) => {
    expect(decode({ ...whole, ...changed })).toMatchObject({ _tag: "CaseReported", warnings })
  })
})
