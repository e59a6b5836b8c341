/** Answers that cannot be trusted, one by one: what each means for a read and for a write. */
import { ExternalCaseId } from "@casewire/core/domain/Case"
import type { CrmRequest } from "@casewire/core/ports/CrmHttp"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { type Canned, data, json, reasonOf, signedIn, withAnswers } from "./CannedCrmHttp.ts"

const id = ExternalCaseId.make("248199")
const lead = { LeadId: 248199, DisplayName: "Ana Lee", Contact: null, CaseType: "Harbor MVA", Status: "New Lead**" }
const lookups: Canned = ({ path }) =>
  path.endsWith("GetLead")
    ? data(lead)
    : path.endsWith("GetCaseTypes")
      ? data([{ Id: 222, Name: "Harbor MVA" }])
      : path.endsWith("GetStatuses")
        ? data([
            { Id: 1, Name: "New Lead" },
            { Id: 1420, Name: "REFERRED OUT**" }
          ])
        : undefined

describe("answers of the legacy page to a write (TV-16, TV-17)", () => {
  it.effect.each([
    ["text", "Success Lead #248199", "Success"],
    ["the older text", "Lead ID:<br/><br/>248199", "Success"],
    ["XML", "<Lead><LeadID>248199</LeadID><Status>New Lead</Status></Lead>", "Success"],
    ["XML with an unknown root", "<Answer><Row><leadid>248199</leadid></Row></Answer>", "Success"],
    ["JSON", '{"LeadID":248199,"Status":"New Lead"}', "Success"],
    ["JSON with digits in a string", '{"leadId":"248199"}', "Success"],
    ["JSON without an id that says it succeeded", '{"Success":true}', "Success"],
    ["text for another lead", "Success Lead #248200", "CrmOutcomeUnknown"],
    ["XML for another lead", "<Lead><LeadID>248200</LeadID></Lead>", "CrmOutcomeUnknown"],
    ["JSON for another lead", '{"LeadID":248200}', "CrmOutcomeUnknown"],
    ["text that says neither", "OK", "CrmOutcomeUnknown"],
    ["nothing", "", "CrmOutcomeUnknown"],
    ["truncated XML", "<Lead><LeadID>2481", "CrmOutcomeUnknown"],
    ["truncated JSON", '{"LeadID":2481', "CrmOutcomeUnknown"],
    ["XML with a document type", "<!DOCTYPE Lead><Lead><LeadID>248199</LeadID></Lead>", "CrmOutcomeUnknown"],
    ["a page of HTML", "<html><body>Maintenance</body></html>", "CrmOutcomeUnknown"],
    ["a login page", '<!DOCTYPE html><html><form>Log in <input type="password"></form></html>', "CrmAuthFailed"],
    ["text: invalid key", "Error: Invalid Key", "CrmAuthFailed"],
    ["XML: invalid key", "<Result><Error>Invalid Key</Error></Result>", "CrmAuthFailed"],
    ["JSON: invalid key", '{"Success":false,"Error":"Invalid Key"}', "CrmAuthFailed"],
    ["text: no such lead", "Error: Lead not found", "CrmNotFound"],
    ["JSON: no such lead", '{"Success":false,"Error":"Lead not found"}', "CrmNotFound"],
    ["text: no such status", "Error: Status 'X' does not exist for case type 'Y'", "CrmRefused"],
    ["JSON: some error", '{"Success":false,"Error":"An unexpected error occurred."}', "CrmOutcomeUnknown"],
    ["JSON: no success", '{"Success":false}', "CrmOutcomeUnknown"],
    ["an error beside a lead id", '{"LeadID":248199,"Error":"Not saved"}', "CrmOutcomeUnknown"],
    ["a duplicate, so nothing was updated", '{"LeadID":248199,"Message":"Duplicate"}', "CrmRefused"]
  ] as const)("%s", ([, body, expected]) =>
    withAnswers(
      (request) => (request.origin === "legacy" ? { status: 200, body } : lookups(request)),
      (crm) =>
        Effect.map(reasonOf(crm.setStatus({ id, status: "referred out" })), (tag) => assert.strictEqual(tag, expected))
    )
  )
})

