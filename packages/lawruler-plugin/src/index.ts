/**
 * Law Ruler as a CRM of Casewire: what the host and the console need to know as data, and the nine operations for one
 * connection. Reading and notes go by the Advanced API; fields and statuses by the legacy page, whose parameters are
 * better known.
 */
import { contractVersion, definePlugin, type PluginConnection } from "@casewire/core/CrmPlugin"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { Context, Effect, Layer } from "effect"
import { makeAdvancedApi } from "./AdvancedApi.ts"
import { changes } from "./Changes.ts"
import { credentialFields, credentialsOf } from "./Credentials.ts"
import { makeDocuments } from "./Documents.ts"
import { updateFields } from "./Fields.ts"
import { history } from "./History.ts"
import { makeLegacyApi } from "./LegacyApi.ts"
import { addNote, readNotes } from "./Notes.ts"
import { makeReading } from "./Reading.ts"
import { setStatus } from "./SetStatus.ts"
import { makeSession } from "./SignIn.ts"
import { makeStatuses } from "./Statuses.ts"
import { verify } from "./Verify.ts"
import { decodeReceipts, webhookDeclaration } from "./Webhook.ts"
import { wire } from "./WireProfile.ts"

const crm = (connection: PluginConnection) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const credentials = credentialsOf(connection)
      const session = yield* makeSession(credentials)
      const advanced = yield* makeAdvancedApi(session)
      const legacy = yield* makeLegacyApi(credentials)
      const statuses = makeStatuses(advanced)
      const reading = makeReading(advanced, statuses)
      const operations = Crm.of({
        verify: verify({ session, legacy, reading, statuses }),
        changes: (cursor, scope) =>
          scope === undefined ? changes(reading, cursor) : history({ reading, statuses }, cursor, scope),
        catalog: Effect.fn("LawRuler.catalog")(() => statuses.catalog),
        decode: Effect.fn("LawRuler.decode")(({ receipts }) => Effect.sync(() => decodeReceipts(receipts))),
        read: Effect.fn("LawRuler.read")(({ ids }) => reading.many(ids)),
        notes: Effect.fn("LawRuler.notes")(({ id, since }) => readNotes(advanced, id, since)),
        addNote: Effect.fn("LawRuler.addNote")(({ id, text }) => addNote(advanced, id, text)),
        updateFields: Effect.fn("LawRuler.updateFields")(({ fields, id }) => updateFields(legacy, id, fields)),
        setStatus: Effect.fn("LawRuler.setStatus")(({ id, status }) =>
          Effect.as(setStatus({ legacy, reading, statuses }, id, status), {})
        )
      })
      return Context.make(Crm, operations).pipe(Context.add(CrmDocuments, makeDocuments(advanced)))
    })
  )

export default definePlugin({
  manifest: {
    id: "law-ruler",
    name: "Law Ruler",
    version: "0.1.0",
    contract: contractVersion,
    credentials: credentialFields,
    origins: { legacy: wire.legacyOrigin, auth: wire.authOrigin, advanced: wire.advancedOrigin },
    sandboxOrigins: {
      legacy: "{sandbox}/{clientRoot}/",
      auth: "{sandbox}/{clientRoot}/",
      advanced: "{sandbox}/{clientRoot}/"
    },
    account: ["clientRoot"],
    budget: wire.callBudget,
    capabilities: {
      changes: null,
      notes: null,
      fields: null,
      statuses: null,
      documents: null
    },
    notes: { maxLength: wire.noteLimit, timeZone: wire.timeZone, place: `Notes, category ${wire.noteCategory}` },
    documents: { place: "Documents" },
    fields: {
      keys: { ...wire.fieldKeys, defaults: wire.defaultFields, defaultWords: wire.defaultWords },
      reserved: wire.reservedFields.split(" ")
    },
    webhook: webhookDeclaration
  },
  crm
})
