import {
  allOff,
  heldBy,
  intake,
  isFieldSyncEffective,
  outbound,
  type OutboundKind,
  type Toggles
} from "@casewire/core/domain/Toggles"
import { CaseId, ExternalCaseId } from "@casewire/core/domain/Case"
import { assert, describe, it } from "@effect/vitest"

const allOn = Object.fromEntries(Object.keys(allOff).map((name) => [name, true])) as unknown as Toggles
const without = (...names: ReadonlyArray<keyof Toggles>): Toggles => ({
  ...allOn,
  ...Object.fromEntries(names.map((name) => [name, false]))
})

describe("the toggle table", () => {
  const own: Readonly<Record<OutboundKind, keyof Toggles>> = {
    message: "sendMessages",
    call: "sendCalls",
    document: "sendDocuments",
    field: "sendFields",
    status: "syncStatuses"
  }
  for (const [kind, name] of Object.entries(own) as ReadonlyArray<[OutboundKind, keyof Toggles]>) {
    it(`sends a ${kind} while Enable, Send and its own switch are on`, () => {
      assert.deepStrictEqual(outbound(kind, allOn), { _tag: "Send" })
    })
    for (const off of ["enabled", "send", name] as const) {
      const fate = kind === "status" ? "Hold" : "Drop"
      it(`${fate === "Hold" ? "holds" : "does not queue"} a ${kind} while ${off} is off, and says why`, () => {
        const verdict = outbound(kind, without(off))
        assert.strictEqual(verdict._tag, fate)
        assert.isTrue("reason" in verdict && verdict.reason.endsWith("is off"))
      })
    }
  }

  it("needs Receive for fields and for nothing else that goes out", () => {
    assert.strictEqual(outbound("field", without("receive"))._tag, "Drop")
    for (const kind of ["message", "call", "document", "status"] as const)
      assert.strictEqual(outbound(kind, without("receive"))._tag, "Send")
    assert.isFalse(isFieldSyncEffective(without("receive")))
    assert.isTrue(isFieldSyncEffective(allOn))
  })

  it.each([
    { off: "enabled", reason: "integration-disabled" },
    { off: "receive", reason: "receive-disabled" }
  ] as const)("ignores a webhook while $off is off, with the reason $reason", ({ off, reason }) => {
    assert.deepStrictEqual(intake(without(off)), { _tag: "Ignore", reason })
  })

  it("lets waiting work start exactly when its switches are on", () => {
    const ids = { caseId: CaseId.make("c"), externalCaseId: ExternalCaseId.make("1"), eventId: "e" }
    const note = { _tag: "AddNote", ...ids, source: "call", parts: [] } as const
    const push = { _tag: "PushStatus", ...ids, target: "Signed" } as const
    const read = { _tag: "ReadCase", externalCaseId: ids.externalCaseId } as const
    assert.isUndefined(heldBy(note, allOn))
    assert.isUndefined(heldBy(note, without("sendMessages")))
    assert.isString(heldBy(note, without("sendCalls")))
    assert.isString(heldBy(push, without("syncStatuses")))
    assert.isUndefined(heldBy(push, without("receive")))
    assert.isString(heldBy(read, without("receive")))
    assert.isUndefined(heldBy(read, without("send")))
  })
})
