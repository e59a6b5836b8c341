/** Setting a status: by the name people use, in the CRM's own spelling, and never one that the CRM does not list. */
import { statusKey } from "@casewire/core/domain/StatusSync"
import { assert } from "chai"
import { Effect } from "effect"
import { failsWith, type ReasonTag } from "./CrmExpectations.ts"
import type { CrmLaw, CrmTrial } from "./CrmLaw.ts"
import type { SandboxFault } from "./CrmSandbox.ts"

const statusNow = ({ sandbox }: CrmTrial) =>
  Effect.map(sandbox.caseNow(sandbox.facts.cases[0]!), ({ status }) => status)

const law = (title: string, why: string, run: CrmLaw["run"]): CrmLaw => ({ title, why, capability: "statuses", run })

/** A push that fails: with which reason, and what the CRM holds afterwards. */
const failing = (title: string, why: string, kind: SandboxFault, tag: ReasonTag, holds: "before" | "after"): CrmLaw =>
  law(
    title,
    why,
    Effect.fnUntraced(function* (trial) {
      const { cases, otherStatuses, status } = trial.sandbox.facts
      yield* trial.sandbox.setFault({ kind, on: "setStatus", retryAfterSeconds: 3 })
      yield* failsWith(trial.crm.setStatus({ id: cases[0]!, status: otherStatuses[0] }), tag)
      if (kind === "late-commit") yield* trial.sandbox.settle
      assert.strictEqual(yield* statusNow(trial), holds === "after" ? otherStatuses[0] : status)
    })
  )

export const statusLaws: ReadonlyArray<CrmLaw> = [
  law(
    "a status is set by its exact name",
    "This is the plain case: the CRM's list is asked, its spelling is sent.",
    Effect.fnUntraced(function* (trial) {
      const { cases, otherStatuses } = trial.sandbox.facts
      yield* trial.crm.setStatus({ id: cases[0]!, status: otherStatuses[1] })
      assert.strictEqual(yield* statusNow(trial), otherStatuses[1])
    })
  ),
  law(
    "a status is set by the name people use, in the CRM's own spelling",
    "People type other capitals and blanks. Compare by `statusKey` and send `raw`.",
    Effect.fnUntraced(function* (trial) {
      const { cases, otherStatusFolded, otherStatuses } = trial.sandbox.facts
      assert.notStrictEqual(otherStatusFolded, otherStatuses[0])
      yield* trial.crm.setStatus({ id: cases[0]!, status: otherStatusFolded })
      assert.strictEqual(yield* statusNow(trial), otherStatuses[0])
    })
  ),
  law(
    "a status as the catalogue names it is set",
    "Mappings are made from the catalogue, so its names must lead back to the same status.",
    Effect.fnUntraced(function* (trial) {
      const { cases, otherStatuses } = trial.sandbox.facts
      const { statuses } = yield* trial.crm.catalog({})
      const named = statuses.find(({ raw }) => raw === otherStatuses[0])
      yield* trial.crm.setStatus({ id: cases[0]!, status: named?.name ?? "" })
      assert.strictEqual(yield* statusNow(trial), otherStatuses[0])
    })
  ),
  law(
    "what was set is read",
    "The host confirms its write by a read, and counts the echo as settled.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      yield* crm.setStatus({ id: cases[0]!, status: otherStatuses[0] })
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      const { statuses } = yield* crm.catalog({})
      const named = statuses.find(({ raw }) => raw === otherStatuses[0])
      assert.strictEqual(statusKey(read?.status?.name ?? ""), statusKey(named?.name ?? "?"))
    })
  ),
  law(
    "setting the present status changes nothing and succeeds",
    "A push that was repeated after a lost answer must not fail.",
    Effect.fnUntraced(function* (trial) {
      const { cases, status } = trial.sandbox.facts
      yield* trial.crm.setStatus({ id: cases[0]!, status })
      assert.strictEqual(yield* statusNow(trial), status)
    })
  ),
  law(
    "a status that the CRM does not list is refused, and nothing is sent for it",
    "Some CRMs create a status for any word that comes. Look it up in the list first.",
    Effect.fnUntraced(function* (trial) {
      const { cases, status, unknownStatus } = trial.sandbox.facts
      const { retryable } = yield* failsWith(
        trial.crm.setStatus({ id: cases[0]!, status: unknownStatus }),
        "CrmRefused"
      )
      assert.isFalse(retryable)
      assert.strictEqual(yield* statusNow(trial), status)
    })
  ),
  law(
    "a status is set for that case alone",
    "Bulk endpoints take filters; a filter that is ignored moves every lead of the firm.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const others = cases.slice(1)
      const before = yield* Effect.forEach(others, sandbox.caseNow)
      yield* crm.setStatus({ id: cases[0]!, status: otherStatuses[0] })
      assert.deepStrictEqual(yield* Effect.forEach(others, sandbox.caseNow), before)
    })
  ),
  law(
    "setting a status changes nothing else of the case",
    "Some update calls take a whole record and blank what is not named.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      const before = yield* sandbox.caseNow(cases[0]!)
      yield* crm.setStatus({ id: cases[0]!, status: otherStatuses[0] })
      assert.deepStrictEqual(yield* sandbox.caseNow(cases[0]!), { ...before, status: otherStatuses[0] })
    })
  ),
  law(
    "a status for a case that the CRM does not know is CrmNotFound",
    "The push ends at once and is listed for the firm.",
    Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { otherStatuses, unknownCase } = sandbox.facts
      yield* failsWith(crm.setStatus({ id: unknownCase, status: otherStatuses[0] }), "CrmNotFound")
    })
  ),
  failing(
    "a lost answer to a status is CrmOutcomeUnknown, though the CRM holds it",
    "The host reads the case and sees what became of it.",
    "answer-lost",
    "CrmOutcomeUnknown",
    "after"
  ),
  failing(
    "a status that is written late is CrmOutcomeUnknown, though the CRM gets it",
    "Silence is not failure: the host waits for the latest possible commit before it looks.",
    "late-commit",
    "CrmOutcomeUnknown",
    "after"
  ),
  failing(
    "a truncated answer to a status is no success: CrmOutcomeUnknown",
    "Decode the whole answer before the push counts as done.",
    "truncated",
    "CrmOutcomeUnknown",
    "after"
  ),
  failing(
    "an answer about another record is no success: CrmOutcomeUnknown",
    "The write may have gone anywhere. The host reads the case and decides.",
    "wrong-record",
    "CrmOutcomeUnknown",
    "after"
  ),
  failing(
    "a server error to a status is CrmOutcomeUnknown",
    "The host reads before it pushes again.",
    "server-error",
    "CrmOutcomeUnknown",
    "before"
  ),
  failing(
    "a rate limit to a status is CrmRateLimited, and nothing is changed",
    "The host sends again later. Let the door's failure pass.",
    "rate-limited",
    "CrmRateLimited",
    "before"
  )
]
