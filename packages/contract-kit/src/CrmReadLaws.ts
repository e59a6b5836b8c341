/** Reading records and catalogues: what is there, what is not, and answers that cannot be trusted. */
import { statusKey } from "@casewire/core/domain/StatusSync"
import { assert } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { failsWith } from "./CrmExpectations.ts"
import type { CrmLaw } from "./CrmLaw.ts"
import type { SandboxFault } from "./CrmSandbox.ts"

export const readLaws: ReadonlyArray<CrmLaw> = [
  {
    title: "reads one case with its client, case type and status",
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
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const { cases, status } = sandbox.facts
      const [read] = yield* crm.read({ ids: cases.slice(0, 1) })
      assert.strictEqual(statusKey(read?.status?.name ?? ""), statusKey(status))
      assert.notStrictEqual(read?.status?.raw ?? "", "")
    })
  },
  {
    title: "reads many cases, each once, in the order asked for",
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
    title: "many cases and one case read alike",
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
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      assert.deepStrictEqual(yield* crm.read({ ids: [] }), [])
      assert.deepStrictEqual(yield* sandbox.requestLines, [])
    })
  },
  {
    title: "a case that the CRM does not know is left out",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      assert.deepStrictEqual(yield* crm.read({ ids: [sandbox.facts.unknownCase] }), [])
    })
  },
  {
    title: "an unknown case among known ones is left out, the others are read",
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
  broken("a truncated answer is CrmAnswerInvalid, and nothing is taken from it", "truncated", "CrmAnswerInvalid"),
  broken("an answer about another record is CrmAnswerInvalid", "wrong-record", "CrmAnswerInvalid"),
  broken("an error of the CRM's server is CrmUnreachable", "server-error", "CrmUnreachable"),
  broken("no answer in time is CrmUnreachable", "slow", "CrmUnreachable"),
  {
    title: "after a failed read the next one works",
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
    title: "the catalogue lists case types, statuses and fields",
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
    run: Effect.fnUntraced(function* ({ crm }) {
      const { caseTypes, fields, statuses } = yield* crm.catalog({})
      const lists = [caseTypes.map(({ name }) => name), statuses.map(({ externalId, raw }) => `${externalId} ${raw}`)]
      const keys = fields.map((one) => one.fields.map(({ key }) => key))
      for (const list of [...lists, ...keys]) assert.strictEqual(new Set(list).size, list.length)
    })
  },
  {
    title: "a broken catalogue is CrmAnswerInvalid",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind: "truncated", on: "catalog" })
      yield* failsWith(crm.catalog({}), "CrmAnswerInvalid")
    })
  }
]

function broken(title: string, kind: SandboxFault, tag: "CrmAnswerInvalid" | "CrmUnreachable"): CrmLaw {
  return {
    title,
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      yield* sandbox.setFault({ kind, on: "read" })
      const failure = yield* failsWith(crm.read({ ids: sandbox.facts.cases.slice(0, 1) }), tag)
      assert.isTrue(failure.retryable)
      if (kind === "slow") yield* sandbox.settle
    })
  }
}
