/** How the core's values are shown over HTTP: pure, and the one place that knows both shapes. */
import { Option } from "effect"
import type { CaseView, ClientView } from "@casewire/api/Cases"
import type { ConnectionView } from "@casewire/api/Connections"
import type { JobView, WorkWord } from "@casewire/api/Jobs"
import type { DispositionWord, ReceiptView } from "@casewire/api/Receipts"
import type { RunView } from "@casewire/api/Runs"
import type { DocumentView, TimelineView } from "@casewire/api/Timeline"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type Case, type Client, isLinked } from "@casewire/core/domain/Case"
import type { Connection } from "@casewire/core/domain/Connection"
import { valuesOf } from "@casewire/core/domain/FieldSync"
import type { Job, Work } from "@casewire/core/domain/Job"
import { isPending } from "@casewire/core/domain/Merge"
import type { TimelineEntry } from "@casewire/core/domain/TimelineEntry"
import type { Disposition, Receipt } from "@casewire/core/domain/Receipt"
import type { Run } from "@casewire/core/domain/Run"
import { sameStatus } from "@casewire/core/domain/StatusSync"
import type { Credentials } from "@casewire/core/ports/ConnectionStore"

export const connectionView = (
  connection: Connection,
  manifest: Option.Option<PluginManifest>,
  credentials: Credentials,
  webhookUrl: string
): ConnectionView => ({
  id: connection.id,
  plugin: connection.plugin,
  name: connection.name,
  state: connection.state,
  sandbox: connection.sandbox,
  settings: connection.settings,
  secrets: Object.fromEntries(
    Option.match(manifest, {
      onNone: () => Object.keys(credentials),
      onSome: ({ credentials: fields }) => fields.flatMap(({ name, secret }) => (secret ? [name] : []))
    }).map((name) => [name, { set: Object.hasOwn(credentials, name) }])
  ),
  callLimit: connection.callLimit,
  toggles: connection.toggles,
  caseTypeLinks: connection.caseTypeLinks,
  aliases: connection.aliases,
  health: connection.health,
  webhookUrl,
  createdAt: connection.createdAt,
  updatedAt: connection.updatedAt
})

/** `plugin` is the CRM that a linked case comes from. */
export const caseView = (of: Case, client: Option.Option<Client>, plugin: string | undefined): CaseView => ({
  id: of.id,
  connectionId: isLinked(of) ? of.connectionId : null,
  externalId: isLinked(of) ? of.externalId : null,
  entry:
    plugin === undefined
      ? (of.entry ?? {})
      : { ...of.entry, externalSource: plugin.replaceAll("-", "_"), externalSourceId: of.externalId },
  standing: of.standing,
  name: of.name,
  caseType: of.caseType,
  status: {
    value: of.status.platform,
    reported: of.reported === null ? null : { ...of.reported, status: of.reported.status.name },
    state: statusState(of),
    twoWay: of.status
  },
  client: Option.match(client, { onNone: () => null, onSome: clientView }),
  fields: of.fields,
  values: Object.fromEntries(Object.entries(of.values).map(([field, { platform }]) => [field, valuesOf(platform)])),
  dirtySince: of.dirtySince,
  createdAt: of.createdAt,
  updatedAt: of.updatedAt,
  externalCreatedAt: of.externalCreatedAt,
  externalUpdatedAt: of.externalUpdatedAt,
  verifiedAt: of.verifiedAt
})

export const clientView = ({ connectionId: _connection, firmId: _firm, ...shown }: Client): ClientView => shown

const statusState = (of: Case): CaseView["status"]["state"] =>
  of.reported !== null
    ? "reported, verifying"
    : of.status.platform === null
      ? "unknown"
      : isPending(of.status, sameStatus)
        ? "pending push"
        : of.verifiedAt === null
          ? "unverified"
          : "verified"

const dispositionWords = {
  Accepted: "accepted",
  Ignored: "ignored",
  Test: "test",
  Refused: "refused"
} as const satisfies Record<Disposition["_tag"], DispositionWord>

const dispositionTags = { accepted: "Accepted", ignored: "Ignored", test: "Test", refused: "Refused" } as const

export const dispositionTag = (word: DispositionWord): Disposition["_tag"] => dispositionTags[word]

export const dispositionView = (disposition: Disposition) => ({
  disposition: dispositionWords[disposition._tag],
  reason:
    disposition._tag === "Ignored" ? disposition.reason : disposition._tag === "Refused" ? disposition.problem : null
})

