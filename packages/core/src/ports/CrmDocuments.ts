/**
 * A CRM's documents, for one connection. Bytes never pass through a plugin: it names a document of the host's store as
 * a part of a request, or as the place where an answer's body goes, and the host streams, limits and looks at the
 * bytes. What a CRM cannot do fails with `CrmUnsupported`, as with `Crm`.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { ExternalCaseId } from "../domain/Case.ts"
import { Instant } from "../domain/Ids.ts"
import { CrmError, CrmUnsupported } from "./Crm.ts"

/** A document as the CRM lists it. */
export const CrmDocument = Schema.Struct({
  externalId: Schema.NonEmptyString,
  /** Never empty: where the CRM has none, the plugin makes one of the document's id. */
  name: Schema.NonEmptyString,
  /** Names of the folders from the outermost on, joined by ` / `; empty where the CRM has none. */
  folder: Schema.String,
  /** What the CRM says it is; not to be trusted. */
  contentType: Schema.String,
  size: Schema.NullOr(Schema.Int),
  createdAt: Schema.NullOr(Instant)
})
export interface CrmDocument extends Schema.Schema.Type<typeof CrmDocument> {}

export const crmDocumentOperations = {
  list: { payload: Schema.Struct({ id: ExternalCaseId }), success: Schema.Array(CrmDocument) },
  open: {
    payload: Schema.Struct({
      id: ExternalCaseId,
      externalId: Schema.String,
      /** Where the bytes go: an id of the host's choice in its document store. */
      documentId: Schema.String,
      maxBytes: Schema.Int
    }),
    success: Schema.Struct({ size: Schema.Int })
  },
  upload: {
    payload: Schema.Struct({
      id: ExternalCaseId,
      documentId: Schema.String,
      name: Schema.String,
      contentType: Schema.String
    }),
    success: Schema.Struct({ externalId: Schema.NonEmptyString })
  }
} as const

type Call<K extends keyof typeof crmDocumentOperations> = (
  payload: (typeof crmDocumentOperations)[K]["payload"]["Type"]
) => Effect.Effect<(typeof crmDocumentOperations)[K]["success"]["Type"], CrmError>

export class CrmDocuments extends Context.Service<
  CrmDocuments,
  {
    /** Every document of a case, in every folder and subfolder, each once, oldest id first. */
    readonly list: Call<"list">
    /**
     * Streams the bytes into the document store. Fails, and leaves nothing there, unless all of them came; with
     * `CrmRefused` where there are more than allowed.
     */
    readonly open: Call<"open">
    /** Adds a document of the store to the case. Fails with `CrmOutcomeUnknown` if no answer came. */
    readonly upload: Call<"upload">
  }
>()("@casewire/core/ports/CrmDocuments") {
  /** For a CRM without documents: every call says so, with the reason that stands in the manifest. */
  static readonly layerUnsupported = (message: string): Layer.Layer<CrmDocuments> => {
    const fail = () => Effect.fail(new CrmError({ reason: new CrmUnsupported({ capability: "documents", message }) }))
    return Layer.succeed(CrmDocuments, { list: fail, open: fail, upload: fail })
  }
}
