import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Portal, type PortalTest, request, runOnPortal, Sandbox } from "./Harness.ts"

const september = {
  InboxType: 1,
  CaseTypes: [222],
  FromDate: "2026-09-01T00:00:00",
  ToDate: "2026-09-30T23:59:59",
  DefaultSortOrder: 1,
  DefaultSortOrderAscending: false
}

const search = "ApiCases/SearchInboxItems"
const ids = (reply: { json: any }) => reply.json.Data.map((item: any) => item.LeadId)

layer(Sandbox.layer, { excludeTestServices: true })("token endpoint", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("TV-10 grants a token to the service user", function* (portal) {
    const { json, status } = yield* portal.authenticate()
    assert.strictEqual(status, 200)
    assert.match(json.access_token, /^eyJ/)
    assert.match(json.refresh_token, /^[0-9A-F]{64}$/)
    assert.deepStrictEqual(
      [json.expires_in, json.token_type, json.scope],
      [3600, "Bearer", "read write offline_access"]
    )
  })

  const failures: ReadonlyArray<[string, Record<string, string>, object]> = [
    [
      "a wrong password",
      { password: "x" },
      { error: "invalid_grant", error_description: "invalid_username_or_password" }
    ],
    [
      "a wrong username",
      { username: "x" },
      { error: "invalid_grant", error_description: "invalid_username_or_password" }
    ],
    ["a wrong client id", { client_id: "x" }, { error: "invalid_client" }],
    [
      "a wrong client secret, even with a wrong password",
      { client_secret: "x", password: "x" },
      { error: "invalid_client" }
    ],
    ["an unknown scope", { scope: "admin" }, { error: "invalid_scope" }],
    ["another grant", { grant_type: "client_credentials" }, { error: "unsupported_grant_type" }],
    ["a made-up refresh token", { grant_type: "refresh_token", refresh_token: "x" }, { error: "invalid_grant" }]
  ]
  for (const [what, changes, expected] of failures) {
    onPortal(`refuses ${what} with 400`, function* (portal) {
      const reply = yield* portal.authenticate(changes)
      assert.deepStrictEqual([reply.status, reply.json], [400, expected])
    })
  }

  onPortal("takes a refresh token once", function* (portal) {
    const { json } = yield* portal.authenticate()
    const again = { grant_type: "refresh_token", refresh_token: json.refresh_token }
    assert.strictEqual((yield* portal.authenticate(again)).status, 200)
    assert.strictEqual((yield* portal.authenticate(again)).status, 400)
  })

  onPortal("answers an unknown client root with the page of a wildcard host", function* (portal) {
    const reply = yield* new Portal(portal.origin, "no-such-firm").authenticate()
    assert.strictEqual(reply.status, 404)
    assert.match(reply.headers.get("content-type") ?? "", /^text\/html/)
  })

  onPortal("lets a token end after its seconds and keeps it inside its own portal", function* (portal) {
    yield* portal.settings({ tokenSeconds: 2 })
    const { json } = yield* portal.authenticate()
    const headers = { authorization: `Bearer ${json.access_token}` }
    const call = (root: string) => request(`${portal.origin}/${root}/ApiLookup/GetCaseTypes`, { headers })
    assert.strictEqual((yield* call(portal.root)).status, 200)
    assert.strictEqual((yield* call("lakeside")).status, 401)
    yield* Effect.sleep(2050)
    assert.strictEqual((yield* call(portal.root)).status, 401)
  })
})

