import { noticeOf } from "@casewire/core/domain/Notice"
import { type Case, type CaseEvent, CaseId, ClientId, ExternalCaseId, type Standing } from "@casewire/core/domain/Case"
import { unknownValue } from "@casewire/core/domain/Merge"
import {
  afterAttempt,
  checkSubscription,
  isWanted,
  retrySchedule,
  type Subscription,
  SubscriptionId,
  type SubscriptionInput
} from "@casewire/core/domain/Subscription"
import { assert, describe, it } from "@effect/vitest"
import { firmId } from "./FakeCrm.ts"
import { connectionId } from "./Rehearsal.ts"

const makeCase = (standing: Standing): Case => ({
  id: CaseId.make("case"),
  firmId,
  connectionId,
  externalId: ExternalCaseId.make("42"),
  clientId: ClientId.make("client"),
  standing,
  name: "Ana Lee",
  caseType: { name: "Injury" },
  status: unknownValue,
  reported: null,
  fields: {},
  values: {},
  dirtySince: null,
  receiveNumber: 0,
  createdAt: 0,
  updatedAt: 0,
  externalCreatedAt: null,
  externalUpdatedAt: null,
  verifiedAt: null
})

const makeEvent = (change: Partial<CaseEvent>): CaseEvent => ({
  id: "event",
  firmId,
  caseId: CaseId.make("case"),
  at: 0,
  kind: "created",
  cause: "job",
  before: null,
  after: null,
  ...change
})

const subscription: Subscription = {
  id: SubscriptionId.make("sub"),
  firmId,
  name: "Tools",
  url: "https://tools.example/hooks",
  events: [],
  caseTypes: [],
  campaigns: [],
  active: true,
  disabledReason: null,
  createdAt: 0,
  updatedAt: 0
}

describe("which webhooks a subscription wants", () => {
  const injury = { type: "case_created", caseTypes: ["Injury", "Motor"] } as const
  const call = { type: "call_ended", caseTypes: ["Injury"], campaignId: "7" } as const
  it.each([
    { change: {}, happening: injury, wanted: true, why: "an empty list of events is all of them" },
    { change: { events: ["case_created"] }, happening: injury, wanted: true, why: "the event is named" },
    { change: { events: ["note_sent"] }, happening: injury, wanted: false, why: "another event is named" },
    { change: { caseTypes: ["motor "] }, happening: injury, wanted: true, why: "the platform's case type is named" },
    { change: { caseTypes: ["Work"] }, happening: injury, wanted: false, why: "another case type is named" },
    { change: { campaigns: ["7"] }, happening: call, wanted: true, why: "the campaign is named" },
    { change: { campaigns: ["8"] }, happening: call, wanted: false, why: "another campaign is named" },
    { change: { active: false }, happening: injury, wanted: false, why: "it is off" },
    {
      change: { active: false },
      happening: { type: "webhook_test", caseTypes: [] },
      wanted: true,
      why: "a test comes through"
    }
  ] as const)("$wanted: $why", ({ change, happening, wanted }) => {
    assert.strictEqual(isWanted({ ...subscription, ...change }, happening), wanted)
  })
})

describe("what is wrong with a subscription", () => {
  const input: SubscriptionInput = { ...subscription, name: "Tools" }
  it.each([
    [{ name: " ab " }, "name too-short"],
    [{ name: "x".repeat(201) }, "name too-long"],
    [{ campaigns: ["7"] }, "campaigns only-for-call-events"],
    [{ campaigns: ["7"], events: ["call_ended", "message_sent"] }, "campaigns only-for-call-events"],
    [{ campaigns: ["7"], events: ["call_ended", "note_sent"] }, "campaigns only-for-call-events"],
    [{ events: ["note_sent", "note_sent"] }, "events repeated"],
    [{ caseTypes: [" "] }, "caseTypes empty"]
  ] as ReadonlyArray<[Partial<SubscriptionInput>, string]>)("%j: %s", (change, problem) => {
    assert.deepStrictEqual(
      checkSubscription({ ...input, ...change }).map(({ code, field }) => `${field} ${code}`),
      [problem]
    )
  })

  it("nothing is wrong with a campaign filter on call events", () => {
    const events = ["call_ended", "call_analyzed"] as const
    assert.deepStrictEqual(checkSubscription({ ...input, campaigns: ["7"], events }), [])
  })
})

