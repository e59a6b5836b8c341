/**
 * What is wrong, or easily misunderstood, told from facts: each finding has a stable code, one sentence that says what
 * is so and one that says what to do. Pure, so that the API, the command and the console say the same.
 *
 * `error`: something that was promised does not happen. `warning`: it soon will not, or not yet. `info`: all is well,
 * and people ask about it all the same. Every code is described in docs/troubleshooting.md.
 */
import { type Connection, isEnded } from "./Connection.ts"
import type { Instant } from "./Ids.ts"

export type Severity = "error" | "warning" | "info"

/** Every code, and how bad it is. */
export const severities = {
  disconnected: "warning",
  erasing: "info",
  "not-connected": "error",
  "sign-in-failed": "error",
  "enable-off": "warning",
  "receive-off": "warning",
  "send-off": "warning",
  "nothing-selected": "warning",
  "webhook-token-missing": "error",
  "webhook-never": "warning",
  "webhook-only-tested": "warning",
  "webhook-silent": "warning",
  "webhooks-refused": "error",
  "webhook-trigger": "info",
  "status-resume-asked": "warning",
  "baseline-pending": "info",
  "case-types-unlinked": "warning",
  "calls-wait": "warning",
  "sync-late": "warning",
  "list-lacks-cases": "warning",
  "unverified-cases": "warning",
  "messages-are-notes": "info",
  "documents-skipped": "info",
  "dead-jobs": "error",
  "uncertain-jobs": "error",
  "storage-not-writable": "error",
  "storage-setting": "error",
  "node-version": "error",
  "plugin-network": "info",
  "clock-step": "warning",
  "disk-low": "warning",
  "queue-late": "warning"
} as const satisfies Record<string, Severity>
export type FindingCode = keyof typeof severities

export interface Finding {
  readonly code: FindingCode
  readonly severity: Severity
  readonly explanation: string
  readonly fix: string
}

export const finding = (code: FindingCode, explanation: string, fix: string): Finding => ({
  code,
  severity: severities[code],
  explanation,
  fix
})

export interface ConnectionFacts {
  readonly now: Instant
  /** Cases and skipped documents were counted among the newest so many cases. */
  readonly casesLookedAt: number
  readonly connection: Pick<
    Connection,
    "state" | "toggles" | "health" | "caseTypeLinks" | "statusOffSince" | "webhookTokenAt" | "sweep" | "createdAt"
  >
  readonly lastWebhook: Instant | null
  readonly wasTested: boolean
  /** Refused lately and not replayed since: how many, and the required fields that were missing or unusable. */
  readonly refused: { readonly count: number; readonly fields: ReadonlyArray<string> }
  /** When the next call of the CRM account may leave. */
  readonly nextCall: Instant
  readonly notesSent: boolean
  readonly dead: JobCount
  readonly uncertain: JobCount
  readonly baselinePending: number
  readonly unverified: number
  /** Documents that were not taken, by why. */
  readonly skipped: Readonly<Record<string, number>>
  /** In the CRM's words, from the plugin's declaration. */
  readonly words: { readonly notesPlace?: string; readonly hints: ReadonlyArray<string> }
}

export interface JobCount {
  readonly count: number
  /** The reasons' codes, most frequent first. */
  readonly reasons: ReadonlyArray<string>
}

const day = 86_400_000
/** A firm without a status change for so long is rare; a webhook row that was switched off is not. */
const silentDays = 7
/** Calls that wait longer than this are felt. */
const callWaitMs = 5000
const syncLateMs = 60 * 60_000

export const diagnoseConnection = (facts: ConnectionFacts): ReadonlyArray<Finding> => [
  ...signIn(facts),
  ...switches(facts),
  ...webhook(facts),
  ...syncing(facts),
  ...jobs(facts),
  ...explained(facts)
]

