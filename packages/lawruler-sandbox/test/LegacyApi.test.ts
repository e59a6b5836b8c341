import { assert, layer } from "@effect/vitest"
import { type PortalTest, request, runOnPortal, Sandbox } from "./Harness.ts"

const person = {
  FirstName: "Nora",
  LastName: "Quist",
  CellPhone: "2055550177",
  Email1: "nora.quist@example.test",
  CaseType: "Harbor MVA"
}

layer(Sandbox.layer, { excludeTestServices: true })("legacy API", (it) => {
  const onPortal = (title: string, test: PortalTest) => it.effect(title, () => runOnPortal(test))

  onPortal("TV-16 creates a lead from a form and answers its id in text", function* (portal) {
    const reply = yield* portal.legacy({
      ...person,
      Status: "New Lead",
      Custom4124: "09/03/2026",
      LeadProvider: "Facebook"
    })
    assert.strictEqual(reply.status, 200)
    const leadId = Number(/^Success Lead #(\d+)$/.exec(reply.text)?.[1])
    const lead = yield* portal.lead(leadId)
    assert.strictEqual(lead.status, "New Lead")
    assert.strictEqual(lead.contact.phone, "(205) 555-0177")
    assert.deepStrictEqual(lead.custom, { Custom4124: "09/03/2026" })
    assert.strictEqual(lead.fields.LeadProvider, "Facebook")
    assert.deepStrictEqual(
      lead.statusHistory.map(({ by }: { by: string }) => by),
      ["legacy"]
    )
  })

  onPortal("TV-16 answers the older text form when switched to it", function* (portal) {
    yield* portal.settings({ legacySuccessText: "lead-id" })
    assert.match((yield* portal.legacy(person)).text, /^Lead ID:<br\/><br\/>\d+$/)
  })

  onPortal("TV-16 answers a create in XML and in JSON when asked to", function* (portal) {
    const xml = yield* portal.legacy({ ...person, LeadProvider: "A & B", ReturnXML: "True" })
    assert.match(xml.headers.get("content-type") ?? "", /^text\/xml/)
    assert.match(
      xml.text,
      /<Lead><LeadID>\d+<\/LeadID><Status>New Lead<\/Status><LeadProvider>A &#38; B<\/LeadProvider><\/Lead>$/
    )
    const json = yield* portal.legacy({ ...person, dupcheck: "0", returnjson: "true" })
    assert.deepStrictEqual(Object.keys(json.json), ["LeadID", "Status"])
  })

  for (const [missing, reason] of [
    ["FirstName", "FirstName and LastName are required"],
    ["CellPhone", "CellPhone is required"],
    ["Email1", "Email1 is required"],
    ["CaseType", "CaseType is required"]
  ] as const) {
    onPortal(`refuses a create without ${missing} inside a 200`, function* (portal) {
      const reply = yield* portal.legacy({ ...person, [missing]: "" })
      assert.deepStrictEqual([reply.status, reply.text], [200, `Error: ${reason}`])
      assert.strictEqual((yield* portal.state).leads.length, 6)
    })
  }

  onPortal("TV-16 tells every failure in the form that was asked for, with status 200", function* (portal) {
    const wrongKey = yield* portal.legacy({ Key: "nope", Operation: "GetStatus", LeadID: "248199" })
    assert.deepStrictEqual([wrongKey.status, wrongKey.text], [200, "Error: Invalid Key"])
    const unknownLead = yield* portal.legacy({ Operation: "GetStatus", LeadID: "99", ReturnXML: "True" })
    assert.strictEqual(unknownLead.status, 200)
    assert.match(unknownLead.text, /<Result><Error>Lead not found<\/Error><\/Result>$/)
    const unknownType = yield* portal.legacy({ ...person, CaseType: "Nope", ReturnJSON: "True" })
    assert.strictEqual(unknownType.status, 200)
    assert.deepStrictEqual(unknownType.json, { Success: false, Error: "CaseType 'Nope' does not exist" })
  })

  onPortal("reads a status by GET with names in any case, at the old address too", function* (portal) {
    const query = `key=${portal.key}&operation=getstatus&LEADID=248199&returnjson=TRUE`
    for (const page of ["api-legalcrmapp.aspx", "API-LegalCRMApp.ASPX", "lawruler-parsing.aspx"]) {
      const reply = yield* request(`${portal.origin}/${portal.root}/${page}?${query}`)
      assert.deepStrictEqual(reply.json, {
        LeadID: 248199,
        Status: "Sent e-Sign",
        CaseType: "Harbor MVA",
        LeadProvider: "Facebook"
      })
    }
  })

  onPortal("TV-17 updates status, custom field and note in one post", function* (portal) {
    const reply = yield* portal.update({
      Status: "Signed e-Sign",
      custom4124: "10/01/2026",
      Conversation: "Called twice."
    })
    assert.deepStrictEqual(reply.json, { LeadID: 248199, Status: "Signed e-Sign" })
    const lead = yield* portal.lead()
    assert.deepStrictEqual([lead.statusId, lead.custom.Custom4124], [10, "10/01/2026"])
    assert.deepStrictEqual([lead.notes.at(-1).category, lead.notes.at(-1).text], ["General", "Called twice."])
    assert.deepStrictEqual(
      [lead.statusHistory.at(-1).status, lead.statusHistory.at(-1).by],
      ["Signed e-Sign", "legacy"]
    )
  })

  onPortal("moves the update time on a field but not on a note alone", function* (portal) {
    const { updateDateTime } = yield* portal.lead()
    yield* portal.update({ Conversation: "just a note" })
    assert.strictEqual((yield* portal.lead()).updateDateTime, updateDateTime)
    yield* portal.update({ Custom4124: "10/02/2026" })
    assert.notStrictEqual((yield* portal.lead()).updateDateTime, updateDateTime)
  })

  onPortal("TV-17 changes nothing without overridelead", function* (portal) {
    const before = yield* portal.lead()
    const reply = yield* portal.legacy({ LeadID: "248199", Status: "Signed e-Sign", Conversation: "x" })
    assert.strictEqual(reply.text, "Duplicate Lead #248199")
    assert.deepStrictEqual(yield* portal.lead(), before)
  })

  for (const status of ["sent e-sign", "Sent e-Sign ", "Sent e-Sign (Default)", "Records Recieved"]) {
    onPortal(`refuses the status "${status}", which is not one of the case type by its exact name`, function* (portal) {
      const reply = yield* portal.update({ Status: status, Conversation: "must not be written" })
      assert.strictEqual(reply.json.Success, false)
      assert.strictEqual((yield* portal.lead()).notes.length, 2)
    })
  }

  onPortal("keeps a lead's name, phone and free fields from blanks but takes a blank custom value", function* (portal) {
    yield* portal.update({ FirstName: "", CellPhone: "", Summary: "", Custom4124: "" })
    const lead = yield* portal.lead()
    assert.deepStrictEqual([lead.contact.firstName, lead.contact.phone], ["José", "(205) 555-0142"])
    assert.strictEqual(lead.fields.Summary, "Rear-ended at a red light.")
    assert.strictEqual(lead.custom.Custom4124, "")
  })

  onPortal("silently drops values for script rows and for numbers no form has", function* (portal) {
    const reply = yield* portal.update({ Custom4119: "x", Custom99999: "y" })
    assert.strictEqual(reply.json.LeadID, 248199)
    assert.notProperty((yield* portal.lead()).custom, "Custom4119")
    assert.notProperty((yield* portal.lead()).custom, "Custom99999")
  })

  onPortal("files every part named file from a multipart post", function* (portal) {
    const body = new FormData()
    for (const [name, value] of Object.entries({ Key: portal.key, LeadID: "248199", overridelead: "true" }))
      body.append(name, value)
    body.append("File", new File(["%PDF-1.4 a"], "a.pdf", { type: "application/pdf" }))
    body.append("file", new File(["b"], "b é.txt", { type: "text/plain" }))
    const reply = yield* request(portal.legacyUrl, { method: "POST", body })
    assert.strictEqual(reply.text, "Success Lead #248199")
    const { documents } = yield* portal.lead()
    assert.deepStrictEqual(
      documents.slice(4).map(({ name, size }: any) => [name, size]),
      [
        ["a.pdf", 10],
        ["b é.txt", 1]
      ]
    )
  })

  onPortal("joins repeated names with a comma, as ASP.NET does", function* (portal) {
    const body = new URLSearchParams({ Key: portal.key, LeadID: "248199", overridelead: "true" })
    body.append("Custom4131", "Chiropractor")
    body.append("custom4131", "Urgent Care")
    yield* request(portal.legacyUrl, { method: "POST", body })
    assert.strictEqual((yield* portal.lead()).custom.Custom4131, "Chiropractor,Urgent Care")
  })

  onPortal("TV-18 answers a second post of the same person with the first lead", function* (portal) {
    const first = yield* portal.legacy({ ...person, ReturnJSON: "True" })
    const again = yield* portal.legacy({
      ...person,
      CellPhone: "(205) 555-0177",
      Email1: "other@example.test",
      ReturnJSON: "True"
    })
    assert.deepStrictEqual(again.json, { LeadID: first.json.LeadID, Status: "New Lead", Message: "Duplicate" })
    assert.strictEqual((yield* portal.legacy(person)).text, `Duplicate Lead #${first.json.LeadID}`)
    assert.strictEqual((yield* portal.state).leads.length, 7)
  })

  onPortal("TV-18 creates the same person again when dupcheck is 0", function* (portal) {
    const first = yield* portal.legacy({ ...person, ReturnJSON: "True" })
    const second = yield* portal.legacy({ ...person, dupcheck: "0", ReturnJSON: "True" })
    assert.isAbove(second.json.LeadID, first.json.LeadID)
  })

  onPortal("TV-18 files a duplicate under the status Duplicate in the second mode", function* (portal) {
    yield* portal.settings({ duplicateMode: "create" })
    const first = yield* portal.legacy({ ...person, ReturnJSON: "True" })
    const second = yield* portal.legacy({ ...person, ReturnJSON: "True" })
    assert.notStrictEqual(second.json.LeadID, first.json.LeadID)
    assert.strictEqual(second.json.Status, "Duplicate")
  })

  for (const value of ["Hi <b>José</b>", "a &#60; b", "</note>", "nul \u0000 byte"]) {
    onPortal(`answers the framework's 500 page for ${JSON.stringify(value)}`, function* (portal) {
      const reply = yield* portal.update({ Conversation: value })
      assert.strictEqual(reply.status, 500)
      assert.match(reply.headers.get("content-type") ?? "", /^text\/html/)
      assert.notInclude(reply.text, value)
      assert.strictEqual((yield* portal.lead()).notes.length, 2)
    })
  }

  onPortal("lets a lone less-than, an ampersand, emoji and right-to-left text through", function* (portal) {
    const text = "pain < 5 & better 😀 שלום\r\nsecond line"
    yield* portal.update({ Conversation: text })
    assert.strictEqual((yield* portal.lead()).notes.at(-1).text, text)
  })

  onPortal("takes GET and POST only", function* (portal) {
    const url = `${portal.legacyUrl}?Key=${portal.key}&LeadID=248199&overridelead=true&Conversation=x`
    for (const method of ["HEAD", "PUT", "DELETE"]) {
      assert.strictEqual((yield* request(url, { method })).status, 405)
    }
    assert.strictEqual((yield* portal.lead()).notes.length, 2)
  })

  onPortal("breaks at the thousand-and-first key and above 4 MiB", function* (portal) {
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x${n}`, "1"]))
    assert.strictEqual((yield* portal.update(keys(996))).status, 200)
    assert.strictEqual((yield* portal.update(keys(997))).status, 500)
    assert.strictEqual((yield* portal.update({ Summary: "x".repeat(4 * 1024 * 1024) })).status, 500)
  })

  onPortal("refuses a conversation longer than 32,000 characters", function* (portal) {
    assert.strictEqual((yield* portal.update({ Conversation: "x".repeat(32_000) })).json.LeadID, 248199)
    assert.strictEqual((yield* portal.update({ Conversation: "x".repeat(32_001) })).json.Success, false)
  })
})
