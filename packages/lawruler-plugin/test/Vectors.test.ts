/** Test vectors of the Advanced API and of what is written to it: the bodies as they were seen, letter by letter. */
import { layoutNote } from "@casewire/core/domain/Note"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Crm } from "@casewire/core/ports/Crm"
import type { CrmRequest } from "@casewire/core/ports/CrmHttp"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import { type Canned, data, json, reasonOf, withAnswers } from "./CannedCrmHttp.ts"
import { harbor } from "./Harbor.ts"

const id = ExternalCaseId.make("248199")
const formOf = ({ body }: CrmRequest) => (body?._tag === "Form" ? Object.fromEntries(body.fields) : {})

describe("TV-10 token", () => {
  const answering = (answer: Partial<{ status: number; body: string }>) =>
    withAnswers(
      ({ origin, path }) =>
        origin === "auth" ? answer : path.endsWith("GetLead") ? data({ LeadId: 248199 }) : undefined,
      (crm, requests) =>
        Effect.gen(function* () {
          const reason = yield* reasonOf(crm.read({ ids: [id] }))
          const checks = yield* Stream.runCollect(crm.verify)
          return {
            reason,
            requests,
            failed: checks.filter(({ ok }) => !ok).map(({ field, name }) => `${name} ${field}`)
          }
        })
    )

  it.effect("TV-10 the request is a password grant, and its token opens the calls behind it", () =>
    Effect.gen(function* () {
      const granted = {
        access_token: "eyJhbGciOi",
        expires_in: 3600,
        token_type: "Bearer",
        scope: "read write offline_access",
        refresh_token: "r1"
      }
      const { reason, requests } = yield* answering(json(granted))
      assert.strictEqual(reason, "Success")
      const [token, read] = requests
      assert.deepStrictEqual([token?.method, token?.origin, token?.path], ["POST", "auth", "identity/connect/token"])
      assert.deepStrictEqual(formOf(token!), {
        grant_type: "password",
        username: "user",
        password: "the-password",
        scope: "openid profile read write offline_access",
        client_id: "harbor",
        client_secret: "the-secret"
      })
      assert.strictEqual(read?.bearer, "eyJhbGciOi")
    })
  )

  it.effect.each([
    [
      "invalid_grant",
      { error: "invalid_grant", error_description: "invalid_username_or_password" },
      "signed-in password"
    ],
    ["invalid_client", { error: "invalid_client" }, "signed-in clientSecret"]
  ] as const)("TV-10 a 400 with %s is a refused sign-in that names its credential", ([, body, failed]) =>
    Effect.gen(function* () {
      const answer = yield* answering(json(body, 400))
      assert.strictEqual(answer.reason, "CrmAuthFailed")
      assert.include(answer.failed, failed)
    })
  )
})

describe("TV-11 search page", () => {
  const rows = [
    {
      LeadId: 248199,
      DisplayName: "José O'Hara",
      Contact: {
        Firstname: "José",
        Lastname: "O'Hara",
        FullName: "José O'Hara",
        PrimaryEmail: "jose.ohara@example.test",
        CellPhone: "(205) 555-0142"
      },
      CreateDate: "2026-09-14T10:22:00+00:00",
      UpdateDateTime: "2026-09-15T23:30:00+00:00",
      CaseType: "Harbor MVA",
      Status: "Sent e-Sign**"
    },
    {
      LeadId: 248177,
      DisplayName: "Ana Lee",
      Contact: null,
      CreateDate: "2026-09-13T09:00:00+00:00",
      UpdateDateTime: "2026-09-13T09:00:00+00:00",
      CaseType: "Harbor MVA",
      Status: "New Lead"
    }
  ]
  const answered =
    (answer: Partial<{ status: number; body: string }>): Canned =>
    ({ path }) =>
      path.endsWith("SearchInboxItems") ? answer : undefined

  it.effect("TV-11 reads names, statuses and Eastern times, also of a lead without a contact", () =>
    withAnswers(answered(data(rows, 2)), (crm) =>
      Effect.map(Stream.runCollect(crm.changes(null)), (pages) => {
        const [first, second] = pages.flatMap(({ cases }) => [...cases])
        assert.strictEqual(new Date(first!.updatedAt!).toISOString(), "2026-09-16T03:30:00.000Z")
        assert.deepInclude(first!.client, { fullName: "José O'Hara", email: "jose.ohara@example.test" })
        assert.deepInclude(first!.status, { name: "Sent e-Sign", raw: "Sent e-Sign**" })
        assert.deepStrictEqual([second?.client.fullName, second?.client.email], ["Ana Lee", undefined])
      })
    )
  )

  it.effect("TV-11 an error inside a 200 is no empty page", () =>
    withAnswers(answered(json({ IsSuccess: false, ErrorMessage: "Try again.", Data: null })), (crm) =>
      Effect.map(reasonOf(Stream.runCollect(crm.changes(null))), (reason) =>
        assert.strictEqual(reason, "CrmAnswerInvalid")
      )
    )
  )
})