const signIn = ({ connection: { state } }: ConnectionFacts): ReadonlyArray<Finding> => {
  switch (state) {
    case "connected":
      return []
    case "new":
      return [
        finding(
          "not-connected",
          "The sign-in was never checked, so nothing is read from the CRM or sent to it.",
          "Verify the connection."
        )
      ]
    case "reconnect-needed":
      return [
        finding(
          "sign-in-failed",
          "The CRM refused the sign-in, and all calls have stopped so that the account is not locked.",
          "Enter the present credentials (a changed password stops a connection) and verify the connection."
        )
      ]
    case "disconnected":
      return [
        finding(
          "disconnected",
          "The connection was ended; its webhooks are refused and nothing is called.",
          "Connect again, if that was not meant."
        )
      ]
    case "erasing":
      return [
        finding(
          "erasing",
          "The connection was ended, and everything that came from it is being removed.",
          "Wait until its run is done; nothing can be set up for it any more."
        )
      ]
  }
}

const switches = ({ connection: { state, toggles } }: ConnectionFacts): ReadonlyArray<Finding> => {
  if (isEnded({ state })) return []
  const { enabled, receive, send, sendCalls, sendDocuments, sendFields, sendMessages, syncStatuses } = toggles
  if (!enabled)
    return [
      finding("enable-off", "Enable integration is off, so nothing is received or sent.", "Turn on Enable integration.")
    ]
  const sendsSomething = sendCalls || sendDocuments || sendFields || sendMessages || syncStatuses
  return [
    ...(receive
      ? []
      : [
          finding(
            "receive-off",
            "Receive data is off, so webhooks are noted and nothing is taken in.",
            "Turn on Receive data; leads of ignored webhooks are read then."
          )
        ]),
    ...(send
      ? sendsSomething
        ? []
        : [
            finding(
              "nothing-selected",
              "Send data is on, but no kind of data is selected.",
              "Select below Send data what is to be sent."
            )
          ]
      : [
          finding(
            "send-off",
            "Send data is off, so no message, call, document or field reaches the CRM.",
            "Turn on Send data and select what is to be sent."
          )
        ])
  ]
}

const webhook = (facts: ConnectionFacts): ReadonlyArray<Finding> => {
  const { connection, lastWebhook, now, refused, wasTested, words } = facts
  if (isEnded(connection)) return []
  const isSilent = lastWebhook !== null && now - lastWebhook > silentDays * day
  const hasCome = lastWebhook !== null || refused.count > 0
  const wasIssued = connection.webhookTokenAt !== undefined || hasCome || wasTested
  return [
    ...(wasIssued
      ? []
      : [
          finding(
            "webhook-token-missing",
            "No webhook URL was ever made for this connection, so the CRM cannot send anything.",
            "Make the webhook URL and paste it into the CRM's webhook."
          )
        ]),
    ...(wasIssued && !hasCome && !wasTested
      ? [
          finding(
            "webhook-never",
            "No webhook has arrived yet.",
            "Check that the URL was pasted into the CRM's webhook, that the webhook was saved, and press its test button."
          )
        ]
      : []),
    ...(!hasCome && wasTested
      ? [
          finding(
            "webhook-only-tested",
            "The CRM's test button reached this host, and no real webhook has arrived yet.",
            "Change the status of one case, or send one record by hand, and check that its case type is selected in the CRM's webhook."
          )
        ]
      : []),
    ...(isSilent
      ? [
          finding(
            "webhook-silent",
            `No webhook has arrived since ${dayOf(lastWebhook)}.`,
            "Check that the webhook is still saved and switched on in the CRM, with this host's present URL."
          )
        ]
      : []),
    ...(refused.count > 0
      ? [
          finding(
            "webhooks-refused",
            `${counted(refused.count, "webhook was", "webhooks were")} refused in the last ${silentDays} days${refused.fields.length === 0 ? "" : ` because of ${refused.fields.join(", ")}`}.`,
            "Add these fields to the CRM's webhook or enter the firm's own keys for them, then replay the refused receipts."
          )
        ]
      : []),
    ...(words.hints.length > 0 && (!hasCome || isSilent)
      ? [
          finding(
            "webhook-trigger",
            words.hints[0]!,
            words.hints[1] ?? "Send one record by hand to see that it arrives."
          )
        ]
      : [])
  ]
}

