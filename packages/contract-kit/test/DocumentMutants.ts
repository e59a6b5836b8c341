/** Document stores that break one promise each. */
import { Effect, Option, Stream } from "effect"
import { firm, otherFirm } from "../src/samples.ts"
import { escaped, inDocuments, ofAny, reversed, type Mutant } from "./Breaking.ts"

export const documentMutants: Record<string, Mutant> = {
  "mixes chunks up": inDocuments((own) => ({
    open: (firmId, id) =>
      Stream.fromIterableEffect(
        Effect.map(Stream.runCollect(own.open(firmId, id)), (chunks) => [...chunks].toReversed())
      )
  })),
  "keeps the end of names": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) => own.put({ ...meta, name: meta.name.split(/[/\\]/).at(-1) ?? "" }, bytes, maxBytes)
  })),
  "loses the content type": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) => own.put({ ...meta, contentType: "application/octet-stream" }, bytes, maxBytes)
  })),
  "writes digests in capitals": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.map(own.put(meta, bytes, maxBytes), (stored) => ({ ...stored, sha256: stored.sha256.toUpperCase() }))
  })),
  "keeps the buffers it is given": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.flatMap(Stream.runCollect(bytes), (chunks) => own.put(meta, Stream.fromIterable(chunks), maxBytes))
  })),
  "allows one byte less": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) => own.put(meta, bytes, maxBytes - 1)
  })),
  "knows no limit": inDocuments((own) => ({ put: (meta, bytes) => own.put(meta, bytes, Infinity) })),
  "keeps what came before a failure": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      own.put(
        meta,
        Stream.catchCause(bytes, () => Stream.empty),
        maxBytes
      )
  })),
  "makes the document before its bytes": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.andThen(own.put(meta, Stream.empty, maxBytes), own.put(meta, bytes, maxBytes))
  })),
  "never replaces a document": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.flatMap(own.get(meta.firmId, meta.id), (found) =>
        Option.isSome(found) ? Effect.succeed(found.value) : own.put(meta, bytes, maxBytes)
      )
  })),
  "lists the newest documents first": inDocuments((own) => ({
    ofOwner: (firmId, owner) => reversed(own.ofOwner(firmId, owner))
  })),
  "opens what is not there": inDocuments((own) => ({
    open: (firmId, id) => Stream.catch(own.open(firmId, id), () => Stream.empty)
  })),
  "removes nothing": inDocuments(() => ({ remove: () => Effect.void })),
  "dies where there is nothing to remove": inDocuments((own) => ({
    remove: (firmId, id) =>
      Effect.flatMap(own.get(firmId, id), (found) =>
        Option.isSome(found) ? own.remove(firmId, id) : Effect.die("none")
      )
  })),
  "shows documents to all": inDocuments((own) => ({ get: (_, id) => ofAny((firmId) => own.get(firmId, id)) })),
  "lets firms write each other's documents": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.flatMap(own.get(firm.id, meta.id), (owner) =>
        own.put(Option.isSome(owner) ? { ...meta, firmId: firm.id } : meta, bytes, maxBytes)
      )
  })),
  "counts the documents of all": inDocuments((own) => ({
    usage: () =>
      Effect.map(Effect.all([own.usage(firm.id), own.usage(otherFirm.id)]), ([first, second]) => ({
        documents: first.documents + second.documents,
        bytes: first.bytes + second.bytes
      }))
  })),
  "refuses empty documents": inDocuments((own) => ({
    put: (meta, bytes, maxBytes) =>
      Effect.tap(own.put(meta, bytes, maxBytes), ({ size }) => (size === 0 ? Effect.die("empty") : Effect.void))
  })),
  "opens a document once": inDocuments((own) => {
    const opened = new Set<string>()
    return {
      open: (firmId, id) =>
        Stream.suspend(() => {
          if (opened.has(id)) return Stream.empty
          opened.add(id)
          return own.open(firmId, id)
        })
    }
  }),
  "describes nothing": inDocuments((own) => ({ describe: (firmId, id) => own.get(firmId, id) })),
  "describes for all firms": inDocuments((own) => ({
    describe: (_, id, change) => ofAny((firmId) => own.describe(firmId, id, change))
  })),
  "describes outside the transaction": inDocuments((own) => ({
    describe: (firmId, id, change) => Effect.as(escaped(own.describe(firmId, id, change)), Option.none())
  }))
}
