/**
 * Lists and campaigns of a firm, which cases stand in them, and every change with its cause.
 *
 * A number is short enough to stand in a webhook's URL (`list_id=3`); it is given once and never again, so that an old
 * URL cannot reach a younger list. A membership also remembers that a case was taken out, and by whom: that keeps
 * automatic adds away.
 */
import { Schema } from "effect"
import { CaseId } from "./Case.ts"
import { ConnectionId } from "./Connection.ts"
import { FirmId, Instant } from "./Ids.ts"
import { CaseType } from "./Mapping.ts"

export const ListId = Schema.String.pipe(Schema.brand("ListId"))
export type ListId = typeof ListId.Type

export const CampaignId = Schema.String.pipe(Schema.brand("CampaignId"))
export type CampaignId = typeof CampaignId.Type

/** The auto-add rule of a list. An empty filter lets any through; both filters must agree. It never removes. */
export const AutoAdd = Schema.Struct({
  on: Schema.Boolean,
  /** Adds a case only at the first verified read after it was made. */
  firstSyncOnly: Schema.Boolean,
  /** Cases of one connection only; null: of any. Ids of case types mean something within their own CRM only. */
  connectionId: Schema.NullOr(ConnectionId),
  /** The CRM's case types and statuses, as its catalog names them. */
  caseTypes: Schema.Array(CaseType),
  statuses: Schema.Array(Schema.String)
})
export interface AutoAdd extends Schema.Schema.Type<typeof AutoAdd> {}

export const noAutoAdd: AutoAdd = { on: false, firstSyncOnly: false, connectionId: null, caseTypes: [], statuses: [] }

export const List = Schema.Struct({
  id: ListId,
  firmId: FirmId,
  /** 1, 2, 3 … within the firm. */
  number: Schema.Int,
  name: Schema.String,
  description: Schema.String,
  /** The platform's case type that every case of the list should have; a campaign needs one. */
  caseType: Schema.NullOr(Schema.String),
  autoAdd: AutoAdd,
  createdAt: Instant,
  updatedAt: Instant,
  /** An archived list takes no cases and is found by no webhook. */
  archivedAt: Schema.NullOr(Instant)
})
export interface List extends Schema.Schema.Type<typeof List> {}

export const Campaign = Schema.Struct({
  id: CampaignId,
  firmId: FirmId,
  number: Schema.Int,
  name: Schema.String,
  /** The list whose cases the campaign reaches. */
  listId: Schema.NullOr(ListId),
  createdAt: Instant,
  updatedAt: Instant,
  archivedAt: Schema.NullOr(Instant)
})
export interface Campaign extends Schema.Schema.Type<typeof Campaign> {}

/** What a case can stand in. A campaign's cases follow the rules of a list's. */
export const TargetKind = Schema.Literals(["list", "campaign"])
export type TargetKind = typeof TargetKind.Type

/** An add from a webhook that waits for the verifying read, because the CRM may hold another status by now. */
export const WaitingAdd = Schema.Struct({
  receiptId: Schema.String,
  receiveNumber: Schema.Int,
  /** The status the receipt carried; null when it carried none. */
  status: Schema.NullOr(Schema.String),
  /** The option that named the target, for the warning. */
  field: Schema.String
})
export interface WaitingAdd extends Schema.Schema.Type<typeof WaitingAdd> {}

export const Membership = Schema.Struct({
  firmId: FirmId,
  kind: TargetKind,
  targetId: Schema.String,
  caseId: CaseId,
  isMember: Schema.Boolean,
  /**
   * Who took the case out so that automatic adds keep away. `person`: until a person lifts it, against all of them.
   * `webhook`: against auto-add only, and until the case has once left the rule's filters.
   */
  heldOffBy: Schema.NullOr(Schema.Literals(["person", "webhook"])),
  /** Operations of receipts up to this number are older than what stands here. */
  receiveNumber: Schema.Int,
  waiting: Schema.Array(WaitingAdd),
  /** When the case came in or went out, and what caused it: a receipt or job id, or the name of a person. */
  since: Instant,
  cause: Schema.String
})
export interface Membership extends Schema.Schema.Type<typeof Membership> {}

/** One line of the audit: nothing about lists changes without one. */
export const ListEvent = Schema.Struct({
  id: Schema.String,
  firmId: FirmId,
  at: Instant,
  kind: TargetKind,
  targetId: Schema.String,
  /** Null when the list itself changed. */
  caseId: Schema.NullOr(CaseId),
  change: Schema.Literals([
    "created",
    "changed",
    "rule-changed",
    "archived",
    "added",
    "removed",
    "lifted",
    /** A webhook's add waits for the verifying read. */
    "waiting",
    /** It waited, and the CRM holds another status or does not know the case. */
    "dropped",
    /** A person's removal or a later operation stood against it. */
    "refused"
  ]),
  by: Schema.Literals(["person", "receipt", "auto-add"]),
  /** The name of who did it, or the id of the receipt or job. */
  cause: Schema.String,
  /** More about it in plain words or codes; what a list was before. */
  detail: Schema.NullOr(Schema.String)
})
export interface ListEvent extends Schema.Schema.Type<typeof ListEvent> {}