export const receiptView = (receipt: Receipt): ReceiptView => ({
  id: receipt.id,
  connectionId: receipt.connectionId,
  receivedAt: receipt.receivedAt,
  mediaType: receipt.mediaType,
  headerNames: receipt.headerNames,
  ...dispositionView(receipt.disposition),
  status: receipt.disposition._tag === "Refused" ? receipt.disposition.status : 200,
  errors: receipt.errors,
  warnings: receipt.warnings,
  externalCaseId: receipt.externalCaseId,
  replayedAt: receipt.replayedAt
})

export const workWords = {
  ApplyReceipt: "apply-receipt",
  ReadCase: "read-case",
  AddNote: "add-note",
  PushStatus: "push-status",
  PushFields: "push-fields",
  PushDocument: "push-document",
  Notify: "notify",
  Pull: "pull",
  PullNotes: "pull-notes",
  PullDocuments: "pull-documents",
  Sweep: "sweep",
  ImportHistory: "import-history",
  ImportCases: "import-cases",
  EraseConnection: "erase-connection"
} as const satisfies Record<Work["_tag"], WorkWord>

const workTags = {
  "apply-receipt": "ApplyReceipt",
  "read-case": "ReadCase",
  "add-note": "AddNote",
  "push-status": "PushStatus",
  "push-fields": "PushFields",
  "push-document": "PushDocument",
  notify: "Notify",
  pull: "Pull",
  "pull-notes": "PullNotes",
  "pull-documents": "PullDocuments",
  sweep: "Sweep",
  "import-history": "ImportHistory",
  "import-cases": "ImportCases",
  "erase-connection": "EraseConnection"
} as const satisfies Record<WorkWord, Work["_tag"]>

export const workTag = (word: WorkWord): Work["_tag"] => workTags[word]

export const jobView = (job: Job): JobView => ({
  id: job.id,
  connectionId: job.connectionId,
  key: job.key,
  lane: job.lane,
  priority: job.priority,
  work: workWords[job.work._tag],
  about: aboutOf(job.work),
  state: job.state,
  attempts: job.attempts,
  notBefore: job.notBefore,
  createdAt: job.createdAt,
  updatedAt: job.updatedAt,
  sentAt: job.sentAt,
  done: job.progress.length,
  parts: job.work._tag === "AddNote" ? job.work.parts.length : 1,
  reason: job.reason
})

const aboutOf = (work: Work): Readonly<Record<string, string>> => {
  switch (work._tag) {
    case "ApplyReceipt":
      return { receiptId: work.receiptId }
    case "ReadCase":
      return { externalCaseId: work.externalCaseId }
    case "AddNote":
      return { caseId: work.caseId, externalCaseId: work.externalCaseId, eventId: work.eventId, source: work.source }
    case "PushStatus":
      return { caseId: work.caseId, externalCaseId: work.externalCaseId, eventId: work.eventId, target: work.target }
    case "PushFields":
      return { caseId: work.caseId, externalCaseId: work.externalCaseId, eventId: work.eventId }
    case "PushDocument":
      return { caseId: work.caseId, externalCaseId: work.externalCaseId, documentId: work.documentId }
    case "Notify":
      return { subscriptionId: work.subscriptionId, webhookId: work.webhookId }
    case "PullNotes":
    case "PullDocuments":
      return { externalCaseId: work.externalCaseId }
    case "Pull":
    case "Sweep":
      return {}
    case "ImportHistory":
    case "ImportCases":
      return { runId: work.runId }
    case "EraseConnection":
      return { connectionId: work.connectionId, runId: work.runId }
  }
}

export const runView = ({ cursor: _cursor, firmId: _firm, ...shown }: Run): RunView => shown

/** Nothing where the entry is of another kind. */
export const documentView = ({ content, ...entry }: TimelineEntry): ReadonlyArray<DocumentView> => {
  if (content._tag !== "Document") return []
  const { _tag: _, ...document } = content
  return [{ kind: "document", ...commonOf(entry), ...document }]
}

export const timelineView = (of: TimelineEntry): TimelineView => {
  const { content, ...entry } = of
  const common = commonOf(entry)
  switch (content._tag) {
    case "Message": {
      const { _tag: _, ...message } = content
      return { kind: "message", ...common, ...message }
    }
    case "Call": {
      const { _tag: _, ...call } = content
      return { kind: "call", ...common, ...call }
    }
    case "Note": {
      const { _tag: _, ...note } = content
      return { kind: "note", ...common, ...note }
    }
    case "Document": {
      const { _tag: _, ...document } = content
      return { kind: "document", ...common, ...document }
    }
  }
}

const commonOf = ({ at, cause, externalId, id, recordedAt, source }: Omit<TimelineEntry, "content">) => ({
  id,
  at,
  recordedAt,
  source,
  cause,
  externalId
})
