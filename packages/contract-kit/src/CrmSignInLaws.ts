/** Signing in: what `verify` shows, and how wrong credentials fail. */
import { assert } from "chai"
import { Effect, Stream } from "effect"
import { failsWith } from "./CrmExpectations.ts"
import type { CrmLaw } from "./CrmLaw.ts"

export const signInLaws: ReadonlyArray<CrmLaw> = [
  {
    title: "good credentials pass every check",
    why: "People see these checks when they connect. A check that fails although all is well sends them to their CRM's support for nothing. Give each check a name of its own: the console shows them by name.",
    run: Effect.fnUntraced(function* ({ crm }) {
      const checks = [...(yield* Stream.runCollect(crm.verify))]
      assert.isAbove(checks.length, 1)
      assert.deepStrictEqual(
        checks.filter(({ ok }) => !ok),
        []
      )
      assert.strictEqual(new Set(checks.map(({ name }) => name)).size, checks.length, "a check's name comes once")
    })
  },
  {
    title: "every check has a label and says what was found or what to do",
    why: "A red mark alone helps nobody. Say in `detail` what was found, or what the person at the form does next.",
    run: Effect.fnUntraced(function* ({ crm, open, sandbox }) {
      const checks = [...(yield* Stream.runCollect(crm.verify))]
      const failed = [...(yield* Stream.runCollect((yield* open(sandbox.facts.lockedOut)).verify))]
      for (const { detail, label } of [...checks, ...failed]) {
        assert.notStrictEqual(label.trim(), "")
        assert.notStrictEqual(detail.trim(), "")
      }
    })
  },
  {
    title: "a wrong credential is a failed check that names its field",
    why: "The form puts the cursor into the field that `field` names. Look at the CRM's own error code: it often tells which value it refused.",
    run: Effect.fnUntraced(function* ({ open, plugin, sandbox }) {
      const names = plugin.manifest.credentials.map(({ name }) => name)
      for (const { field, named, value } of sandbox.facts.wrongCredentials) {
        assert.include(names, named)
        const crm = yield* open({ [field]: value })
        const failed = [...(yield* Stream.runCollect(crm.verify))].filter(({ ok, required }) => required && !ok)
        assert.deepStrictEqual([...new Set(failed.map((check) => check.field))], [named], `with a wrong ${field}`)
      }
    })
  },
  {
    title: "a call with credentials that are refused fails with CrmAuthFailed",
    why: "The host stops all work of the connection at `CrmAuthFailed` and asks a person. Any other reason would be tried again for hours.",
    run: Effect.fnUntraced(function* ({ open, sandbox }) {
      const crm = yield* open(sandbox.facts.lockedOut)
      const failure = yield* failsWith(crm.read({ ids: sandbox.facts.cases.slice(0, 1) }), "CrmAuthFailed")
      assert.isFalse(failure.retryable)
    })
  },
  {
    title: "after a refused sign-in no further call leaves, so that nobody is locked out",
    why: "Many CRMs lock a user after a few wrong passwords. Remember a refusal in the plugin and answer the next calls from memory.",
    run: Effect.fnUntraced(function* ({ open, sandbox }) {
      const crm = yield* open(sandbox.facts.lockedOut)
      const ids = sandbox.facts.cases.slice(0, 1)
      yield* failsWith(crm.read({ ids }), "CrmAuthFailed")
      const before = yield* sandbox.requestLines
      yield* failsWith(crm.read({ ids }), "CrmAuthFailed")
      assert.deepStrictEqual(yield* sandbox.requestLines, before)
    })
  },
  {
    title: "verify asks anew although a sign-in was refused before",
    why: "A person who corrected something at the CRM presses Verify. It must ask the CRM, not the plugin's memory of the refusal.",
    run: Effect.fnUntraced(function* ({ open, sandbox }) {
      const crm = yield* open(sandbox.facts.lockedOut)
      yield* failsWith(crm.read({ ids: sandbox.facts.cases.slice(0, 1) }), "CrmAuthFailed")
      const before = (yield* sandbox.requestLines).length
      yield* Stream.runDrain(crm.verify)
      assert.isAbove((yield* sandbox.requestLines).length, before)
    })
  },
  {
    title: "a login that ended heals itself",
    why: "Sessions end without notice. On the CRM's 401, drop the token, sign in once more and repeat the call once; only then give up.",
    run: Effect.fnUntraced(function* ({ crm, sandbox }) {
      const ids = sandbox.facts.cases.slice(0, 1)
      yield* crm.read({ ids })
      yield* sandbox.setFault({ kind: "expired-login", on: "read" })
      assert.strictEqual((yield* crm.read({ ids })).length, 1)
    })
  },
  {
    title: "calls made side by side share one login",
    why: "After a start many calls come at once. Guard the sign-in with a semaphore, or the first second costs a login for each of them.",
    run: Effect.fnUntraced(function* ({ crm, open, sandbox }) {
      const ids = sandbox.facts.cases.slice(0, 1)
      yield* crm.read({ ids })
      const alone = (yield* sandbox.requestLines).length
      const fresh = yield* open({})
      yield* Effect.all(
        Array.from({ length: 4 }, () => fresh.read({ ids })),
        { concurrency: "unbounded" }
      )
      const together = (yield* sandbox.requestLines).length - alone
      assert.isBelow(together, 4 * alone)
    })
  },
  {
    title: "no secret stands in any request line",
    why: "Addresses end up in logs of proxies and of the CRM. Credentials go into the body or the authorization header.",
    run: Effect.fnUntraced(function* ({ crm, plugin, sandbox }) {
      const { cases, field, otherStatuses, secrets } = sandbox.facts
      const [id] = cases
      yield* Stream.runDrain(crm.verify)
      yield* crm.catalog({})
      yield* crm.read({ ids: cases })
      const { capabilities } = plugin.manifest
      if (capabilities.notes === null) yield* crm.addNote({ id: id!, text: "A note" })
      if (capabilities.fields === null) yield* crm.updateFields({ id: id!, fields: { [field]: "1" } })
      if (capabilities.statuses === null) yield* crm.setStatus({ id: id!, status: otherStatuses[0] })
      const lines = (yield* sandbox.requestLines).join("\n")
      for (const secret of secrets) {
        assert.isFalse(lines.includes(secret), "a secret in a request line")
        assert.isFalse(lines.includes(encodeURIComponent(secret)), "an encoded secret in a request line")
      }
    })
  },
  {
    title: "no secret and no client's data stand in a failure's message",
    why: "Messages are logged, shown and sent to support. Name the call and the status; never quote what was sent or what came back.",
    run: Effect.fnUntraced(function* ({ crm, open, sandbox }) {
      const { cases, clientWords, lockedOut, secrets } = sandbox.facts
      const ids = cases.slice(0, 1)
      const locked = yield* open(lockedOut)
      const messages = [(yield* failsWith(locked.read({ ids }), "CrmAuthFailed")).message]
      for (const kind of ["truncated", "wrong-record", "server-error"] as const) {
        yield* sandbox.setFault({ kind, on: "read" })
        messages.push((yield* failsWith(crm.read({ ids }), "CrmAnswerInvalid", "CrmUnreachable")).message)
      }
      const all = messages.join("\n")
      for (const word of [...secrets, ...clientWords, ...Object.values(lockedOut)]) assert.notInclude(all, word)
    })
  }
]
