/** What is told of a connection and of the host, from facts: each code once by the facts that bring it about. */
import { type ConnectionFacts, diagnoseConnection, type FindingCode, severities } from "@casewire/core/domain/Diagnosis"
import { diagnoseHost, type HostFacts, isSupported, type MachineFacts } from "@casewire/core/domain/HostDiagnosis"
import { allOff } from "@casewire/core/domain/Toggles"
import { assert, describe, it } from "@effect/vitest"

const now = 1_767_603_600_000
const hour = 3_600_000
const day = 24 * hour
const on = { ...allOff, enabled: true, receive: true, send: true, sendMessages: true, sendFields: true }

const well: ConnectionFacts = {
  now,
  casesLookedAt: 100,
  connection: {
    state: "connected",
    toggles: on,
    health: { lastSync: now - 60_000, lastStatusPull: null, lastStatusPush: null, lastWebhook: now - hour },
    caseTypeLinks: [{ crmCaseType: { name: "Injury" }, platformCaseType: "Injury" }],
    webhookTokenAt: now - day,
    createdAt: now - 30 * day
  },
  lastWebhook: now - hour,
  wasTested: true,
  refused: { count: 0, fields: [] },
  nextCall: now,
  notesSent: false,
  dead: { count: 0, reasons: [] },
  uncertain: { count: 0, reasons: [] },
  baselinePending: 0,
  unverified: 0,
  skipped: {},
  words: {
    notesPlace: "Notes, category Client",
    hints: ["Webhooks fire when a status changes.", "Click Send via Webhook."]
  }
}
const { webhookTokenAt: _none, ...untokened } = well.connection
const connection = (change: Partial<ConnectionFacts["connection"]>): Partial<ConnectionFacts> => ({
  connection: { ...well.connection, ...change }
})
const never = { lastWebhook: null, wasTested: false }

const cases: ReadonlyArray<readonly [FindingCode, Partial<ConnectionFacts>, RegExp]> = [
  ["not-connected", connection({ state: "new" }), /never checked/],
  ["sign-in-failed", connection({ state: "reconnect-needed" }), /refused the sign-in/],
  ["disconnected", connection({ state: "disconnected" }), /ended/],
  ["erasing", connection({ state: "erasing" }), /is being removed/],
  ["enable-off", connection({ toggles: allOff }), /Enable integration is off/],
  ["receive-off", connection({ toggles: { ...on, receive: false } }), /Receive data is off/],
  ["send-off", connection({ toggles: { ...on, send: false } }), /Send data is off/],
  ["nothing-selected", connection({ toggles: { ...on, sendMessages: false, sendFields: false } }), /no kind of data/],
  ["webhook-token-missing", { ...never, connection: untokened }, /No webhook URL was ever made/],
  ["webhook-never", never, /No webhook has arrived yet/],
  ["webhook-only-tested", { ...never, wasTested: true }, /test button/],
  ["webhook-silent", { lastWebhook: now - 8 * day }, /since 2025-12-28/],
  ["webhook-trigger", never, /fire when a status changes/],
  [
    "webhooks-refused",
    { refused: { count: 2, fields: ["Lead ID", "Status"] } },
    /^2 webhooks were refused .* because of Lead ID, Status\.$/
  ],
  ["status-resume-asked", connection({ statusOffSince: 1, toggles: { ...on, syncStatuses: true } }), /how to resume/],
  ["case-types-unlinked", connection({ caseTypeLinks: [] }), /No case type is linked/],
  ["calls-wait", { nextCall: now + 7000 }, /in 7 seconds/],
  ["sync-late", connection({ health: { ...well.connection.health, lastSync: now - 2 * hour } }), /07:00 UTC/],
  [
    "list-lacks-cases",
    connection({
      sweep: { jobId: "1", startedAt: 1, endedAt: 2, pages: 1, cases: 9, changed: 0, absent: 3, alarm: true }
    }),
    /lacked 3 known cases/
  ],
  ["unverified-cases", { unverified: 1 }, /newest 100 cases, 1 case is not verified/],
  ["baseline-pending", { baselinePending: 4 }, /4 cases wait/],
  ["dead-jobs", { dead: { count: 1, reasons: ["CrmRefused"] } }, /^1 job has failed for good \(CrmRefused\)\.$/],
  ["uncertain-jobs", { uncertain: { count: 2, reasons: [] } }, /^Of 2 jobs/],
  ["messages-are-notes", { notesSent: true }, /under Notes, category Client/],
  [
    "documents-skipped",
    { skipped: { type: 2, "too-large": 1 } },
    /3 documents were not taken \(too-large: 1, type: 2\)/
  ]
]