layer(Sandbox.layer, { excludeTestServices: true })("Advanced API", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("TV-11 answers the observed search page to the letter", function* (portal) {
    const first = yield* portal.advanced(`${search}?page=1&pageSize=2`, september)
    assert.deepStrictEqual(first.json, {
      Count: 3,
      IsSuccess: true,
      ErrorMessage: null,
      Data: [
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
    })
    const second = yield* portal.advanced(`${search}?page=2&pageSize=2`, september)
    assert.deepStrictEqual([second.json.Count, ids(second)], [3, [248150]])
    assert.deepStrictEqual(ids(yield* portal.advanced(`${search}?page=3&pageSize=2`, september)), [])
  })

  const windows: ReadonlyArray<[string, object, ReadonlyArray<number>]> = [
    [
      "the wall clock, both ends included",
      { FromDate: "2026-09-15T23:30:00", ToDate: "2026-09-15T23:30:00" },
      [248199]
    ],
    ["and not the true UTC instant", { FromDate: "2026-09-16T00:00:00", ToDate: "2026-09-17T00:00:00" }, []],
    ["statuses by id", { CaseTypes: [], Statuses: [1, 1655], FromDate: "2026-01-01T00:00:00" }, [248177, 248150]],
    ["ascending on demand", { DefaultSortOrderAscending: true }, [248150, 248177, 248199]]
  ]
  for (const [what, changes, expected] of windows) {
    onPortal(`searches by ${what}`, function* (portal) {
      const reply = yield* portal.advanced(`${search}?page=1&pageSize=100`, { ...september, ...changes })
      assert.deepStrictEqual(ids(reply), expected)
    })
  }

  onPortal("filters by creation and hides closed leads when switched so", function* (portal) {
    yield* portal.settings({ dateFilter: "create", inboxContainsAll: false })
    const august = { InboxType: 1, FromDate: "2026-08-01T00:00:00", ToDate: "2026-08-31T00:00:00" }
    assert.deepStrictEqual(ids(yield* portal.advanced(search, august)), [248150])
    assert.notInclude(ids(yield* portal.advanced("ApiCases/GetInboxItems?inboxType=1")), 248190)
  })

  const badArguments: ReadonlyArray<[string, string, unknown, string]> = [
    ["page 0", `${search}?page=0`, september, "page must be 1 or greater."],
    ["a page size of 1001", `${search}?pageSize=1001`, september, "pageSize must be between 1 and 1000."],
    ["inbox type 2", search, { ...september, InboxType: 2 }, "InboxType is not supported."],
    ["a lead that does not exist", "ApiCases/GetLead?leadId=1", undefined, "Lead 1 was not found."],
    ["no lead", "ApiCases/GetLead", undefined, "The leadId field is required."],
    ["no inbox type", "ApiCases/GetInboxItems", undefined, "inboxType is not supported."],
    ["an unknown case type", "ApiLookup/GetStatuses?caseTypeId=7", undefined, "Case type 7 was not found."]
  ]
  for (const [what, path, body, message] of badArguments) {
    onPortal(`answers ${what} with 200 and IsSuccess false`, function* (portal) {
      const reply = yield* portal.advanced(path, body)
      assert.strictEqual(reply.status, 200)
      assert.deepStrictEqual(reply.json, { Count: 0, IsSuccess: false, ErrorMessage: message, Data: null })
    })
  }

  onPortal("answers broken JSON with a real 400 and a wrong type inside 200", function* (portal) {
    assert.strictEqual((yield* portal.advanced(search, '{"InboxType":')).status, 400)
    const wrongType = yield* portal.advanced(search, { InboxType: "one" })
    assert.deepStrictEqual([wrongType.status, wrongType.json.IsSuccess], [200, false])
  })

  onPortal("reads property names without case", function* (portal) {
    assert.deepStrictEqual(ids(yield* portal.advanced(search, { inboxtype: 1, casetypes: [109] })), [248190])
  })

  onPortal("shows a lead with its contact's id and without status ids", function* (portal) {
    const { json } = yield* portal.advanced("apicases/getlead?LEADID=248199")
    assert.deepInclude(json.Data, { LeadId: 248199, Status: "Sent e-Sign**", Source: { Name: "Facebook" } })
    assert.strictEqual(json.Data.Contact.ContactId, 70551)
    assert.notProperty(json.Data, "StatusId")
    yield* portal.settings({ getLeadWrapped: false, idsInDetail: true })
    const bare = yield* portal.advanced("ApiCases/GetLead?leadId=248199")
    assert.deepInclude(bare.json, { LeadId: 248199, StatusId: 9, CaseTypeId: 222 })
  })

  onPortal("lets two on-behalf-of leads share one contact", function* (portal) {
    const contactOf = (leadId: number) =>
      Effect.map(portal.advanced(`ApiCases/GetLead?leadId=${leadId}`), ({ json }) => json.Data.Contact.ContactId)
    assert.strictEqual(yield* contactOf(248120), yield* contactOf(248121))
  })

  onPortal("TV-15 reports as CSV with quotes doubled", function* (portal) {
    const range = { StartDate: "2026-08-01", EndDate: "2026-09-14", CaseTypes: [222] }
    const reply = yield* portal.advanced("ApiReport/GetCustomReport?page=1&pageSize=500", range)
    assert.match(reply.headers.get("content-type") ?? "", /^text\/csv/)
    assert.strictEqual(
      reply.text,
      'Lead ID,Source,Status\r\n248199,Facebook,"Sent e-Sign**"\r\n248177,,"New Lead"\r\n' +
        '248150,"Radio, ""Q102""","Police  Report Requested"\r\n'
    )
  })

  onPortal("adds a note of 32,000 characters and refuses one more", function* (portal) {
    const note = (Text: string, Category = "Client Communications") =>
      portal.advanced("ApiCases/AddNote", { LeadId: 248199, Category, Text })
    assert.strictEqual((yield* note("x".repeat(32_000))).json.IsSuccess, true)
    assert.match((yield* note("x".repeat(32_001))).json.ErrorMessage, /32000/)
    assert.strictEqual((yield* note("x", "SMS")).json.IsSuccess, false)
    assert.strictEqual((yield* note(" ")).json.IsSuccess, false)
    const { notes } = yield* portal.lead()
    assert.strictEqual(notes.filter((one: any) => one.category === "Client Communications").length, 1)
  })

  onPortal("lists notes newest first, a page at a time", function* (portal) {
    for (const Text of ["one", "two <b>", "three"]) {
      yield* portal.advanced("ApiCases/AddNote", { LeadId: 248177, Category: "General", Text })
    }
    const reply = yield* portal.advanced("ApiCases/GetNotes?leadId=248177&page=1&pageSize=2")
    assert.deepStrictEqual(
      reply.json.Data.map((note: any) => note.Text),
      ["three", "two <b>"]
    )
    assert.strictEqual(reply.json.Count, 3)
  })

  onPortal("moves the update time on a note only when switched so", function* (portal) {
    const add = portal.advanced("ApiCases/AddNote", { LeadId: 248199, Category: "General", Text: "x" })
    yield* add
    assert.strictEqual((yield* portal.lead()).updateDateTime, "2026-09-16T03:30:00.000Z")
    yield* portal.settings({ updateMovesOnNote: true })
    yield* add
    assert.notStrictEqual((yield* portal.lead()).updateDateTime, "2026-09-16T03:30:00.000Z")
  })

  onPortal("uploads a document into a folder and gives the same bytes back", function* (portal) {
    const form = new FormData()
    form.append("LeadId", "248199")
    form.append("FolderId", "2")
    form.append("file", new File([new Uint8Array([0, 1, 254, 255])], "x.bin", { type: "application/octet-stream" }))
    const { json } = yield* portal.advanced("ApiDocuments/Upload", form)
    const inFolder = yield* portal.advanced("ApiDocuments/GetDocuments?leadId=248199&folderId=2")
    assert.deepStrictEqual(
      inFolder.json.Data.map((one: any) => one.DocumentId),
      [55002, json.Data.DocumentId]
    )
    const back = yield* portal.advanced(`ApiDocuments/Download?documentId=${json.Data.DocumentId}`)
    assert.strictEqual(back.headers.get("content-length"), "4")
    assert.strictEqual((yield* portal.advanced("ApiDocuments/Download?documentId=1")).json.IsSuccess, false)
  })

  onPortal("looks up folders, statuses of a case type and form fields with script rows", function* (portal) {
    const folders = yield* portal.advanced("ApiDocuments/GetFolders?leadId=248199")
    assert.include(
      folders.json.Data.map((one: any) => one.Path),
      "Intake/Signed"
    )
    const statuses = yield* portal.advanced("ApiLookup/GetStatuses?caseTypeId=109")
    assert.notInclude(
      statuses.json.Data.map((one: any) => one.Name),
      "Police  Report Requested"
    )
    const fields = yield* portal.advanced("ApiLookup/GetFormFields?caseTypeId=222")
    assert.strictEqual(fields.json.Data.filter((one: any) => one.InputType === "script").length, 3)
    const values = yield* portal.advanced("ApiCases/GetLeadFields?leadId=248199")
    assert.strictEqual(values.json.Data.find((one: any) => one.FieldKey === "Custom4124").Value, "09/03/2026")
    assert.notInclude(
      values.json.Data.map((one: any) => one.FieldKey),
      "Custom4119"
    )
  })

  onPortal("refuses everything without a bearer token, and all of it when not enabled", function* (portal) {
    const bare = yield* request(`${portal.origin}/${portal.root}/ApiCases/GetLead?leadId=248199`)
    assert.strictEqual(bare.status, 401)
    assert.match(bare.headers.get("www-authenticate") ?? "", /^Bearer/)
    yield* portal.settings({ advancedEnabled: false })
    assert.strictEqual((yield* portal.advanced("ApiLookup/GetCaseTypes")).status, 403)
  })

  onPortal("answers 404 for a route that is switched off, unknown or called by another method", function* (portal) {
    yield* portal.settings({ routesEnabled: { AddNote: false } })
    const note = { LeadId: 248199, Category: "General", Text: "x" }
    assert.strictEqual((yield* portal.advanced("ApiCases/AddNote", note)).status, 404)
    assert.strictEqual((yield* portal.advanced("ApiCases/UpdateLeadStatus", {})).status, 404)
    assert.strictEqual((yield* portal.advanced("ApiCases/GetLead?leadId=248199", {})).status, 404)
  })
})

