/**
 * What the core asks of any CRM, for one connection. Nine operations, none optional: what a CRM cannot do its plugin
 * declares in `capabilities`, and the call fails with `CrmUnsupported`.
 *
 * The schemas of every operation stand in `crmOperations`, so that a host can carry calls across a boundary (a worker
 * thread, or a clone in the same process) without knowing any CRM.
 */
import { Context, Effect, Schema, Stream } from "effect"
import { ExternalCaseId } from "../domain/Case.ts"
import { CrmCase, CrmChange } from "../domain/CrmChange.ts"
import { Instant } from "../domain/Ids.ts"
import { CaseType } from "../domain/Mapping.ts"
import { CaseStatus } from "../domain/StatusSync.ts"

export class CrmUnreachable extends Schema.TaggedError<CrmUnreachable>()("CrmUnreachable", {
  message: Schema.String
}) {
  readonly retryable = true
}
/** The request left and no complete answer came: the CRM may have done it. */
export class CrmOutcomeUnknown extends Schema.TaggedError<CrmOutcomeUnknown>()("CrmOutcomeUnknown", {
  message: Schema.String
}) {
  readonly retryable = true
}
export class CrmRateLimited extends Schema.TaggedError<CrmRateLimited>()("CrmRateLimited", {
  /** When the CRM will take calls again, where it said so. */
  until: Schema.NullOr(Instant)
}) {
  readonly retryable = true
}
/** Sign-in refused: no further call until the credentials change. */
export class CrmAuthFailed extends Schema.TaggedError<CrmAuthFailed>()("CrmAuthFailed", { message: Schema.String }) {
  readonly retryable = false
}
export class CrmNotFound extends Schema.TaggedError<CrmNotFound>()("CrmNotFound", { message: Schema.String }) {
  readonly retryable = false
}
/** The CRM understood and refused; trying again cannot help. */
export class CrmRefused extends Schema.TaggedError<CrmRefused>()("CrmRefused", { message: Schema.String }) {
  readonly retryable = false
}
/** The answer could not be read: wrong format, wrong record, truncated, an HTML page. Nothing is changed by it. */
export class CrmAnswerInvalid extends Schema.TaggedError<CrmAnswerInvalid>()("CrmAnswerInvalid", {
  message: Schema.String
}) {
  readonly retryable = true
}
export class CrmUnsupported extends Schema.TaggedError<CrmUnsupported>()("CrmUnsupported", {
  capability: Schema.String,
  message: Schema.String
}) {
  readonly retryable = false
}
/** A setting leads outside the origins that the plugin declared. */
export class CrmOriginRefused extends Schema.TaggedError<CrmOriginRefused>()("CrmOriginRefused", {
  field: Schema.String,
  message: Schema.String
}) {
  readonly retryable = false
}

/**
 * The plugin cannot take the call now: it is being started again, or replaced. Nothing left for the CRM. The job waits,
 * and no attempt counts.
 */
export class CrmPluginUnavailable extends Schema.TaggedError<CrmPluginUnavailable>()("CrmPluginUnavailable", {
  message: Schema.String
}) {
  readonly retryable = true
}
/**
 * The plugin itself failed at this call: it crashed, took too long, or answered what the contract does not know. Nothing
 * that changes anything left for the CRM, or it would be `CrmOutcomeUnknown`.
 */
export class CrmPluginFault extends Schema.TaggedError<CrmPluginFault>()("CrmPluginFault", { message: Schema.String }) {
  readonly retryable = true
}

const reasons = [
  CrmUnreachable,
  CrmOutcomeUnknown,
  CrmRateLimited,
  CrmAuthFailed,
  CrmNotFound,
  CrmRefused,
  CrmAnswerInvalid,
  CrmUnsupported,
  CrmOriginRefused,
  CrmPluginUnavailable,
  CrmPluginFault
] as const

/** Whatever went wrong with a foreign CRM. Messages hold codes and names, never client data. */
export class CrmError extends Schema.TaggedError<CrmError>()("CrmError", { reason: Schema.Union(reasons) }) {
  get retryable(): boolean {
    return this.reason.retryable
  }
  override get message(): string {
    const { reason } = this
    return reason._tag === "CrmRateLimited" ? "the CRM's rate limit is exceeded" : reason.message
  }
}

/** One named check of `verify`, shown as it arrives. */
export const CrmCheck = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  ok: Schema.Boolean,
  /** What was found, or what to do. */
  detail: Schema.String,
  /** Which credential the failure points at. */
  field: Schema.optionalKey(Schema.String),
  /** Whether the connection can work without it. */
  required: Schema.Boolean
})
export interface CrmCheck extends Schema.Schema.Type<typeof CrmCheck> {}

export const CrmField = Schema.Struct({
  key: Schema.String,
  label: Schema.String,
  inputType: Schema.String,
  section: Schema.String,
  options: Schema.Array(Schema.String)
})
export interface CrmField extends Schema.Schema.Type<typeof CrmField> {}