describe("what follows from an attempt", () => {
  const after = (attempts: number, status: number | null, more: { retryAfter?: number; jitter?: number } = {}) =>
    afterAttempt({ attempts, status, now: 1000, retryAfter: null, jitter: 0, ...more })

  it("a 2xx is delivered, and a 410 ends the subscription", () => {
    assert.deepStrictEqual(
      [after(1, 200)._tag, after(1, 204)._tag, after(1, 410)._tag],
      ["Delivered", "Delivered", "Gone"]
    )
  })
  it("anything else is tried again by the schedule, eight times in all", () => {
    assert.deepStrictEqual(
      retrySchedule.map((_, index) => after(index + 1, 500)),
      retrySchedule.map((delay) => ({ _tag: "Retry" as const, at: 1000 + delay }))
    )
    assert.lengthOf(retrySchedule, 7)
    assert.strictEqual(after(retrySchedule.length + 1, 500)._tag, "GiveUp")
    assert.strictEqual(after(retrySchedule.length + 1, null)._tag, "GiveUp")
  })
  it("an answer that blames the webhook is asked for three times only", () => {
    assert.deepStrictEqual([after(2, 400)._tag, after(3, 400)._tag, after(3, 429)._tag], ["Retry", "GiveUp", "Retry"])
  })
  it("a Retry-After that lies further away is kept, and delays are spread by up to a tenth", () => {
    assert.deepStrictEqual(after(1, 503, { retryAfter: 60_000 }), { _tag: "Retry", at: 60_000 })
    assert.deepStrictEqual(after(1, 503, { retryAfter: 2000 }), { _tag: "Retry", at: 6000 })
    assert.deepStrictEqual(after(1, 500, { jitter: 0.5 }), { _tag: "Retry", at: 1000 + 5250 })
  })
})

describe("which lines of a history are told", () => {
  it.each([
    ["verified", { kind: "created" }, "case_created"],
    ["provisional", { kind: "created" }, null],
    ["verified", { kind: "status-applied", before: "New", after: "Signed" }, "case_status_changed"],
    ["verified", { kind: "status-applied", before: null, after: "New" }, null],
    ["unverified", { kind: "status-applied", before: null, after: "New" }, "case_status_changed"],
    ["provisional", { kind: "status-applied", before: null, after: "New" }, null],
    ["provisional", { kind: "status-edited", before: null, after: "New" }, null],
    ["verified", { kind: "status-edited", before: "New", after: "Signed" }, "case_status_changed"],
    ["verified", { kind: "status-reported" }, null],
    ["verified", { kind: "status-pushed" }, null],
    ["verified", { kind: "standing-changed", before: "provisional", after: "verified" }, "case_created"],
    ["unverified", { kind: "standing-changed", before: "provisional", after: "unverified" }, "case_created"],
    ["quarantined", { kind: "standing-changed", before: "provisional", after: "quarantined" }, null],
    ["missing", { kind: "standing-changed", before: "verified", after: "missing" }, "case_updated"],
    ["verified", { kind: "field-applied", field: "injury" }, "case_updated"],
    ["verified", { kind: "details-changed", before: "{}", after: '{"caseType":"Work"}' }, "case_updated"],
    ["verified", { kind: "details-reported", before: "{}", after: '{"fields.x":"1"}' }, null],
    ["verified", { kind: "client-changed", before: "{}", after: '{"client.phone":"1"}' }, "client_updated"],
    ["verified", { kind: "note-sent", after: "n1 n2" }, "note_sent"],
    ["verified", { kind: "status-superseded" }, "conflict_recorded"],
    ["verified", { kind: "field-overwritten", field: "injury" }, "conflict_recorded"],
    ["verified", { kind: "conflict-settled" }, null]
  ] as ReadonlyArray<[Standing, Partial<CaseEvent>, string | null]>)("%s case, %j: %s", (standing, change, type) => {
    assert.strictEqual(noticeOf(makeCase(standing), makeEvent(change))?.type ?? null, type)
  })

  it("a webhook names what changed and never a client's value", () => {
    const of = makeCase("verified")
    const change = { before: '{"fields.Injury":"neck"}', after: '{"fields.Injury":"back"}' }
    const event = makeEvent({ kind: "details-changed", ...change })
    assert.deepStrictEqual(noticeOf(of, event)?.data["changed"], ["fields.Injury"])
    assert.notInclude(JSON.stringify(noticeOf(of, event)), "neck")
  })
})
