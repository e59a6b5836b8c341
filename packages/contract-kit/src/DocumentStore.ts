/** The contract of `DocumentStore`: bytes as they came, under limits, and nothing left of an upload that failed. */
import { assert } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { newId } from "@casewire/core/domain/Ids"
import { DocumentStore, type StoredDocument } from "@casewire/core/ports/DocumentStore"
import { Storage } from "@casewire/core/ports/Storage"
import { contract, type Laws } from "./Law.ts"
import { pause } from "./OpenTransaction.ts"
import { firm, otherFirm, start } from "./samples.ts"

const limit = 1_000_000

const makeMeta = (change: Partial<StoredDocument> = {}) =>
  Effect.map(newId, (id) => ({
    id,
    firmId: firm.id,
    name: "Retainer – Größe.pdf",
    contentType: "application/pdf",
    owner: "receipt-1",
    ...change
  }))

/** Bytes that repeat only after a while, so that chunks in the wrong order are seen. */
const bytesOf = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) % 256)

const put = Effect.fnUntraced(function* (bytes: Uint8Array, change: Partial<StoredDocument> = {}, maxBytes = limit) {
  const store = yield* DocumentStore
  return yield* store.put(yield* makeMeta(change), Stream.make(bytes), maxBytes)
})

const contentOf = Effect.fnUntraced(function* (id: string) {
  const store = yield* DocumentStore
  const chunks = yield* Stream.runCollect(store.open(firm.id, id))
  return Uint8Array.from([...chunks].flatMap((chunk) => [...chunk]))
})

const expectNotFound = Effect.fnUntraced(function* (firmId: StoredDocument["firmId"], id: string) {
  const store = yield* DocumentStore
  const error = yield* Effect.flip(Stream.runDrain(store.open(firmId, id)))
  assert.strictEqual(error._tag, "DocumentNotFound")
})

const expectNothingLeft = Effect.gen(function* () {
  const store = yield* DocumentStore
  assert.deepStrictEqual(yield* store.usage(firm.id), { documents: 0, bytes: 0 })
  assert.deepStrictEqual(yield* store.ofOwner(firm.id, "receipt-1"), [])
})

const abc = new TextEncoder().encode("abc")