/** What can be chosen from: case types, and statuses and fields per case type (`null`: those of every case type). */
export const CrmCatalog = Schema.Struct({
  caseTypes: Schema.Array(CaseType),
  statuses: Schema.Array(CaseStatus),
  fields: Schema.Array(Schema.Struct({ caseType: Schema.String, fields: Schema.Array(CrmField) }))
})
export interface CrmCatalog extends Schema.Schema.Type<typeof CrmCatalog> {}

/** A stored receipt, as `decode` gets it: the flat record and what the connection's alias table knows. */
export const CrmReceipt = Schema.Struct({
  receiptId: Schema.String,
  receivedAt: Instant,
  entries: Schema.Array(Schema.Tuple([Schema.String, Schema.String])),
  aliases: Schema.Record(Schema.String, Schema.Array(Schema.String))
})
export interface CrmReceipt extends Schema.Schema.Type<typeof CrmReceipt> {}

export const CrmNote = Schema.Struct({
  externalId: Schema.String,
  category: Schema.String,
  text: Schema.String,
  createdAt: Schema.NullOr(Instant)
})
export interface CrmNote extends Schema.Schema.Type<typeof CrmNote> {}

export const CrmPage = Schema.Struct({
  cases: Schema.Array(CrmCase),
  /** Where the next pull starts; opaque to the core. */
  cursor: Schema.String,
  /** How many cases the scope holds, where the CRM says so. */
  total: Schema.optionalKey(Schema.Int),
  /** Of a pull with a scope: nothing comes behind this page. */
  isLast: Schema.optionalKey(Schema.Boolean)
})
export interface CrmPage extends Schema.Schema.Type<typeof CrmPage> {}

/** A bounded part of what the CRM holds: by last change, both ends included, and by case type (id or name; none: all). */
export const CrmScope = Schema.Struct({
  from: Schema.NullOr(Instant),
  to: Schema.NullOr(Instant),
  caseTypes: Schema.Array(Schema.String)
})
export interface CrmScope extends Schema.Schema.Type<typeof CrmScope> {}

export const crmOperations = {
  decode: { payload: Schema.Struct({ receipts: Schema.Array(CrmReceipt) }), success: Schema.Array(CrmChange) },
  catalog: { payload: Schema.Struct({}), success: CrmCatalog },
  read: { payload: Schema.Struct({ ids: Schema.Array(ExternalCaseId) }), success: Schema.Array(CrmCase) },
  notes: {
    payload: Schema.Struct({ id: ExternalCaseId, since: Schema.NullOr(Instant) }),
    success: Schema.Array(CrmNote)
  },
  addNote: {
    payload: Schema.Struct({ id: ExternalCaseId, text: Schema.String }),
    success: Schema.Struct({ externalId: Schema.String })
  },
  updateFields: {
    payload: Schema.Struct({ id: ExternalCaseId, fields: Schema.Record(Schema.String, Schema.String) }),
    success: Schema.Struct({})
  },
  setStatus: { payload: Schema.Struct({ id: ExternalCaseId, status: Schema.String }), success: Schema.Struct({}) }
} as const

type Call<K extends keyof typeof crmOperations> = (
  payload: (typeof crmOperations)[K]["payload"]["Type"]
) => Effect.Effect<(typeof crmOperations)[K]["success"]["Type"], CrmError>

export class Crm extends Context.Service<
  Crm,
  {
    /** Tries the credentials step by step; a check that fails is a value, so that later checks can still be shown. */
    readonly verify: Stream.Stream<CrmCheck, CrmError>
    /** What changed since the cursor (`null`: the first look-back), page by page, each with the cursor after it. */
    /**
     * With a scope: the cases in it (`null`: from its beginning), each page with the cursor behind that very page, so
     * that a pull may end anywhere and go on later. No case is skipped because another one changed meanwhile; some may
     * come twice. The last page says that it is.
     */
    readonly changes: (cursor: string | null, scope?: CrmScope) => Stream.Stream<CrmPage, CrmError>
    /** Case types, statuses and fields. */
    readonly catalog: Call<"catalog">
    /** Stored receipts to changes; pure, never calls the CRM. One answer per receipt, in order. */
    readonly decode: Call<"decode">
    /** Present state of one or many cases in as few calls as the CRM allows. Cases it does not know are left out. */
    readonly read: Call<"read">
    /** Notes of a case, newest last; where a marker is looked for. */
    readonly notes: Call<"notes">
    /** Adds one note where the firm looks for client communications. Fails with `CrmOutcomeUnknown` if no answer came. */
    readonly addNote: Call<"addNote">
    /** Writes fields by the CRM's keys; refuses reserved and malformed keys itself. */
    readonly updateFields: Call<"updateFields">
    /** Sets a status by name; refuses a name the CRM does not list. */
    readonly setStatus: Call<"setStatus">
  }
>()("@casewire/core/ports/Crm") {}