const machine: MachineFacts = {
  nodeVersion: "v26.10.0",
  deniesPluginSockets: true,
  store: [{ setting: "synchronous", expected: "2 or 3", found: "2", ok: true }],
  clockStepMs: 20,
  disk: { freeBytes: 50, totalBytes: 100 }
}
const host: HostFacts = { now, isWritable: true, machine, waiting: 3, oldestDue: now - 60_000 }
const of = (change: Partial<MachineFacts>): Partial<HostFacts> => ({ machine: { ...machine, ...change } })

const hostCases: ReadonlyArray<readonly [FindingCode, Partial<HostFacts>, RegExp]> = [
  ["storage-not-writable", { isWritable: false }, /cannot be written/],
  [
    "storage-setting",
    of({ store: [{ setting: "synchronous", expected: "2 or 3", found: "1", ok: false }] }),
    /synchronous is 1/
  ],
  ["node-version", of({ nodeVersion: "v24.18.0" }), /v24\.18\.0 is not supported/],
  ["plugin-network", of({ deniesPluginSockets: false }), /discouraged and not kept/],
  ["clock-step", of({ clockStepMs: -61_000 }), /by -61 seconds/],
  ["disk-low", of({ disk: { freeBytes: 9, totalBytes: 100 } }), /Only 9 %/],
  ["queue-late", { oldestDue: now - 16 * 60_000 }, /3 jobs wait/]
]

describe("a diagnosis", () => {
  it("finds nothing where all is well", () => {
    assert.deepStrictEqual(diagnoseConnection(well), [])
    assert.deepStrictEqual(diagnoseHost(host), [])
  })

  it.each(cases)("of a connection says %s for %j", (code, change, explanation) => {
    const found = diagnoseConnection({ ...well, ...change }).filter((each) => each.code === code)
    assert.lengthOf(found, 1)
    assert.match(found[0]!.explanation, explanation)
  })

  it.each(hostCases)("of the host says %s for %j", (code, change, explanation) => {
    const found = diagnoseHost({ ...host, ...change })
    assert.deepStrictEqual(
      found.map((each) => each.code),
      [code]
    )
    assert.match(found[0]!.explanation, explanation)
  })

  it("has a case here for every code there is, each with one sentence of explanation and one of what to do", () => {
    assert.deepStrictEqual([...cases, ...hostCases].map(([code]) => code).sort(), Object.keys(severities).sort())
    const findings = [
      ...cases.flatMap(([, change]) => diagnoseConnection({ ...well, ...change })),
      ...hostCases.flatMap(([, change]) => diagnoseHost({ ...host, ...change }))
    ]
    for (const { code, explanation, fix, severity } of findings) {
      assert.strictEqual(severity, severities[code])
      for (const sentence of [explanation, fix]) assert.match(sentence, /^[A-Z0-9][^\n]*\.$/, code)
    }
  })

  it("says of a connection that was ended that it was ended, and no more of its set-up", () => {
    const ended = { ...well, ...never, ...connection({ state: "disconnected", toggles: allOff }) }
    assert.deepStrictEqual(
      diagnoseConnection(ended).map(({ code }) => code),
      ["disconnected"]
    )
  })

  it("takes a webhook that came as proof that its URL was made, also where nobody wrote down when", () => {
    assert.deepStrictEqual(diagnoseConnection({ ...well, connection: untokened }), [])
  })

  it.each([
    ["v24.18.0", false],
    ["v24.18.1", true],
    ["v24.21.0", true],
    ["v25.9.0", false],
    ["v26.0.0", true],
    ["v27.1.2", true],
    ["v22.20.0", false]
  ])("supports Node %s: %s", (version, isIt) => {
    assert.strictEqual(isSupported(version), isIt)
  })
})
