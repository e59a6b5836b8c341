import type { CrmCase } from "@casewire/core/domain/CrmChange"
import { parseBody } from "@casewire/core/domain/FlatRecord"
import { crmOperations } from "@casewire/core/ports/Crm"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { decodeReceipts } from "../src/Webhook.ts"

const form = "application/x-www-form-urlencoded"
const complete =
  "LeadID=248199&CaseTypeID=222&CaseType=Harbor+MVA&StatusID=9&Status=Sent+e-Sign&FullName=Jos%C3%A9+O%27Hara" +
  "&CreatedDate=09%2F14%2F2026+10%3A22+AM&PrimaryContactID=70551&FirstName=Jos%C3%A9&LastName=O%27Hara" +
  "&Email=jose.ohara%40example.test&Phone=%28205%29+555-0142&Custom4124=09%2F03%2F2026&Custom4131=Chiropractor"

const decode = (text: string, mediaType = form, aliases: Record<string, Array<string>> = {}) => {
  const entries = Result.getOrThrow(parseBody(mediaType, text)).map(([key, value]): [string, string] => [key, value])
  return decodeReceipts([{ receiptId: "r", receivedAt: 0, entries, aliases }])[0]!
}

const reported = (text: string, mediaType?: string, aliases?: Record<string, Array<string>>) => {
  const change = decode(text, mediaType, aliases)
  return change._tag === "CaseReported" ? change : assert.fail(`expected a case, got ${JSON.stringify(change)}`)
}

const expected = {
  externalId: "248199",
  caseType: { externalId: "222", name: "Harbor MVA" },
  status: { externalId: "9", name: "Sent e-Sign", raw: "Sent e-Sign" },
  client: {
    externalId: "70551",
    firstName: "José",
    lastName: "O'Hara",
    fullName: "José O'Hara",
    email: "jose.ohara@example.test",
    phone: "(205) 555-0142"
  },
  createdAt: Date.parse("2026-09-14T14:22:00Z"),
  fields: { Custom4124: ["09/03/2026"], Custom4131: ["Chiropractor"] }
} as unknown as CrmCase

describe("a complete webhook (TV-1)", () => {
  it("is the case, its client, status and fields", () => {
    const { case: decoded, warnings } = reported(complete)
    assert.deepStrictEqual(decoded, expected)
    assert.deepStrictEqual(warnings, [])
  })
})

describe("the same record in other spellings (TV-2)", () => {
  const values = [
    "248199",
    "222",
    "Harbor MVA",
    "9",
    "Sent e-Sign",
    "José O'Hara",
    "09/14/2026 10:22 AM",
    "70551",
    "José",
    "O'Hara"
  ]
  it.each([
    [
      "lead_id",
      "Case Type ID",
      "case_type",
      "status id",
      "STATUS",
      "full_name",
      "created_date",
      "primary_contact_id",
      "first_name",
      "last_name"
    ],
    [
      "leadid",
      "casetypeid",
      "casetype",
      "statusid",
      "status",
      "fullname",
      "createddate",
      "primarycontactid",
      "firstname",
      "lastname"
    ],
    [
      "Lead ID",
      "Case Type ID",
      "Case Type",
      "Status ID",
      "Status",
      "Full Name",
      "Created Date",
      "Primary Contact ID",
      "First Name",
      "Last Name"
    ],
    [
      "LEAD-ID",
      "CASE-TYPE-ID",
      "CASE-TYPE",
      "STATUS-ID",
      "STATUS",
      "FULL-NAME",
      "CREATED-DATE",
      "PRIMARY-CONTACT-ID",
      "FIRST-NAME",
      "LAST-NAME"
    ],
    [
      "Lead #",
      "case.type.id",
      "Case Type Name",
      "Lead Status ID",
      "Case Status",
      "Client Name",
      "Date Created",
      "Contact ID",
      "fname",
      "lname"
    ]
  ])("%s, %s, %s, ...", (...keys) => {
    const body = JSON.stringify(Object.fromEntries(keys.map((key, index) => [key, values[index]])))
    const { case: decoded } = reported(body, "application/json")
    const { email: _, phone: __, ...client } = expected.client
    assert.deepStrictEqual(decoded, { ...expected, client, fields: {} })
  })

  it("takes numbers for ids, and a decorated status", () => {
    const body = {
      lead_id: 248199,
      "Case Type ID": "222",
      case_type: "Harbor MVA",
      "status id": 9,
      STATUS: "Sent e-Sign**",
      "Full Name": "José O'Hara",
      created: "09/14/2026 10:22 AM",
      primary_contact_id: 70551,
      first_name: "José",
      last_name: "O'Hara"
    }
    const { case: decoded } = reported(JSON.stringify(body), "application/json")
    assert.deepStrictEqual(decoded.status, { externalId: "9", name: "Sent e-Sign", raw: "Sent e-Sign**" })
    assert.strictEqual(decoded.externalId, "248199")
  })

  it("takes the text parts of a multipart body", () => {
    const pairs = [...new URLSearchParams(complete)]
    assert.deepStrictEqual(reported(JSON.stringify(pairs), "multipart/form-data").case, expected)
  })
})

