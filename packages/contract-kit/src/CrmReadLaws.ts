/** Reading records and catalogues: what is there, what is not, and answers that cannot be trusted. */
import { statusKey } from "@casewire/core/domain/StatusSync"
import { assert } from "chai"
import { Clock, Effect } from "effect"
import { failsWith } from "./CrmExpectations.ts"
import type { CrmLaw } from "./CrmLaw.ts"
import type { SandboxFault } from "./CrmSandbox.ts"

export const readLaws: ReadonlyArray<CrmLaw> = [
  {
    title: "reads one case with its client, case type and status",
    why: "This is what every other part of Casewire builds on. Decode the answer by a schema and map it; leave out what is blank.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, clientWords } = sandbox.facts
      const [read, ...others] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.deepStrictEqual(others, [])
      assert.strictEqual(read?.externalId, cases[0])
      assert.isDefined(read?.caseType)
      const client = JSON.stringify(read?.client)
      assert.isTrue(
        clientWords.every((word) => client.includes(word)),
        `${clientWords.join(", ")} in ${client}`
      )
    })
  },
  {
    title: "a status is read by its name, and its raw spelling is kept",
    why: "Statuses are matched by `name`, without decorations; `raw` keeps the CRM's own spelling, which a later write needs.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, status } = sandbox.facts
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.strictEqual(statusKey(read?.status?.name ?? ""), statusKey(status))
      assert.notStrictEqual(read?.status?.raw ?? "", "")
    })
  },
  {
    title: "reads many cases, each once, in the order asked for",
    why: "CRMs answer in an order of their own. Build a map by id and answer along the ids that were asked for.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases } = sandbox.facts
      const read = yield* crm.read({ ids: cases })
      assert.deepStrictEqual(
        read.map(({ externalId }) => externalId),
        [...cases]
      )
    })
  },
  {
    title: "a case that is asked for twice is answered once",
    why: "Webhooks of one case come in bursts, so the same id may stand twice in a list. One answer each is enough.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const [first, second] = sandbox.facts.cases
      const read = yield* crm.read({ ids: [first!, second!, first!] })
      assert.deepStrictEqual(
        read.map(({ externalId }) => externalId),
        [first!, second!]
      )
    })
  },
  {
    title: "many cases and one case read alike",
    why: "A list and a single record often have different shapes at the CRM. If they map differently, a case changes back and forth for no reason.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases } = sandbox.facts
      const many = (yield* crm.read({ ids: cases }))[0]
      const [one] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.strictEqual(many?.status?.name, one?.status?.name)
      assert.strictEqual(many?.caseType?.name, one?.caseType?.name)
      assert.strictEqual(many?.updatedAt, one?.updatedAt)
      assert.strictEqual(many?.client.fullName, one?.client.fullName)
    })
  },
  {
    title: "reads many cases in fewer calls than one by one",
    why: "The firm's call limit is shared by everything. Use the CRM's list or batch call where it has one.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases } = sandbox.facts
      const lines = Effect.map(sandbox.requestLines, ({ length }) => length)
      yield* crm.read({ ids: cases.slice(0, 1) })
      const before = yield* lines
      yield* crm.read({ ids: cases.slice(0, 1) })
      const one = (yield* lines) - before
      yield* crm.read({ ids: cases })
      assert.isBelow((yield* lines) - before - one, one * cases.length)
    })
  },
  {
    title: "reads nothing for no ids, and asks for nothing",
    why: 'A list call without ids may mean "all of them" to a CRM.',
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      assert.deepStrictEqual(yield* crm.read({ ids: [] }), [])
      assert.deepStrictEqual(yield* sandbox.requestLines, [])
    })
  },
  {
    title: "a case that the CRM does not know is left out",
    why: "A lead that was deleted is no failure: the others must still be read. Answer without it.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      assert.deepStrictEqual(yield* crm.read({ ids: [sandbox.facts.unknownCase] }), [])
    })
  },
  {
    title: "an unknown case among known ones is left out, the others are read",
    why: 'One deleted lead must not hide its neighbours. Handle "not found" for each id, not for the whole call.',
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, unknownCase } = sandbox.facts
      const read = yield* crm.read({ ids: [cases[1]!, unknownCase, cases[0]!] })
      assert.deepStrictEqual(
        read.map(({ externalId }) => externalId),
        [cases[1]!, cases[0]!]
      )
    })
  },
  {
    title: "what staff changes is read",
    why: "A read is the authority over every webhook. It must not come from a memory of the plugin.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, otherStatuses } = sandbox.facts
      yield* crm.read({ ids: cases.slice(0, 1) })
      yield* sandbox.changeStatus(cases[0]!, otherStatuses[0])
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      const { statuses } = yield* crm.catalog({})
      const listed = statuses.find(({ raw }) => raw === otherStatuses[0])
      assert.strictEqual(statusKey(read?.status?.name ?? ""), statusKey(listed?.name ?? "?"))
    })
  },
  broken(
    "a truncated answer is CrmAnswerInvalid, and nothing is taken from it",
    "Connections break in the middle although the status said 200. Parse the whole body, and decode it by a schema, before anything is used.",
    "truncated",
    "CrmAnswerInvalid"
  ),
  broken(
    "an answer about another record is CrmAnswerInvalid",
    "Shared proxies and vendors' caches mix answers up. Compare the id in the answer with the id that was asked for.",
    "wrong-record",
    "CrmAnswerInvalid"
  ),
  broken(
    "an error of the CRM's server is CrmUnreachable",
    "A 5xx with a page of HTML says nothing about the record. The host tries again later, with growing pauses.",
    "server-error",
    "CrmUnreachable"
  ),
  broken(
    "no answer in time is CrmUnreachable",
    "The host's door ends a call at its deadline and fails with this reason. Let the failure pass through; don't answer an empty list.",
    "slow",
    "CrmUnreachable"
  ),
  {
    title: "records that an answer repeats are read once",
    why: "Paging over a list that changes shows some records twice. Put what came into a map by id.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases } = sandbox.facts
      yield* sandbox.setFault({ kind: "duplicated", on: "read" })
      const read = yield* crm.read({ ids: cases })
      assert.deepStrictEqual(
        read.map(({ externalId }) => externalId),
        [...cases]
      )
    })
  },
  {
    title: "records in another order are read as they were asked for",
    why: "The order of an answer is no promise of any CRM. Answer in the order of the ids.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases } = sandbox.facts
      const sound = yield* crm.read({ ids: cases })
      yield* sandbox.setFault({ kind: "reordered", on: "read" })
      assert.deepStrictEqual(yield* crm.read({ ids: cases }), sound)
    })
  },
  {
    title: "after a failed read the next one works",
    why: "One bad answer must not spoil what the plugin remembers. Keep a token, a list or a page only after it was decoded.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const ids = sandbox.facts.cases.slice(0, 1)
      for (const kind of ["truncated", "server-error", "wrong-record"] as const) {
        yield* sandbox.setFault({ kind, on: "read" })
        yield* Effect.exit(crm.read({ ids }))
        assert.strictEqual((yield* crm.read({ ids })).length, 1)
      }
    })
  },
  {
    title: "a rate limit is CrmRateLimited with the time from which calls are taken again",
    why: "The host's door reads `Retry-After` and holds back the firm's further calls. Let its failure pass through unchanged.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "rate-limited", on: "read", retryAfterSeconds: 7 })
      const now = yield* Clock.currentTimeMillis
      const { reason, retryable } = yield* failsWith(
        crm.read({ ids: sandbox.facts.cases.slice(0, 1) }),
        "CrmRateLimited"
      )
      assert.isTrue(retryable)
      if (reason._tag !== "CrmRateLimited") return
      assert.isAtLeast(reason.until ?? 0, now + 6000)
      assert.isAtMost(reason.until ?? 0, now + 12_000)
    })
  },
  {
    title: "a rate limit without a time is CrmRateLimited too",
    why: "Not every CRM says when to come back. The door then waits by itself; the plugin must not make it another reason.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "rate-limited", on: "read" })
      const before = yield* Clock.currentTimeMillis
      const ids = sandbox.facts.cases.slice(0, 1)
      const { reason, retryable } = yield* failsWith(crm.read({ ids }), "CrmRateLimited")
      assert.isTrue(retryable)
      if (reason._tag === "CrmRateLimited" && reason.until !== null) assert.isAtLeast(reason.until, before)
    })
  },
  {
    title: "the catalogue lists case types, statuses and fields",
    why: "Firms map their statuses and fields from this list. `raw` must be the CRM's exact spelling.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { caseTypes, fields, statuses } = yield* crm.catalog({})
      const raw = statuses.map((status) => status.raw)
      for (const status of [sandbox.facts.status, ...sandbox.facts.otherStatuses]) assert.include(raw, status)
      const names = caseTypes.map(({ name }) => name)
      const listed = fields.flatMap((one) => [...one.fields])
      assert.include(
        listed.map(({ key }) => key),
        sandbox.facts.field
      )
      for (const { caseType } of fields) assert.include(names, caseType)
      for (const { inputType, key, label } of listed)
        assert.isTrue([inputType, key, label].every((text) => text !== ""))
    })
  },
  {
    title: "the catalogue lists nothing twice",
    why: "A choice that stands in a list twice cannot be made. CRMs repeat entries for each team or page.",
    run: Effect.fnUntraced(function* ({ crm }) {
      const { caseTypes, fields, statuses } = yield* crm.catalog({})
      const lists = [caseTypes.map(({ name }) => name), statuses.map(({ externalId, raw }) => `${externalId} ${raw}`)]
      const keys = fields.map((one) => one.fields.map(({ key }) => key))
      for (const list of [...lists, ...keys]) assert.strictEqual(new Set(list).size, list.length)
    })
  },
  {
    title: "a broken catalogue is CrmAnswerInvalid",
    why: "Half a list would delete mappings in the eyes of the firm. Either the whole list came, or the call fails.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "truncated", on: "catalog" })
      yield* failsWith(crm.catalog({}), "CrmAnswerInvalid")
    })
  }
]

function broken(title: string, why: string, kind: SandboxFault, tag: "CrmAnswerInvalid" | "CrmUnreachable"): CrmLaw {
  return {
    title,
    why,
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind, on: "read" })
      const failure = yield* failsWith(crm.read({ ids: sandbox.facts.cases.slice(0, 1) }), tag)
      assert.isTrue(failure.retryable)
      if (kind === "slow") yield* sandbox.settle
    })
  }
}