const syncing = (facts: ConnectionFacts): ReadonlyArray<Finding> => {
  const { baselinePending, connection, nextCall, now, unverified } = facts
  const { caseTypeLinks, health, state, statusOffSince, sweep, toggles } = connection
  const isReceiving = state === "connected" && toggles.enabled && toggles.receive
  const lastSync = health.lastSync ?? connection.createdAt
  return [
    ...(statusOffSince !== undefined && toggles.syncStatuses && toggles.enabled && toggles.send
      ? [
          finding(
            "status-resume-asked",
            "Status sync was off and waits for the answer how to resume; status changes are held until then.",
            "Resume from now on, or replay what waits after looking at the plan."
          )
        ]
      : []),
    ...(caseTypeLinks.length === 0 && toggles.sendFields
      ? [
          finding(
            "case-types-unlinked",
            "No case type is linked, so no mapped field is sent or taken in.",
            "Link the CRM's case types to those of the platform."
          )
        ]
      : []),
    ...(nextCall - now > callWaitMs
      ? [
          finding(
            "calls-wait",
            `The CRM account's call budget is used up: the next call can leave in ${Math.ceil((nextCall - now) / 1000)} seconds.`,
            "Wait; where that is the rule, ask the CRM to raise the limit and enter the new one as the connection's call limit."
          )
        ]
      : []),
    ...(isReceiving && now - lastSync > syncLateMs
      ? [
          finding(
            "sync-late",
            `The last sync that succeeded ended ${health.lastSync === null ? "never" : `at ${timeOf(lastSync)}`}.`,
            "Start a sync now, and look at the jobs of this connection that failed."
          )
        ]
      : []),
    ...(sweep?.alarm === true
      ? [
          finding(
            "list-lacks-cases",
            `The CRM's list lacked ${counted(sweep.absent, "known case", "known cases")} in the last comparison, so none is taken as gone.`,
            "Check in the CRM that the connection's user may see all leads and case types."
          )
        ]
      : []),
    ...(unverified > 0
      ? [
          finding(
            "unverified-cases",
            `${amongNewest(facts, unverified, "case is", "cases are")} not verified by a read from the CRM.`,
            "Check the sign-in and that the connection's user may see these leads."
          )
        ]
      : []),
    ...(baselinePending > 0
      ? [
          finding(
            "baseline-pending",
            `${amongNewest(facts, baselinePending, "case waits", "cases wait")} for a first read before statuses are compared again.`,
            "Nothing; it ends with the next read of each case."
          )
        ]
      : [])
  ]
}

const jobs = ({ dead, uncertain }: ConnectionFacts): ReadonlyArray<Finding> => [
  ...(dead.count > 0
    ? [
        finding(
          "dead-jobs",
          `${counted(dead.count, "job has", "jobs have")} failed for good${reasonsOf(dead)}.`,
          "Look at the reason of each, mend it, and replay them."
        )
      ]
    : []),
  ...(uncertain.count > 0
    ? [
        finding(
          "uncertain-jobs",
          `Of ${counted(uncertain.count, "job", "jobs")} nobody can say whether the CRM has it${reasonsOf(uncertain)}.`,
          "Look in the CRM, then confirm each as done or replay it."
        )
      ]
    : [])
]

const explained = (facts: ConnectionFacts): ReadonlyArray<Finding> => {
  const { notesSent, skipped, words } = facts
  const kinds = Object.entries(skipped).sort(([a], [b]) => (a < b ? -1 : 1))
  const count = kinds.reduce((sum, [, each]) => sum + each, 0)
  return [
    ...(notesSent && words.notesPlace !== undefined
      ? [
          finding(
            "messages-are-notes",
            `Messages and calls that were sent stand in the CRM under ${words.notesPlace}.`,
            "Look there; they are not among the CRM's own text messages and e-mails."
          )
        ]
      : []),
    ...(count > 0
      ? [
          finding(
            "documents-skipped",
            `${amongNewest(facts, count, "document was", "documents were", "document")} not taken (${kinds.map(([why, each]) => `${why}: ${each}`).join(", ")}).`,
            "Try a simple PDF or image of less than 25 MiB first; other types may not be taken."
          )
        ]
      : [])
  ]
}

export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const amongNewest = (
  { casesLookedAt }: ConnectionFacts,
  count: number,
  one: string,
  many: string,
  of = "case"
): string =>
  `Among ${of === "case" ? "" : "those of "}the newest ${counted(casesLookedAt, "case", "cases")}, ${counted(count, one, many)}`

const reasonsOf = ({ reasons }: JobCount): string => (reasons.length === 0 ? "" : ` (${reasons.join(", ")})`)

export const timeOf = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`
const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10)
