/** The named checks of a connection: which there are, in which order, and that the two APIs are judged apart. */
import type { CrmRequest } from "@casewire/core/ports/CrmHttp"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type Canned, data, json, withAnswers } from "./CannedCrmHttp.ts"

const lead = {
  LeadId: 248199,
  DisplayName: "Ana Lee",
  Contact: null,
  UpdateDateTime: "2026-09-15T23:30:00+00:00",
  CaseType: "Harbor MVA",
  Status: "New Lead"
}

const legacyAnswer = ({ body }: CrmRequest) =>
  body?._tag === "Form" && new Map(body.fields).get("LeadID") === "248199"
    ? '{"LeadID":248199,"Status":"New Lead"}'
    : '{"Success":false,"Error":"Lead not found"}'

/** A portal where everything works, but for what a test changes. */
const portal =
  (changed: Canned = () => undefined): Canned =>
  (request: CrmRequest) => {
    const answer = changed(request)
    if (answer !== undefined) return answer
    if (request.origin === "legacy") return { body: legacyAnswer(request) }
    if (request.path.endsWith("SearchInboxItems")) return data([lead], 1)
    if (request.path.endsWith("GetLead")) return data(lead)
    return request.path.endsWith("GetCaseTypes") ? data([{ Id: 222, Name: "Harbor MVA" }]) : undefined
  }

const verified = (changed?: Canned) =>
  Effect.andThen(
    TestClock.setTime(Date.parse("2026-09-16T12:00:00Z")),
    withAnswers(portal(changed), (crm) => Stream.runCollect(crm.verify))
  )
const names = (checks: Effect.Success<ReturnType<typeof verified>>) =>
  checks.map(({ name, ok }) => (ok ? name : `not ${name}`))

describe("a connection is verified", () => {
  it.effect("by named checks in the order in which they depend on each other", () =>
    Effect.map(verified(), (checks) =>
      assert.deepStrictEqual(names(checks), [
        "reachable",
        "signed-in",
        "advanced-api",
        "case-types",
        "one-lead",
        "key",
        "clock"
      ])
    )
  )

  it.effect(
    "with the Advanced API off: that is said with whom to write to, and the legacy API passes all the same",
    () =>
      Effect.map(
        verified(({ origin }) => (origin === "advanced" ? { status: 403 } : undefined)),
        (checks) => {
          assert.includeMembers(names(checks), ["signed-in", "not advanced-api", "key"])
          const { detail, required } = checks.find(({ name }) => name === "advanced-api")!
          assert.isTrue(required)
          assert.match(detail, /Advanced API is not on .*support@lawruler\.com.*higher rate limits/)
        }
      )
  )

  it.effect("with a legacy key that is refused: that is said, and the Advanced API passes all the same", () =>
    Effect.map(
      verified(({ origin }) => (origin === "legacy" ? { body: "Error: Invalid Key" } : undefined)),
      (checks) => {
        assert.includeMembers(names(checks), ["advanced-api", "case-types", "one-lead", "not key"])
        assert.strictEqual(checks.find(({ name }) => name === "key")?.field, "key")
      }
    )
  )

  it.effect("with a wrong password: nothing that needs the sign-in is tried", () =>
    Effect.map(
      verified(({ origin }) => (origin === "auth" ? json({ error: "invalid_grant" }, 400) : undefined)),
      (checks) => assert.deepStrictEqual(names(checks), ["reachable", "not signed-in", "key"])
    )
  )

  it.effect("with clocks that differ: that is a warning and stops nothing", () =>
    Effect.map(
      verified(({ path }) =>
        path.endsWith("SearchInboxItems")
          ? data([{ ...lead, UpdateDateTime: "2026-09-16T09:30:00+00:00" }], 1)
          : undefined
      ),
      (checks) => {
        const { detail, ok, required } = checks.find(({ name }) => name === "clock")!
        assert.deepStrictEqual([ok, required], [false, false])
        assert.include(detail, "90 minutes ahead")
      }
    )
  )
})