layer(Sandbox.layer, { excludeTestServices: true })("rate limit", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("throttles the sixty-first call of a minute, the token not counted", function* (portal) {
    const first = yield* Effect.forEach(Array.from({ length: 60 }), () => portal.advanced("ApiLookup/GetCaseTypes"))
    assert.deepStrictEqual(new Set(first.map(({ status }) => status)), new Set([200]))
    const refused = yield* portal.advanced("ApiLookup/GetCaseTypes")
    assert.strictEqual(refused.status, 429)
    const seconds = Number(refused.headers.get("retry-after"))
    assert.isTrue(seconds > 50 && seconds <= 60)
    assert.deepStrictEqual(refused.json, {
      statusCode: 429,
      message: `Rate limit is exceeded. Try again in ${seconds} seconds.`
    })
    assert.strictEqual((yield* portal.update({})).status, 429)
    assert.strictEqual((yield* portal.authenticate()).status, 200)
  })

  onPortal("frees the window as it slides, and can keep the header to itself", function* (portal) {
    yield* portal.settings({ rateLimit: { limit: 2, windowSeconds: 1, retryAfterHeader: false } })
    const call = portal.advanced("ApiLookup/GetCaseTypes")
    yield* call
    yield* Effect.sleep(500)
    yield* call
    const refused = yield* call
    assert.deepStrictEqual([refused.status, refused.headers.get("retry-after")], [429, null])
    yield* Effect.sleep(600)
    assert.strictEqual((yield* call).status, 200)
    assert.strictEqual((yield* call).status, 429)
  })

  onPortal("is off when set to null", function* (portal) {
    yield* portal.settings({ rateLimit: null })
    const calls = yield* Effect.forEach(Array.from({ length: 70 }), () => portal.advanced("ApiLookup/GetCaseTypes"))
    assert.strictEqual(calls.filter(({ status }) => status === 200).length, 70)
  })
})