describe("a missing field (TV-3)", () => {
  it("is named", () => {
    const change = decode(complete.replace("&StatusID=9", ""))
    assert.deepStrictEqual(change, {
      _tag: "Unreadable",
      receiptId: "r",
      errors: [{ field: "Status ID", code: "missing" }]
    })
  })

  it("is found under the firm's own name", () => {
    const { case: decoded } = reported(complete.replace("StatusID", "Stage+No."), form, { "Status ID": ["Stage No"] })
    assert.strictEqual(decoded.status?.externalId, "9")
  })

  it.each(["0", "-1", "abc", "248199x", "12345678901", "{{default95}}-Lead ID", ""])(
    "a lead id of %s is no lead id",
    (id) => {
      assert.strictEqual(decode(complete.replace("248199", encodeURIComponent(id)))._tag, "Unreadable")
    }
  )
})

describe("the Test button (TV-4)", () => {
  it("is recognised although most fields are missing", () => {
    const text =
      "LeadID={{default95}}-Lead ID&Status={{default96}}-Status&DOB={{default23}}-Date of Birth&campaign=motel"
    assert.deepStrictEqual(decode(text), { _tag: "TestPressed", receiptId: "r" })
  })

  it("leaves no token in a record that has real values beside it", () => {
    const text = complete
      .replace("Sent+e-Sign", "{{default96}}-Status")
      .replace("Chiropractor", "{{custom4131}}-Treated")
    const { case: decoded, warnings } = reported(text)
    assert.isUndefined(decoded.status)
    assert.deepStrictEqual(decoded.fields, { Custom4124: ["09/03/2026"] })
    assert.deepStrictEqual(
      warnings.map(({ code }) => code),
      ["test-token", "test-token"]
    )
  })
})

describe("blanks and fillers (TV-5)", () => {
  it.each(["", "NA", "na", "N/A", ".", " . ", "+"])("%s is not said", (blank) => {
    const text = complete
      .replace("jose.ohara%40example.test", blank)
      .replace("%28205%29+555-0142", blank)
      .replace("LastName=O%27Hara", `LastName=${blank}`)
      .replace("Chiropractor", blank)
    const { case: decoded, warnings } = reported(text)
    assert.doesNotHaveAnyKeys(decoded.client, ["email", "phone", "lastName"])
    assert.deepStrictEqual(decoded.fields, { Custom4124: ["09/03/2026"] })
    assert.deepStrictEqual(warnings, [{ field: "Last Name", code: "blank" }])
  })

  it("without a contact id the lead itself names the client", () => {
    assert.strictEqual(reported(complete.replace("70551", "")).case.client.externalId, "lead:248199")
  })
})

