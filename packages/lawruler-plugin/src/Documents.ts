/**
 * Documents of a lead, through Law Ruler's own folders and upload flow. The bytes go from and to the host's document
 * store; what is seen here is what Law Ruler says about them.
 *
 * A download that fails answers with the envelope in JSON although its status says that all is well, so JSON and HTML
 * are never taken for a document.
 */
import type { CrmDocument } from "@casewire/core/ports/CrmDocuments"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { Effect, Option, Predicate, Schema } from "effect"
import type { AdvancedApi } from "./AdvancedApi.ts"
import { easternInstant } from "./EasternTime.ts"
import * as Failure from "./Failure.ts"
import { leadNumber } from "./Reading.ts"
import { Document, Folder, UploadedDocument, wire } from "./WireProfile.ts"

export const makeDocuments = (advanced: AdvancedApi): CrmDocuments["Service"] => ({
  list: Effect.fn("LawRuler.listDocuments")(function* ({ id }) {
    yield* leadNumber(id)
    const query = [[wire.leadQuery, id]] as const
    const { data: folders } = yield* advanced.call(wire.getFolders, Schema.Array(Folder), { query })
    const paths = pathsOf(folders)
    // Without a folder every document of the lead is listed, those in subfolders and in folders that are gone too.
    const items = yield* advanced.all(wire.getDocuments, Document, { query })
    if (items.some(({ LeadId }) => LeadId !== null && LeadId !== undefined && String(LeadId) !== id))
      return yield* Failure.answerInvalid("GetDocuments answered for another lead")
    const byId = new Map(items.map((item) => [String(item.DocumentId), documentOf(item, paths)]))
    return [...byId.values()].sort((a, b) => a.externalId.localeCompare(b.externalId, "en", { numeric: true }))
  }),

  open: Effect.fn("LawRuler.openDocument")(function* ({ documentId, externalId, id, maxBytes }) {
    yield* leadNumber(id)
    if (!/^[1-9]\d{0,11}$/.test(externalId)) return yield* Failure.refused("a document id must be a whole number")
    const size = yield* advanced.download(
      wire.download,
      { documentId, maxBytes, except: ["application/json", "application/problem+json", "text/html"] },
      { query: [[wire.documentQuery, externalId]] }
    )
    return { size }
  }),

  upload: Effect.fn("LawRuler.uploadDocument")(function* ({ contentType, documentId, id, name }) {
    yield* leadNumber(id)
    const { data } = yield* advanced.call(wire.upload, UploadedDocument, {
      changes: true,
      multipart: [
        { _tag: "Field", name: wire.uploadLead, value: id },
        { _tag: "Document", name: wire.uploadFile, documentId, fileName: name, contentType }
      ]
    })
    return { externalId: String(Predicate.isObject(data) ? data.DocumentId : data) }
  })
})

/** `Intake / Signed` for each folder; a folder whose parents go in a circle ends where it would begin again. */
const pathsOf = (folders: ReadonlyArray<typeof Folder.Type>): ReadonlyMap<string, string> => {
  const byId = new Map(folders.map((folder) => [String(folder.FolderId), folder]))
  return new Map(
    folders.map((folder) => {
      const names: Array<string> = []
      const seen = new Set<string>()
      for (let at: typeof Folder.Type | undefined = folder; at !== undefined && !seen.has(String(at.FolderId));) {
        seen.add(String(at.FolderId))
        names.unshift(at.Name?.trim() ?? "")
        at = byId.get(String(at.ParentFolderId ?? ""))
      }
      return [String(folder.FolderId), names.filter((name) => name !== "").join(" / ")]
    })
  )
}

const documentOf = (item: typeof Document.Type, paths: ReadonlyMap<string, string>): CrmDocument => {
  const externalId = String(item.DocumentId)
  const name = item.FileName?.trim() ?? ""
  return {
    externalId,
    name: name === "" ? wire.documentFallback(externalId) : name,
    folder: paths.get(String(item.FolderId ?? "")) ?? "",
    contentType: item.ContentType ?? "",
    size: item.Size ?? null,
    createdAt: Option.getOrNull(easternInstant(item.CreateDate ?? ""))
  }
}
