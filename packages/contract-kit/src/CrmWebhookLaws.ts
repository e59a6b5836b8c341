/** Decoding what the CRM posts. Decoding is pure, so most laws change one entry of a real webhook and look what becomes of it. */
import type { CaseReported, CrmChange } from "@casewire/core/domain/CrmChange"
import { type Entry, type FlatRecord, parseBody } from "@casewire/core/domain/FlatRecord"
import { statusKey } from "@casewire/core/domain/StatusSync"
import { fieldTable, normaliseKey } from "@casewire/core/domain/WebhookFields"
import type { CrmReceipt } from "@casewire/core/ports/Crm"
import { assert } from "chai"
import { Effect, Result } from "effect"
import fc from "fast-check"
import type { CrmLaw, CrmTrial } from "./CrmLaw.ts"
import { anyText, forEvery } from "./CrmProperty.ts"
import type { SandboxWebhook } from "./CrmSandbox.ts"

const entriesOf = ({ mediaType, text }: SandboxWebhook): FlatRecord => Result.getOrThrow(parseBody(mediaType, text))

const receipt = (entries: FlatRecord, receiptId = "receipt", aliases: CrmReceipt["aliases"] = {}): CrmReceipt => ({
  receiptId,
  receivedAt: 0,
  entries: entries.map(([key, value]): [string, string] => [key, value]),
  aliases
})

const decodeOne = ({ crm }: CrmTrial, entries: FlatRecord, aliases?: CrmReceipt["aliases"]) =>
  Effect.map(crm.decode({ receipts: [receipt(entries, "receipt", aliases)] }), ([change]) => change!)

const reported = (change: CrmChange): CaseReported =>
  change._tag === "CaseReported" ? change : assert.fail(`expected CaseReported, got ${change._tag}`)

/** A webhook of the first case, and which required field each of its keys means. */
const sample = Effect.fnUntraced(function* ({ plugin, sandbox }: CrmTrial) {
  const [webhook] = yield* sandbox.sendWebhook(sandbox.facts.cases[0]!)
  const { fieldByKey } = fieldTable(plugin.manifest.webhook, {})
  return { entries: entriesOf(webhook!), fieldOf: ([key]: Entry) => fieldByKey.get(normaliseKey(key)) }
})

