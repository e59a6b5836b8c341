/**
 * What the firm's switches allow. The whole table of the guide stands here as pure decisions: each answers with what
 * to do and the reason a person can read. A disabled kind is dropped; status updates alone are held, because the firm
 * is asked later whether to send them.
 */
import { Schema } from "effect"
import { statusNotEffective } from "./Held.ts"
import type { Work } from "./Job.ts"

export const Toggles = Schema.Struct({
  /** Master: pauses all syncing without disconnecting. */
  enabled: Schema.Boolean,
  /** Pulls cases, clients and notes, and lets webhooks through. */
  receive: Schema.Boolean,
  /** Parent of the four options below it. */
  send: Schema.Boolean,
  sendFields: Schema.Boolean,
  sendMessages: Schema.Boolean,
  sendCalls: Schema.Boolean,
  sendDocuments: Schema.Boolean,
  /** Two-way: each half also needs its parent (receive or send). */
  syncStatuses: Schema.Boolean
})
export interface Toggles extends Schema.Schema.Type<typeof Toggles> {}

/** One line of the log of a connection's switches, by which what was held, dropped or ignored can be explained later. */
export const SwitchChange = Schema.Struct({
  at: Schema.Finite,
  by: Schema.String,
  before: Toggles,
  after: Toggles
})
export interface SwitchChange extends Schema.Schema.Type<typeof SwitchChange> {}

/** The switches that went on and those that went off. */
export const switched = ({ after, before }: Pick<SwitchChange, "before" | "after">) => {
  const names = Object.keys(Toggles.fields) as ReadonlyArray<keyof Toggles>
  return {
    on: names.filter((name) => !before[name] && after[name]),
    off: names.filter((name) => before[name] && !after[name])
  }
}

export const allOff: Toggles = {
  enabled: false,
  receive: false,
  send: false,
  sendFields: false,
  sendMessages: false,
  sendCalls: false,
  sendDocuments: false,
  syncStatuses: false
}

export type OutboundKind = "message" | "call" | "document" | "field" | "status"

export type OutboundVerdict =
  | { readonly _tag: "Send" }
  | { readonly _tag: "Drop"; readonly reason: string }
  | { readonly _tag: "Hold"; readonly reason: string }

const switchOf = {
  message: ["sendMessages", "Send messages"],
  call: ["sendCalls", "Send call records"],
  document: ["sendDocuments", "Send documents"],
  field: ["sendFields", "Send mapped fields"],
  status: ["syncStatuses", "Sync case statuses"]
} as const satisfies Record<OutboundKind, readonly [keyof Toggles, string]>

/** What becomes of a local event of one kind. */
export const outbound = (kind: OutboundKind, toggles: Toggles): OutboundVerdict => {
  const [own, label] = switchOf[kind]
  const off = !toggles.enabled
    ? "Enable integration"
    : !toggles.send
      ? "Send data"
      : !toggles[own]
        ? label
        : kind === "field" && !toggles.receive
          ? "Receive data"
          : undefined
  if (off === undefined) return { _tag: "Send" }
  const reason = `"${off}" is off`
  return kind === "status" ? { _tag: "Hold", reason } : { _tag: "Drop", reason }
}

export type IntakeVerdict =
  | { readonly _tag: "Accept" }
  | { readonly _tag: "Ignore"; readonly reason: "integration-disabled" | "receive-disabled" }

/** What becomes of a webhook. Ignored is not refused: the sender gets 200 and the lead is read when the switch goes on. */
export const intake = (toggles: Toggles): IntakeVerdict =>
  !toggles.enabled
    ? { _tag: "Ignore", reason: "integration-disabled" }
    : !toggles.receive
      ? { _tag: "Ignore", reason: "receive-disabled" }
      : { _tag: "Accept" }

export const isStatusInboundEffective = (toggles: Toggles): boolean =>
  toggles.enabled && toggles.receive && toggles.syncStatuses

export const isStatusOutboundEffective = (toggles: Toggles): boolean =>
  toggles.enabled && toggles.send && toggles.syncStatuses

/** Mapped fields need three switches and a linked case type, in either direction. */
export const isFieldSyncEffective = (toggles: Toggles): boolean =>
  toggles.enabled && toggles.receive && toggles.send && toggles.sendFields

/** Why a job may not start under these switches; it waits as `held` until they allow it. */
export const heldBy = (work: Work, toggles: Toggles): string | undefined => {
  switch (work._tag) {
    case "PushStatus":
      return isStatusOutboundEffective(toggles) ? undefined : statusNotEffective
    case "PushFields": {
      const verdict = outbound("field", toggles)
      return verdict._tag === "Send" ? undefined : verdict.reason
    }
    case "AddNote": {
      const verdict = outbound(work.source, toggles)
      return verdict._tag === "Send" ? undefined : verdict.reason
    }
    // The firm's own tools are told whatever the switches say: those are about the CRM.
    case "Notify":
    case "EraseConnection":
      return undefined
    // What a person uploaded is the platform's own.
    case "ImportCases":
      return undefined
    case "PushDocument": {
      const verdict = outbound("document", toggles)
      return verdict._tag === "Send" ? undefined : verdict.reason
    }
    case "ApplyReceipt":
    case "ReadCase":
    case "PullNotes":
    case "PullDocuments":
    case "Sweep":
    case "ImportHistory":
    case "Pull": {
      const verdict = intake(toggles)
      return verdict._tag === "Accept" ? undefined : verdict.reason
    }
  }
}
