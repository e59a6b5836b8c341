/** The sandbox as the kit wants to see one: how to start it, what it holds, how to act as staff, how to make it fail. */
import type { SandboxFacts, SandboxWebhook } from "@casewire/contract-kit/CrmSandbox"
import { defineSandbox } from "@casewire/contract-kit/RunningSandbox"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Effect } from "effect"
import { account, key, statuses, testWebhook, webhookOf } from "./Office.ts"
import { postWebhook, serve } from "./Server.ts"

const facts: SandboxFacts = {
  cases: ["1001", "1002", "1003", "1004"].map((id) => ExternalCaseId.make(id)),
  unknownCase: ExternalCaseId.make("9999"),
  status: "New",
  otherStatuses: ["Signed Up", "Closed"],
  otherStatusFolded: " signed  UP",
  unknownStatus: "Settled",
  field: "referred_by",
  forbiddenFields: [],
  clientCategory: "Client Communications",
  staffCategory: "Internal",
  wrongCredentials: [
    { field: "account", value: "unknown-firm", named: "account" },
    { field: "key", value: "wrong-key-3141", named: "key" }
  ],
  lockedOut: { key: "wrong-key-3141" },
  secrets: [key],
  clientWords: ["José", "O'Hara", "jose.ohara@example.test", "555-0142"]
}

const json = (record: Record<string, string>): SandboxWebhook => ({
  mediaType: "application/json",
  text: JSON.stringify(record)
})
const form = (record: Record<string, string>): SandboxWebhook => ({
  mediaType: "application/x-www-form-urlencoded",
  text: new URLSearchParams(record).toString()
})

export default defineSandbox({
  start: (times, port) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.promise(() => serve(times, port)),
        ({ close }) => Effect.promise(close)
      ),
      ({ office, url }) => ({
        url,
        credentials: { account, key },
        postWebhooksTo: (address) => Effect.sync(() => void (office.webhookUrl = address)),
        control: {
          facts,
          reset: Effect.sync(() => office.reset()),
          caseNow: (id) =>
            Effect.sync(() => {
              const { fields, notes, status } = office.caseOf(id)
              return { status, fields: { ...fields }, notes: notes.map(({ category, text }) => ({ category, text })) }
            }),
          changeStatus: (id, status) =>
            Effect.promise(() => {
              if (!statuses.includes(status)) throw new Error(`the sandbox knows no status "${status}"`)
              office.setStatus(office.caseOf(id), status)
              return postWebhook(office, id)
            }),
          writeNote: (id, { category, text }) =>
            Effect.sync(() => void office.addNote(office.caseOf(id), category, text)),
          setFault: ({ times: turns = 1, ...fault }) =>
            Effect.sync(() => void office.faults.push({ ...fault, times: turns })),
          pressTest: Effect.sync(() => json(testWebhook())),
          sendWebhook: (id) =>
            Effect.sync(() => {
              const record = webhookOf(office.caseOf(id))
              return [json(record), form(record)]
            })
        }
      })
    )
})
