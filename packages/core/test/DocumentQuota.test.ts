/** A firm has so much room for documents, and not one byte is lost for it: what does not fit waits where it is. */
import { CaseDocuments, DocumentQuota } from "@casewire/core/CaseDocuments"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import { quotaFull } from "@casewire/core/domain/Held"
import { Poller } from "@casewire/core/Poller"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { documents, filed, sync, theCaseOnceRead } from "./DocumentSteps.ts"
import { FakeCrm, firmId } from "./FakeCrm.ts"
import { connected, jobs, layer, work } from "./Rehearsal.ts"

/** Room for one of the largest documents and 100 bytes more. */
const firmBytes = documentLimitBytes + 100
const quota = Layer.succeed(DocumentQuota, { firmBytes })
const small = layer.pipe(Layer.provide(quota))
const run = Effect.provide(Layer.merge(small, CaseDocuments.layer.pipe(Layer.provide([small, quota]))))

const stuffed = Effect.fnUntraced(function* (id: string, size: number) {
  const store = yield* DocumentStore
  const meta = { id, firmId, name: "old.txt", contentType: "text/plain", owner: "another case" }
  yield* store.put(meta, Stream.make(new Uint8Array(size)), size).pipe(Effect.orDie)
})

const tick = Effect.gen(function* () {
  const poller = yield* Poller
  yield* TestClock.adjust("16 minutes")
  yield* poller.schedule
  yield* work(3, 10_000)
})

const pulls = Effect.map(jobs, (all) =>
  all.flatMap(({ reason, state, work }) => (work === "PullDocuments" ? [[state, reason]] : []))
)

describe("the room a firm has for documents", () => {
  it.effect("of the CRM that find none wait as held with the reason, and come once there is room", () =>
    Effect.gen(function* () {
      yield* connected()
      yield* theCaseOnceRead
      const crm = yield* FakeCrm
      crm.leads.get("42")!.documents!.push(filed("1", { name: "setup.exe" }), filed("2"), filed("3"))
      yield* stuffed("old", firmBytes - 30)
      yield* sync
      assert.deepInclude(yield* pulls, ["held", quotaFull])
      // What is never taken needs no room.
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId, state }) => [externalId, state]),
        [
          ["1", "skipped:type"],
          ["2", "stored"]
        ]
      )
      const opened = crm.calls.filter((call) => call === "open").length
      yield* tick
      assert.strictEqual(crm.calls.filter((call) => call === "open").length, opened)
      const store = yield* DocumentStore
      yield* store.remove(firmId, "old")
      yield* tick
      assert.deepStrictEqual(
        (yield* documents).map(({ externalId }) => externalId),
        ["1", "2", "3"]
      )
      assert.notDeepInclude(yield* pulls, ["held", quotaFull])
    }).pipe(run)
  )

  it.effect("is asked for files of a webhook as well: they are entered with the reason, and their bytes are gone", () =>
    Effect.gen(function* () {
      yield* connected()
      const of = yield* theCaseOnceRead
      yield* stuffed("old", firmBytes)
      const store = yield* DocumentStore
      const meta = { id: "file", firmId, name: "42-Form.txt", contentType: "text/plain", owner: "receipt" }
      yield* store.put(meta, Stream.make(new Uint8Array([65])), 1).pipe(Effect.orDie)
      const caseDocuments = yield* CaseDocuments
      const files = yield* caseDocuments.ofReceipt(firmId, "receipt", "42", undefined)
      assert.deepStrictEqual(yield* caseDocuments.attach(of, "receipt", 0, files), [{ field: "file", code: "quota" }])
      yield* caseDocuments.discard(firmId, files)
      assert.deepStrictEqual(yield* store.ofOwner(firmId, "receipt"), [])
      assert.deepInclude((yield* documents)[0], { state: "skipped:quota", documentId: null })
    }).pipe(run)
  )
})
