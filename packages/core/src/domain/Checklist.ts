/**
 * The set-up checklist, computed from what is so and never from what somebody ticked. Four items, in the order in which
 * it is safe to do them; an item says which facts tick it, and what is wrong when a later one was done first.
 */
import type { CaseTypeLink } from "./Mapping.ts"
import type { Instant } from "./Ids.ts"
import type { Toggles } from "./Toggles.ts"

export interface ChecklistFacts {
  readonly isConnected: boolean
  /** Where the CRM's webhooks are set up, as the plugin declares it. */
  readonly webhookScreen: ChecklistLink | null
  readonly lastWebhook: Instant | null
  /** Somebody pressed the CRM's test button: the address is right, and nothing has come yet. */
  readonly wasTested: boolean
  /** Names of optional parameters that came with a webhook. */
  readonly optionsSeen: ReadonlyArray<string>
  readonly links: ReadonlyArray<CaseTypeLink>
  readonly toggles: Toggles
}

export interface ChecklistLink {
  readonly href: string
  readonly label: string
}

export interface ChecklistItem {
  readonly id: "webhook" | "options" | "case-types" | "switches"
  readonly title: string
  /** `optional`: not done, and nothing is missing without it. `attention`: done in an order that is not safe. */
  readonly state: "done" | "open" | "optional" | "attention"
  /** What is so, in sentences. */
  readonly facts: ReadonlyArray<string>
  /** Where it is done, outside of here. */
  readonly link: ChecklistLink | null
}

export const checklist = (facts: ChecklistFacts): ReadonlyArray<ChecklistItem> => [
  webhook(facts),
  options(facts),
  caseTypes(facts),
  switches(facts)
]

const webhook = ({ isConnected, lastWebhook, wasTested, webhookScreen }: ChecklistFacts): ChecklistItem => ({
  id: "webhook",
  link: webhookScreen,
  title: "Paste the webhook URL into the CRM",
  state: lastWebhook !== null || wasTested ? "done" : "open",
  facts: [
    isConnected ? "The CRM is connected." : "The CRM is not connected.",
    lastWebhook !== null
      ? "A webhook was received."
      : wasTested
        ? "The CRM's test was received, and no record yet."
        : "No webhook was received yet."
  ]
})

const options = ({ optionsSeen }: ChecklistFacts): ChecklistItem => ({
  id: "options",
  link: null,
  title: "Add optional parameters such as a list",
  state: optionsSeen.length > 0 ? "done" : "optional",
  facts: [
    optionsSeen.length > 0 ? `Webhooks carried ${optionsSeen.join(", ")}.` : "No webhook carried a parameter yet."
  ]
})

const caseTypes = ({ links, toggles }: ChecklistFacts): ChecklistItem => ({
  id: "case-types",
  link: null,
  title: "Link case types",
  state: links.length > 0 ? "done" : toggles.sendFields ? "attention" : "open",
  facts: [
    links.length === 0
      ? "No case type is linked."
      : `${links.length} ${links.length === 1 ? "case type is" : "case types are"} linked.`,
    ...(links.length === 0 && toggles.sendFields
      ? ["Send mapped fields is on, but no mapped field is sent before a case type is linked."]
      : [])
  ]
})

const switches = (facts: ChecklistFacts): ChecklistItem => {
  const { toggles } = facts
  const { enabled, receive, send, sendCalls, sendDocuments, sendFields, sendMessages, syncStatuses } = toggles
  const sendsSomething = send && (sendCalls || sendDocuments || sendFields || sendMessages)
  const before = [
    ...(enabled ? [] : ["Enable integration is off."]),
    ...(receive ? [] : ["Receive data is off."]),
    ...(sendsSomething ? [] : [send ? "No kind of data is selected to be sent." : "Send data is off."])
  ]
  const missing = [
    ...(facts.lastWebhook === null ? ["no webhook was received"] : []),
    ...(facts.links.length === 0 ? ["no case type is linked"] : [])
  ]
  const isEarly = syncStatuses && (before.length > 0 || missing.length > 0)
  return {
    id: "switches",
    link: null,
    title: "Turn on Enable, Receive, what is sent, and Sync case statuses last",
    state: isEarly ? "attention" : before.length === 0 && syncStatuses ? "done" : "open",
    facts: [
      ...before,
      syncStatuses ? "Sync case statuses is on." : "Sync case statuses is off.",
      ...(isEarly && missing.length > 0 ? [`Sync case statuses should come last: ${missing.join(" and ")}.`] : []),
      ...(isEarly && before.length > 0 ? ["Sync case statuses should come last, after the switches above."] : [])
    ]
  }
}