describe("answers of the Advanced API", () => {
  it.effect.each([
    ["the envelope", data(lead), "Success", "CrmOutcomeUnknown"],
    ["no envelope", json(lead), "Success", "CrmOutcomeUnknown"],
    ["another lead", data({ ...lead, LeadId: 248200 }), "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    ["no lead id", data({ Source: { Name: "Facebook" } }), "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    [
      "no such lead",
      json({ IsSuccess: false, ErrorMessage: "Lead 248199 was not found.", Data: null }),
      "Success",
      "CrmNotFound"
    ],
    [
      "an error inside a 200",
      json({ IsSuccess: false, ErrorMessage: "Try again.", Data: null }),
      "CrmAnswerInvalid",
      "CrmOutcomeUnknown"
    ],
    [
      "a plain refusal inside a 200",
      json({ IsSuccess: false, ErrorMessage: "Category 'X' does not exist.", Data: null }),
      "CrmAnswerInvalid",
      "CrmRefused"
    ],
    ["nothing inside", json({ IsSuccess: true, Data: null }), "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    ["HTML", { status: 200, body: "<html></html>" }, "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    ["cut short", { status: 200, body: '{"IsSuccess":true,"Da' }, "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    ["an empty body", { status: 200, body: "" }, "CrmAnswerInvalid", "CrmOutcomeUnknown"],
    ["500", { status: 500, body: "<html></html>" }, "CrmUnreachable", "CrmOutcomeUnknown"],
    ["503", { status: 503, body: "" }, "CrmUnreachable", "CrmOutcomeUnknown"],
    ["404", { status: 404, body: "" }, "CrmUnreachable", "CrmUnreachable"],
    ["429", { status: 429, body: "" }, "CrmRateLimited", "CrmRateLimited"],
    ["403", { status: 403, body: "" }, "CrmAuthFailed", "CrmAuthFailed"],
    ["401 again after signing in anew", { status: 401, body: "" }, "CrmAuthFailed", "CrmAuthFailed"],
    ["400", { status: 400, body: "" }, "CrmRefused", "CrmRefused"]
  ] as const)("%s", ([, answer, toRead, toWrite]) =>
    withAnswers(
      ({ origin, path }) => (origin === "advanced" && !path.endsWith("GetLeadFields") ? answer : undefined),
      (crm) =>
        Effect.gen(function* () {
          assert.strictEqual(yield* reasonOf(crm.read({ ids: [id] })), toRead)
          assert.strictEqual(yield* reasonOf(crm.addNote({ id, text: "x" })), toWrite)
        })
    )
  )

  it.effect("a note's id is read from an object or as it is", () =>
    Effect.gen(function* () {
      for (const answer of [data({ NoteId: 7 }), data(7), data("7")]) {
        const added = yield* withAnswers(
          ({ path }) => (path.endsWith("AddNote") ? answer : undefined),
          (crm) => crm.addNote({ id, text: "x" })
        )
        assert.deepStrictEqual(added, { externalId: "7" })
      }
    })
  )

  it.effect("a portal without GetLeadFields still has leads", () =>
    withAnswers(lookups, (crm) =>
      Effect.map(crm.read({ ids: [id] }), ([read]) => assert.deepStrictEqual(read?.fields, {}))
    )
  )
})

describe("requests", () => {
  const statusOf = (requests: ReadonlyArray<CrmRequest>) => {
    const body = requests.find(({ origin }) => origin === "legacy")?.body
    return body?._tag === "Form" ? Object.fromEntries(body.fields) : {}
  }

  it.effect("a status is pushed in Law Ruler's own spelling, decorations included", () =>
    withAnswers(
      (request) => (request.origin === "legacy" ? { body: "Success Lead #248199" } : lookups(request)),
      (crm, requests) =>
        Effect.map(crm.setStatus({ id, status: "Referred out" }), () =>
          assert.deepStrictEqual(statusOf(requests), {
            Key: "the-key",
            LeadID: "248199",
            overridelead: "true",
            Status: "REFERRED OUT**",
            ReturnJSON: "True"
          })
        )
    )
  )

  it.effect("a list that grew old is fetched anew when Law Ruler refuses a status", () => {
    let isRenamed = false
    const answer: Canned = (request) => {
      if (request.path.endsWith("GetStatuses"))
        return data([{ Id: 9, Name: isRenamed ? "SENT E-SIGN (Default)" : "Sent e-Sign" }])
      if (request.origin !== "legacy" || request.body?._tag !== "Form") return lookups(request)
      const known =
        Object.fromEntries(request.body.fields)["Status"] === (isRenamed ? "SENT E-SIGN (Default)" : "Sent e-Sign")
      return { body: known ? "Success Lead #248199" : "Error: Status does not exist" }
    }
    return withAnswers(answer, (crm, requests) =>
      Effect.gen(function* () {
        yield* crm.setStatus({ id, status: "sent e-sign" })
        isRenamed = true
        yield* crm.setStatus({ id, status: "sent e-sign" })
        assert.strictEqual(requests.filter(({ origin }) => origin === "legacy").length, 3)
      })
    )
  })

  it.effect("of two spellings that people would call the same, the exact one is pushed", () => {
    const answer: Canned = (request) =>
      request.path.endsWith("GetStatuses")
        ? data([
            { Id: 1, Name: "Signed e-Sign" },
            { Id: 2, Name: "Signed e-Sign (Default)" }
          ])
        : request.origin === "legacy"
          ? { body: "Success Lead #248199" }
          : lookups(request)
    return withAnswers(answer, (crm, requests) =>
      Effect.map(crm.setStatus({ id, status: "Signed e-Sign (Default)" }), () =>
        assert.strictEqual(statusOf(requests)["Status"], "Signed e-Sign (Default)")
      )
    )
  })

  it.effect("every write says that it changes something, and no read does", () =>
    withAnswers(
      (request) =>
        request.origin === "legacy"
          ? { body: "Success Lead #248199" }
          : request.path.endsWith("AddNote")
            ? data(1)
            : lookups(request),
      (crm, requests) =>
        Effect.gen(function* () {
          yield* crm.addNote({ id, text: "x" })
          yield* crm.updateFields({ id, fields: { Custom1: "x" } })
          yield* crm.setStatus({ id, status: "New Lead" })
          const changing = requests.filter(({ changes }) => changes).map(({ path }) => path)
          assert.deepStrictEqual(changing, ["ApiCases/AddNote", "api-legalcrmapp.aspx", "api-legalcrmapp.aspx"])
        })
    )
  )

  it.effect("more than 900 fields are refused before anything is sent", () =>
    withAnswers(
      () => undefined,
      (crm, requests) =>
        Effect.gen(function* () {
          const fields = Object.fromEntries(Array.from({ length: 900 }, (_, number) => [`Custom${number + 1000}`, "x"]))
          assert.strictEqual(yield* reasonOf(crm.updateFields({ id, fields })), "CrmRefused")
          assert.strictEqual(
            yield* reasonOf(crm.updateFields({ id, fields: { Custom1000: "x".repeat(4 * 1024 * 1024) } })),
            "CrmRefused"
          )
          assert.strictEqual(requests.length, 0)
        })
    )
  )

  it.effect.each(["0", "-1", "1e3", "248199/../1", "248199&x=1", "", " 248199", "12345678901"])(
    "%s is no lead id, so nothing is sent",
    (wrong) =>
      withAnswers(
        () => undefined,
        (crm, requests) =>
          Effect.gen(function* () {
            const odd = ExternalCaseId.make(wrong)
            assert.strictEqual(yield* reasonOf(crm.read({ ids: [odd] })), "CrmRefused")
            assert.strictEqual(yield* reasonOf(crm.addNote({ id: odd, text: "x" })), "CrmRefused")
            assert.strictEqual(yield* reasonOf(crm.setStatus({ id: odd, status: "New Lead" })), "CrmRefused")
            assert.strictEqual(yield* reasonOf(crm.updateFields({ id: odd, fields: { Custom1: "x" } })), "CrmRefused")
            assert.strictEqual(requests.length, 0)
          })
      )
  )
})

describe("the client id (A-1)", () => {
  const tried = (settings: Record<string, string>, accepts: string) =>
    withAnswers(
      ({ body, origin }) => {
        if (origin !== "auth" || body?._tag !== "Form") return undefined
        return Object.fromEntries(body.fields)["client_id"] === accepts
          ? signedIn
          : json({ error: "invalid_client" }, 400)
      },
      (crm, requests) =>
        Effect.map(Stream.runCollect(crm.verify), (checks) => ({
          ids: requests.flatMap(({ body, origin }) =>
            origin === "auth" && body?._tag === "Form" ? [Object.fromEntries(body.fields)["client_id"]] : []
          ),
          signedIn: checks.find(({ name }) => name === "signed-in")?.ok
        })),
      settings
    )

  it.effect.each([
    ["the client root first", {}, "harbor", ["harbor"], true],
    ["then the key", {}, "the-key", ["harbor", "the-key"], true],
    ["one that the firm gave, alone", { clientId: "given" }, "given", ["given"], true],
    ["one that the firm gave and that is wrong, alone", { clientId: "given" }, "harbor", ["given"], false],
    ["neither", {}, "other", ["harbor", "the-key"], false]
  ] as const)("%s", ([, settings, accepts, ids, ok]) =>
    Effect.map(tried(settings, accepts), (result) => assert.deepStrictEqual(result, { ids: [...ids], signedIn: ok }))
  )

  it.effect("a wrong password is not tried with another client id", () =>
    withAnswers(
      ({ origin }) => (origin === "auth" ? json({ error: "invalid_grant" }, 400) : undefined),
      (crm, requests) => Effect.map(reasonOf(crm.read({ ids: [id] })), () => assert.strictEqual(requests.length, 1))
    )
  )
})