export const webhookLaws: ReadonlyArray<CrmLaw> = [
  {
    title: "a webhook reports the case that it names",
    why: "Intake accepted the webhook by the manifest; `decode` must find the same record with the same look-up (`findFields`).",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const { case: decoded, receiptId, warnings } = reported(yield* decodeOne(trial, entries))
      assert.strictEqual(decoded.externalId, trial.sandbox.facts.cases[0])
      assert.strictEqual(receiptId, "receipt")
      assert.deepStrictEqual(warnings, [])
    })
  },
  {
    title: "every format decodes to the same change",
    why: "A firm may choose how its CRM posts: form, JSON or multipart. All arrive as a flat list of keys and values.",
    run: Effect.fnUntraced(function* (trial) {
      const webhooks = yield* trial.sandbox.sendWebhook(trial.sandbox.facts.cases[0]!)
      assert.isNotEmpty(webhooks)
      const changes = yield* Effect.forEach(webhooks, (webhook) => decodeOne(trial, entriesOf(webhook)))
      for (const change of changes) assert.deepStrictEqual(change, changes[0])
    })
  },
  {
    title: "what a webhook says is what a read finds",
    why: "The webhook shows a new case at once, the read confirms it. If the two map differently, every case flickers.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const { case: decoded } = reported(yield* decodeOne(trial, entries))
      const [read] = yield* trial.crm.read({ ids: [decoded.externalId] })
      assert.strictEqual(decoded.status?.name, read?.status?.name)
      assert.strictEqual(decoded.caseType?.name, read?.caseType?.name)
      assert.strictEqual(decoded.client.fullName, read?.client.fullName)
      assert.strictEqual(decoded.client.externalId, read?.client.externalId ?? decoded.client.externalId)
      // A webhook may tell the time to the minute only.
      assert.approximately(decoded.createdAt ?? 0, read?.createdAt ?? 0, 60_000)
    })
  },
  {
    title: "the Test button is recognised, whatever its format",
    why: 'The CRM\'s Test button sends placeholders. They must never become a case called "{{name}}".',
    run: Effect.fnUntraced(function* (trial) {
      const webhook = yield* trial.sandbox.pressTest
      assert.strictEqual((yield* decodeOne(trial, entriesOf(webhook)))._tag, "TestPressed")
    })
  },
  {
    title: "a webhook that lacks a required field names it",
    why: "The firm sees which field to add. Take the errors from `findFields` as they are.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      for (const { name } of trial.plugin.manifest.webhook.required) {
        const change = yield* decodeOne(
          trial,
          entries.filter((entry) => fieldOf(entry) !== name)
        )
        if (change._tag !== "Unreadable") return assert.fail(`without ${name}: ${change._tag}`)
        assert.deepStrictEqual(change.errors, [{ field: name, code: "missing" }])
      }
    })
  },
  {
    title: "a firm's own name for a field is understood",
    why: "Firms name the keys of their webhooks themselves; their aliases come with each receipt. Build the look-up from them.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      const { record } = trial.plugin.manifest.webhook
      const renamed = entries.map((entry): Entry => (fieldOf(entry) === record ? ["Our Number", entry[1]] : entry))
      assert.strictEqual((yield* decodeOne(trial, renamed))._tag, "Unreadable")
      const change = reported(yield* decodeOne(trial, renamed, { [record]: ["our_number"] }))
      assert.strictEqual(change.case.externalId, trial.sandbox.facts.cases[0])
    })
  },
  {
    title: "keys are matched without case, blanks and punctuation",
    why: "`Lead ID`, `lead_id` and `LeadID` are one key to people. `fieldTable` does this where the plugin asks it.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      const expected = yield* decodeOne(trial, entries)
      const shouted = entries.map((entry): Entry => {
        const field = fieldOf(entry)
        return field === undefined ? entry : [field.toUpperCase().replaceAll(" ", "_"), entry[1]]
      })
      assert.deepStrictEqual(yield* decodeOne(trial, shouted), expected)
    })
  },
  {
    title: "keys in any order decode to the same change",
    why: "JSON objects and forms have no order that anybody promises. Look keys up, never count on positions.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      const required = entries.filter((entry) => fieldOf(entry) !== undefined)
      const expected = yield* decodeOne(trial, required)
      const order = fc.shuffledSubarray([...required], { minLength: required.length })
      yield* forEvery(order, (shuffled) =>
        Effect.map(decodeOne(trial, shuffled), (change) => assert.deepStrictEqual(change, expected))
      )
    })
  },
  {
    title: "any record at all gets an answer",
    why: "Webhooks come from the open internet and from firms' own settings. Whatever stands in them, `decode` answers and never throws.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const known = entries.map(([key]) => key)
      const text = anyText({ maxLength: 40 })
      const entry = fc.tuple(fc.oneof(fc.constantFrom(...known), text), text)
      const records = fc.array(fc.array(entry, { maxLength: 12 }), { maxLength: 4 })
      yield* forEvery(records, (given) =>
        Effect.gen(function* () {
          const receipts = given.map((record, index) => receipt(record, String(index)))
          const changes = yield* trial.crm.decode({ receipts })
          assert.deepStrictEqual(
            changes.map(({ receiptId }) => receiptId),
            receipts.map(({ receiptId }) => receiptId)
          )
        })
      )
    })
  },
  {
    title: "blanks and fillers are not said, and never cost the record",
    why: 'A blank means "not said", never "empty": otherwise a half-filled webhook erases a client\'s phone number.',
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      const { fillers, record } = trial.plugin.manifest.webhook
      for (const blank of ["", "  ", ...fillers]) {
        const blanked = entries.map((entry): Entry => (fieldOf(entry) === record ? entry : [entry[0], blank]))
        const { case: decoded } = reported(yield* decodeOne(trial, [...blanked, ["Further", blank]]))
        const { externalId: _, ...client } = decoded.client
        assert.deepStrictEqual({ client, fields: decoded.fields }, { client: {}, fields: {} })
        assert.isUndefined(decoded.status)
        assert.isUndefined(decoded.caseType)
        assert.isUndefined(decoded.createdAt)
      }
    })
  },
  {
    title: "an unreadable value is a warning and never costs the record",
    why: "One odd date must not lose a lead. Leave the value out and name the field in `warnings`.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries, fieldOf } = yield* sample(trial)
      const dates = trial.plugin.manifest.webhook.required
        .filter(({ name }) => /date/i.test(name))
        .map(({ name }) => name)
      const spoilt = entries.map((entry): Entry => (dates.includes(fieldOf(entry) ?? "") ? [entry[0], "soon"] : entry))
      const { case: decoded, warnings } = reported(yield* decodeOne(trial, spoilt))
      assert.deepStrictEqual(
        warnings.map(({ field }) => field),
        dates
      )
      assert.isUndefined(decoded.createdAt)
      assert.isDefined(decoded.status)
    })
  },
  {
    title: "a repeated key gives several values, a comma does not",
    why: "Multiple choice comes as a repeated key. A comma is part of an ordinary answer.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const rest: FlatRecord = [...entries, ["Answer", "First"], ["Answer", "Second"], ["Other", "First, Second"]]
      const { fields } = reported(yield* decodeOne(trial, rest)).case
      assert.deepStrictEqual(fields["Answer"], ["First", "Second"])
      assert.deepStrictEqual(fields["Other"], ["First, Second"])
    })
  },
  {
    title: "options of the address are not fields of the record",
    why: "`list_id` and its like steer Casewire; they come in the same body and say nothing about the record.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const { options } = trial.plugin.manifest.webhook
      const { fields } = reported(
        yield* decodeOne(trial, [...entries, ...options.map((key): Entry => [key, "1"])])
      ).case
      for (const option of options) assert.isFalse(Object.keys(fields).map(normaliseKey).includes(normaliseKey(option)))
    })
  },
  {
    title: "a decorated status is named plainly and kept raw",
    why: 'Some CRMs post "3. Signed" or "Signed (12)". The name is compared, the raw spelling is kept.',
    run: Effect.fnUntraced(function* (trial) {
      const { status } = reported(yield* decodeOne(trial, (yield* sample(trial)).entries)).case
      assert.strictEqual(statusKey(status?.name ?? ""), statusKey(trial.sandbox.facts.status))
      assert.notStrictEqual(status?.raw ?? "", "")
    })
  },
  {
    title: "every receipt gets one answer, in order, good and bad ones mixed",
    why: "Receipts are decoded in batches. An answer that is missing or in the wrong place belongs to the wrong firm's lead.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const receipts = [receipt(entries, "a"), receipt([], "b"), receipt([["x", "y"]], "c"), receipt(entries, "d")]
      const changes = yield* trial.crm.decode({ receipts })
      assert.deepStrictEqual(
        changes.map(({ receiptId }) => receiptId),
        ["a", "b", "c", "d"]
      )
      const tags = ["CaseReported", "Unreadable", "Unreadable", "CaseReported"]
      assert.deepStrictEqual(
        changes.map(({ _tag }) => _tag),
        tags as Array<CrmChange["_tag"]>
      )
    })
  },
  {
    title: "decoding asks the CRM for nothing",
    why: "Receipts are decoded again for repair and comparison, also while the CRM is away. What needs the CRM is a read.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      yield* decodeOne(trial, entries)
      assert.deepStrictEqual(yield* trial.sandbox.requestLines, [])
    })
  },
  {
    title: "decoding the same receipt twice says the same",
    why: "Webhooks come twice, and receipts are replayed. No counter, clock or memory may play a part.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      assert.deepStrictEqual(yield* decodeOne(trial, entries), yield* decodeOne(trial, entries))
    })
  },
  {
    title: "names of built-in properties are ordinary keys",
    why: "A key named `toString` or `constructor` must not find a built-in of the language. Use a `Map`.",
    run: Effect.fnUntraced(function* (trial) {
      const { entries } = yield* sample(trial)
      const odd: FlatRecord = [...entries, ["toString", "x"], ["hasOwnProperty", "y"], ["", "z"]]
      const { fields } = reported(yield* decodeOne(trial, odd)).case
      assert.deepStrictEqual(fields["toString"], ["x"])
      assert.deepStrictEqual(fields["hasOwnProperty"], ["y"])
    })
  }
]