describe("TV-14 lead detail", () => {
  const lead = {
    LeadId: 248199,
    Source: { Name: "Facebook" },
    Contact: { Firstname: "José", Lastname: "O'Hara", FullName: "José O'Hara", CellPhone: "(205) 555-0142" },
    CaseType: "Harbor MVA",
    Status: "Sent e-Sign**"
  }
  const read = (answer: Partial<{ status: number; body: string }>) =>
    withAnswers(
      ({ path }) => (path.endsWith("GetLead") ? answer : undefined),
      (crm) => crm.read({ ids: [id] })
    )

  it.effect("TV-14 is the same with the Data wrapper and without", () =>
    Effect.gen(function* () {
      const [wrapped] = yield* read(json({ Data: lead, IsSuccess: true }))
      assert.deepInclude(wrapped?.client, { fullName: "José O'Hara", phone: "(205) 555-0142" })
      assert.deepInclude(wrapped?.status, { name: "Sent e-Sign" })
      const [bare] = yield* read(json(lead))
      assert.deepStrictEqual(bare, wrapped)
    })
  )
})

describe("TV-19 outbound note, in the sandbox", () => {
  const texts = {
    "markup, an ampersand and a picture": "Hi <b>José</b> & co 😀",
    "a transcript of 40,000 characters": "Agent: and so it went on that day.\n".repeat(1143),
    "right-to-left text": "Client: שלום, אני נפגעתי בתאונה",
    "a NUL byte": "before\u0000after",
    "lines that end in CRLF": "first\r\nsecond\r\n"
  }
  const letters = (text: string) => text.replace(/[\s<>‹›]/g, "")

  for (const [what, text] of Object.entries(texts))
    it.live(`TV-19 ${what} arrives as plain text in parts of the CRM's size, each with its marker`, () =>
      Effect.scoped(
        Effect.gen(function* () {
          const { crm, sandbox } = yield* harbor
          const service = Context.get(yield* Layer.build(crm()), Crm)
          const before = (yield* sandbox.caseNow(id)).notes.length
          const parts = layoutNote("019a0000-0000-7000-8000-00000000002a", text, 32_000)
          for (const part of parts) yield* service.addNote({ id, text: part.text })
          const notes = (yield* sandbox.caseNow(id)).notes.slice(before)
          assert.strictEqual(parts.length, Math.ceil(text.length / 32_000))
          assert.deepStrictEqual(
            notes.map(({ category }) => category),
            parts.map(() => "Client Communications")
          )
          notes.forEach((note, index) => {
            assert.include(note.text, parts[index]!.marker)
            // oxlint-disable-next-line no-control-regex -- naming the control characters is the point
            assert.notMatch(note.text, /[<>\u0000-\u0008\r]/)
            assert.isAtMost(note.text.length, 32_000)
          })
          const whole = notes.map((note, index) =>
            note.text.replace(parts[index]!.marker, "").replace(/^\(\d+\/\d+\)/, "")
          )
          assert.strictEqual(letters(whole.join("")), letters(text.replaceAll("\u0000", "")))
        })
      )
    )
})