describe("list parameters in the body (TV-6)", () => {
  it("are options, not fields", () => {
    const text = `${complete}&list_id=123&List_Action=remove&list_name=+intake+&remove_from_list=true&campaign_id=42`
    assert.deepStrictEqual(reported(text).case, expected)
  })
})

describe("statuses (TV-7)", () => {
  it.each([
    ["Signed e-Sign (Default)", "Signed e-Sign"],
    ["signed  E-SIGN**", "signed E-SIGN"],
    ["  Sent e-Sign ** ", "Sent e-Sign"],
    ["New Lead (DEFAULT)**", "New Lead"],
    ["REFERRED OUT**", "REFERRED OUT"],
    ["Atty Reveiw  Needed", "Atty Reveiw Needed"],
    ["CLOSED/ NO  RESPONSE", "CLOSED/ NO RESPONSE"],
    ["**", "**"],
    ["(Default)", "(Default)"],
    ["Hold (Default) later", "Hold (Default) later"]
  ])("%s", (raw, name) => {
    const { status } = reported(complete.replace("Sent+e-Sign", encodeURIComponent(raw))).case
    assert.deepStrictEqual(status, { externalId: "9", name, raw: raw.trim() })
  })
})

describe("fields (TV-9)", () => {
  it("a repeated key gives several values", () => {
    const { fields } = reported(`${complete}&Custom4131=Urgent+Care`).case
    assert.deepStrictEqual(fields["Custom4131"], ["Chiropractor", "Urgent Care"])
  })

  it("a comma does not", () => {
    const { fields } = reported(complete.replace("Chiropractor", "Chiropractor%2C+Urgent+Care")).case
    assert.deepStrictEqual(fields["Custom4131"], ["Chiropractor, Urgent Care"])
  })

  it.each(["custom4124", "Custom 4124", "<<Custom4124>>", "CUSTOM_4124", "4124"])("%s is Custom4124", (key) => {
    const { fields } = reported(complete.replace("Custom4124", encodeURIComponent(key))).case
    assert.deepStrictEqual(fields["Custom4124"], ["09/03/2026"])
  })

  it("keys of the firm stay as they came", () => {
    const { fields } = reported(`${complete}&Signed+Contracts+Received=Yes&toString=x`).case
    assert.deepStrictEqual(fields["Signed Contracts Received"], ["Yes"])
    assert.deepStrictEqual(fields["toString"], ["x"])
  })

  it("an unreadable date is a warning", () => {
    const { case: decoded, warnings } = reported(complete.replace("09%2F14%2F2026+10%3A22+AM", "mid+September"))
    assert.isUndefined(decoded.createdAt)
    assert.deepStrictEqual(warnings, [{ field: "Created Date", code: "unreadable-date" }])
  })
})

describe("whatever comes", () => {
  const Entries = Schema.Array(Schema.Tuple([Schema.String, Schema.String]))
  const encode = Schema.encodeSync(crmOperations.decode.success)

  it.prop("decodes to one answer of plain data", [Entries, Schema.Boolean], ([noise, isComplete]) => {
    const real = [...new URLSearchParams(isComplete ? complete : "")]
    const entries = [...real, ...noise].map(([key, value]): [string, string] => [key, value])
    const changes = decodeReceipts([{ receiptId: "r", receivedAt: 0, entries, aliases: {} }])
    assert.strictEqual(changes.length, 1)
    assert.deepStrictEqual(structuredClone(encode(changes)), encode(changes))
  })

  it("a long name costs no more than its length", () => {
    const started = performance.now()
    for (const raw of ["*".repeat(400) + "x", " (Default)".repeat(40), "* ".repeat(200)]) {
      reported(complete.replace("Sent+e-Sign", encodeURIComponent(raw)))
    }
    assert.isBelow(performance.now() - started, 1000)
  })
})
