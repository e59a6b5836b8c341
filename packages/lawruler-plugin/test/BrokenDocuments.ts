/** Plugins that are broken on purpose in what they do with documents, each with the laws that must catch it. */
import { CrmError, CrmUnreachable } from "@casewire/core/ports/Crm"
import { Effect, Stream } from "effect"
import type { BrokenPlugin } from "./BrokenPlugin.ts"

const unreachable = new CrmError({ reason: new CrmUnreachable({ message: "broken" }) })

const broken = (
  name: string,
  documents: NonNullable<BrokenPlugin["documents"]>,
  laws: ReadonlyArray<string>
): BrokenPlugin => ({ name, crm: () => ({}), documents, laws })

export const brokenDocuments: ReadonlyArray<BrokenPlugin> = [
  broken(
    "lists documents without their size",
    (good) => ({
      list: (payload) => Effect.map(good.list(payload), (all) => all.map((one) => ({ ...one, size: null })))
    }),
    [
      "documents are listed with name, size and type, each once",
      "a lost answer to a document is CrmOutcomeUnknown, and the list shows it"
    ]
  ),
  broken(
    "looks into no folder",
    (good) => ({
      list: (payload) => Effect.map(good.list(payload), (all) => all.map((one) => ({ ...one, folder: "" })))
    }),
    ["a document in a subfolder is listed with the way to it"]
  ),
  broken(
    "keeps one document a name",
    (good) => ({
      list: (payload) =>
        Effect.map(good.list(payload), (all) => [...new Map(all.map((one) => [one.name, one])).values()])
    }),
    ["two documents of one name are two documents"]
  ),
  broken(
    "calls the nameless alike",
    (good) => ({
      list: (payload) =>
        Effect.map(good.list(payload), (all) =>
          all.map((one) => (one.name.includes(one.externalId) ? { ...one, name: "document" } : one))
        )
    }),
    ["a document without a name is listed under one made of its id"]
  ),
  broken(
    "reads the first page",
    (good) => ({ list: (payload) => Effect.map(good.list(payload), (all) => all.slice(0, 100)) }),
    ["every page of a long list is read"]
  ),
  broken(
    "finds no documents whatever goes wrong",
    (good) => ({ list: (payload) => Effect.catch(good.list(payload), () => Effect.succeed([])) }),
    [
      "documents of a case that the CRM does not know are CrmNotFound",
      "a truncated list is CrmAnswerInvalid, never an empty one"
    ]
  ),
  broken(
    "stores words of its own in place of the document",
    (_, { store }) => ({
      open: ({ documentId, maxBytes }) =>
        store.documents
          .put(
            { id: documentId, firmId: store.firmId, name: "", contentType: "", owner: "incoming" },
            Stream.make(new TextEncoder().encode("error")),
            maxBytes
          )
          .pipe(Effect.orDie)
    }),
    [
      "a document of the CRM comes into the store byte for byte",
      "a document that is too large is refused, and nothing of it is in the store",
      "an error in place of a document is no document",
      "a document never goes where one is already"
    ]
  ),
  broken(
    "sends every document twice",
    (good) => ({ upload: (payload) => Effect.andThen(Effect.exit(good.upload(payload)), good.upload(payload)) }),
    [
      "a document of ours appears exactly once in the CRM, byte for byte, under its name",
      "a server error to a document is CrmOutcomeUnknown",
      "a rate limit to a document is CrmRateLimited, and nothing is written",
      "a document after the login ended is written once"
    ]
  ),
  broken(
    "takes every failure of a document for an outage",
    (good) => ({ upload: (payload) => Effect.mapError(good.upload(payload), () => unreachable) }),
    [
      "a document that is not in the store is refused, and nothing is sent",
      "a document for a case that the CRM does not know is CrmNotFound"
    ]
  )
]