export const documentStoreLaws: Laws = {
  port: "DocumentStore",
  laws: [
    {
      title: "a document comes back byte for byte, its chunks in order",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const bytes = bytesOf(200_000)
        const chunks = Array.from({ length: 20 }, (_, index) => bytes.subarray(index * 10_000, (index + 1) * 10_000))
        const { id } = yield* store.put(yield* makeMeta(), Stream.fromIterable(chunks), limit)
        assert.deepStrictEqual(yield* contentOf(id), bytes)
      })
    },
    {
      title: "what is known of a document comes back as it was given, with its size and time",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const meta = yield* makeMeta()
        yield* TestClock.adjust(5)
        const stored = yield* store.put(meta, Stream.make(abc), limit)
        const { sha256, ...rest } = stored
        assert.deepStrictEqual(rest, { ...meta, size: 3, createdAt: start + 5 })
        assert.lengthOf(sha256, 64)
        assert.deepStrictEqual(yield* store.get(firm.id, meta.id), Option.some(stored))
      })
    },
    {
      title: "the digest is the SHA-256 of the bytes in lower-case hexadecimal, however they are cut",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const whole = yield* put(abc)
        const cut = yield* store.put(yield* makeMeta(), Stream.make(abc.subarray(0, 1), abc.subarray(1)), limit)
        const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert.deepStrictEqual([whole.sha256, cut.sha256], [expected, expected])
      })
    },
    {
      title: "an empty document is a document",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const stored = yield* store.put(yield* makeMeta(), Stream.empty, limit)
        assert.strictEqual(stored.size, 0)
        assert.strictEqual(stored.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        assert.lengthOf(yield* contentOf(stored.id), 0)
      })
    },
    {
      title: "a buffer that is used again after its chunk was taken does not change the document",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const buffer = new Uint8Array(4)
        const bytes = Stream.map(Stream.rechunk(Stream.make(1, 2, 3), 1), (value) => buffer.fill(value))
        const { id } = yield* store.put(yield* makeMeta(), bytes, limit)
        buffer.fill(9)
        assert.deepStrictEqual([...(yield* contentOf(id))], [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
      })
    },
    {
      title: "a document of exactly the limit is stored",
      run: Effect.gen(function* () {
        const stored = yield* put(bytesOf(100), {}, 100)
        assert.strictEqual(stored.size, 100)
      })
    },
    {
      title: "one byte above the limit is refused with the limit, and nothing is left",
      run: Effect.gen(function* () {
        const error = yield* Effect.flip(put(bytesOf(101), {}, 100))
        assert.deepStrictEqual([error._tag, error.limit], ["DocumentTooLarge", 100])
        yield* expectNothingLeft
      })
    },
    {
      title: "the limit ends an endless stream",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        let pulled = 0
        const endless = Stream.map(Stream.rechunk(Stream.range(1, 10_000), 1), () => {
          pulled += 1
          return bytesOf(1000)
        })
        const meta = yield* makeMeta()
        const error = yield* Effect.flip(store.put(meta, endless, 10_000))
        assert.strictEqual(error._tag, "DocumentTooLarge")
        assert.isBelow(pulled, 10_000)
        yield* expectNotFound(firm.id, meta.id)
      })
    },
    {
      title: "a stream that fails comes out with its failure, and nothing is left",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const meta = yield* makeMeta()
        const broken = Stream.concat(Stream.make(bytesOf(5000)), Stream.fail("connection lost" as const))
        assert.strictEqual(yield* Effect.flip(store.put(meta, broken, limit)), "connection lost")
        yield* expectNothingLeft
        yield* expectNotFound(firm.id, meta.id)
      })
    },
    {
      title: "an upload that is interrupted leaves nothing",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const meta = yield* makeMeta()
        const slow = Stream.concat(Stream.make(bytesOf(5000)), Stream.never)
        const upload = yield* Effect.forkChild(store.put(meta, slow, limit))
        yield* pause
        assert.isTrue(Option.isNone(yield* store.get(firm.id, meta.id)))
        yield* Fiber.interrupt(upload)
        yield* expectNothingLeft
      })
    },
    {
      title: "a document that is put again is replaced",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const first = yield* put(bytesOf(500))
        const second = yield* put(abc, { id: first.id, name: "new.txt", contentType: "text/plain" })
        assert.deepStrictEqual(yield* contentOf(first.id), abc)
        assert.deepStrictEqual(yield* store.get(firm.id, first.id), Option.some(second))
        assert.deepStrictEqual(yield* store.usage(firm.id), { documents: 1, bytes: 3 })
      })
    },
    {
      title: "a replacement that fails leaves the document as it was",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const first = yield* put(abc)
        yield* Effect.flip(put(bytesOf(101), { id: first.id }, 100))
        assert.deepStrictEqual(yield* contentOf(first.id), abc)
        assert.deepStrictEqual(yield* store.get(firm.id, first.id), Option.some(first))
      })
    },
    {
      title: "a name is data and never a path",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const names = ["../../etc/passwd", "/tmp/x", "C:\\x", "a\u0000b", "", "..", "x".repeat(300)]
        const stored = yield* Effect.forEach(names, (name, index) => put(bytesOf(index + 1), { name }))
        for (const [index, { id }] of stored.entries()) {
          assert.lengthOf(yield* contentOf(id), index + 1)
          assert.strictEqual(Option.getOrThrow(yield* store.get(firm.id, id)).name, names[index])
        }
      })
    },
    {
      title: "the documents of an owner come oldest first, and no others",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const made: Array<StoredDocument> = []
        for (const name of ["c", "a", "b"]) {
          made.push(yield* put(abc, { name }))
          yield* TestClock.adjust(1)
        }
        yield* put(abc, { owner: "receipt-2" })
        assert.deepStrictEqual(yield* store.ofOwner(firm.id, "receipt-1"), made)
        assert.deepStrictEqual(yield* store.ofOwner(firm.id, "nobody"), [])
      })
    },
    {
      title: "an unknown document has no data and no bytes",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const id = yield* newId
        assert.isTrue(Option.isNone(yield* store.get(firm.id, id)))
        yield* expectNotFound(firm.id, id)
      })
    },
    {
      title: "a document that was removed is gone, with its bytes",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const { id } = yield* put(abc)
        yield* store.remove(firm.id, id)
        assert.isTrue(Option.isNone(yield* store.get(firm.id, id)))
        yield* expectNotFound(firm.id, id)
        yield* expectNothingLeft
      })
    },
    {
      title: "to remove what is not there does nothing",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const kept = yield* put(abc)
        yield* store.remove(firm.id, yield* newId)
        const gone = yield* put(abc)
        yield* store.remove(firm.id, gone.id)
        yield* store.remove(firm.id, gone.id)
        assert.deepStrictEqual(yield* contentOf(kept.id), abc)
      })
    },
    {
      title: "no firm sees, opens or removes a document of another",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const { id } = yield* put(abc)
        assert.isTrue(Option.isNone(yield* store.get(otherFirm.id, id)))
        assert.deepStrictEqual(yield* store.ofOwner(otherFirm.id, "receipt-1"), [])
        yield* expectNotFound(otherFirm.id, id)
        yield* Effect.exit(store.remove(otherFirm.id, id))
        assert.deepStrictEqual(yield* contentOf(id), abc)
      })
    },
    {
      title: "putting under the id of another firm's document changes nothing of theirs",
      run: Effect.gen(function* () {
        const { id } = yield* put(abc)
        yield* Effect.exit(put(bytesOf(9), { id, firmId: otherFirm.id }))
        assert.deepStrictEqual(yield* contentOf(id), abc)
      })
    },
    {
      title: "usage counts the documents and bytes of the firm alone",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        yield* put(bytesOf(10))
        yield* put(bytesOf(20), { owner: "receipt-2" })
        yield* put(bytesOf(40), { firmId: otherFirm.id })
        assert.deepStrictEqual(yield* store.usage(firm.id), { documents: 2, bytes: 30 })
        assert.deepStrictEqual(yield* store.usage(otherFirm.id), { documents: 1, bytes: 40 })
      })
    },
    {
      title: "a document can be opened many times at once",
      run: Effect.gen(function* () {
        const bytes = bytesOf(50_000)
        const { id } = yield* put(bytes)
        const copies = yield* Effect.forEach([1, 2, 3], () => contentOf(id), { concurrency: "unbounded" })
        for (const copy of copies) assert.deepStrictEqual(copy, bytes)
      })
    },
    {
      title: "what is known of a document can be changed, and its bytes and its time stay",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const before = yield* put(bytesOf(1000))
        yield* TestClock.adjust(1000)
        const change = { name: "Größe.pdf", contentType: "image/png", owner: "case-1" }
        const after = { ...before, ...change }
        assert.deepStrictEqual(yield* store.describe(firm.id, before.id, change), Option.some(after))
        assert.deepStrictEqual(yield* store.get(firm.id, before.id), Option.some(after))
        assert.deepStrictEqual(yield* store.ofOwner(firm.id, "case-1"), [after])
        assert.deepStrictEqual(yield* store.ofOwner(firm.id, before.owner), [])
        assert.deepStrictEqual(yield* contentOf(before.id), bytesOf(1000))
      })
    },
    {
      title: "describing what is not there, or another firm's, is nothing and changes nothing",
      run: Effect.gen(function* () {
        const store = yield* DocumentStore
        const before = yield* put(bytesOf(10))
        const change = { name: "stolen", contentType: "image/png", owner: "case-1" }
        assert.deepStrictEqual(yield* store.describe(firm.id, "nothing", change), Option.none())
        assert.deepStrictEqual(yield* store.describe(otherFirm.id, before.id, change), Option.none())
        assert.deepStrictEqual(yield* store.get(firm.id, before.id), Option.some(before))
      })
    },
    {
      title: "a description rolls back with its transaction",
      run: Effect.gen(function* () {
        const storage = yield* Storage
        const store = yield* DocumentStore
        const before = yield* put(bytesOf(10))
        const change = { name: "other", contentType: "image/png", owner: "case-1" }
        yield* Effect.exit(
          storage.atomically(Effect.andThen(store.describe(firm.id, before.id, change), Effect.fail("no")))
        )
        yield* pause
        assert.deepStrictEqual(yield* store.get(firm.id, before.id), Option.some(before))
      })
    }
  ],
  durable: [
    {
      title: "documents outlive a restart, and what was removed does not come back",
      before: Effect.gen(function* () {
        const store = yield* DocumentStore
        const gone = yield* put(bytesOf(10))
        yield* put(bytesOf(1000), { name: "kept" })
        yield* store.remove(firm.id, gone.id)
      }),
      after: Effect.gen(function* () {
        const store = yield* DocumentStore
        const [kept, ...others] = yield* store.ofOwner(firm.id, "receipt-1")
        assert.deepStrictEqual([kept?.name, others], ["kept", []])
        assert.deepStrictEqual(yield* contentOf(kept!.id), bytesOf(1000))
      })
    }
  ]
}

export const documentStoreContract = contract(documentStoreLaws)
