/**
 * Quillby as a CRM of Casewire: what the host and the console need to know as data, and the operations of one
 * connection. Cases are read, notes are read and written, webhooks are understood; what is not there says so.
 */
import { contractVersion, definePlugin, type PluginConnection } from "@casewire/core/CrmPlugin"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { Effect, Layer, Stream } from "effect"
import { makeApi } from "./Api.ts"
import { readCases, readCatalog } from "./Cases.ts"
import { credentialFields, credentialsOf } from "./Credentials.ts"
import * as Failure from "./Failure.ts"
import { addNote, noteLimit, readNotes } from "./Notes.ts"
import { makeSession } from "./Session.ts"
import { verify } from "./Verify.ts"
import { decodeReceipts, webhookDeclaration } from "./Webhook.ts"

/** `null`: the plugin can. Otherwise the reason why not, as people read it beside the switch that is greyed out. */
const capabilities = {
  notes: null,
  statuses: "Changing a case's status from here is not built yet.",
  fields: "Changing a case's fields from here is not built yet.",
  changes: "Cases come by webhook; asking for everything that changed is not built yet.",
  documents: "Carrying documents is not built yet."
}

const crm = (connection: PluginConnection) =>
  Layer.effect(
    Crm,
    Effect.gen(function* () {
      const session = yield* makeSession(credentialsOf(connection))
      const api = yield* makeApi(session)
      return Crm.of({
        verify: verify(session, api),
        catalog: Effect.fn("quillby.catalog")(() => readCatalog(api)),
        decode: Effect.fn("quillby.decode")(({ receipts }) => Effect.sync(() => decodeReceipts(receipts))),
        read: Effect.fn("quillby.read")(({ ids }) => readCases(api, ids)),
        notes: Effect.fn("quillby.notes")(({ id, since }) => readNotes(api, id, since)),
        addNote: Effect.fn("quillby.addNote")(({ id, text }) => addNote(api, id, text)),
        setStatus: () => Effect.fail(Failure.unsupported("statuses", capabilities.statuses)),
        updateFields: () => Effect.fail(Failure.unsupported("fields", capabilities.fields)),
        changes: () => Stream.fail(Failure.unsupported("changes", capabilities.changes))
      })
    })
  ).pipe(Layer.merge(CrmDocuments.layerUnsupported(capabilities.documents)))

export default definePlugin({
  manifest: {
    id: "quillby",
    name: "Quillby",
    version: "0.1.0",
    contract: contractVersion,
    credentials: credentialFields,
    // Nothing outside these addresses can be called. A setting in braces is a connection's own value.
    origins: { api: "https://{account}.quillby.example/api/v1/" },
    sandboxOrigins: { api: "{sandbox}/{account}/" },
    // Connections with the same values here share one call budget.
    account: ["account"],
    budget: { calls: 60, windowMs: 60_000 },
    capabilities,
    notes: { maxLength: noteLimit, timeZone: "UTC", place: "Notes, category Client Communications" },
    webhook: webhookDeclaration
  },
  crm
})
