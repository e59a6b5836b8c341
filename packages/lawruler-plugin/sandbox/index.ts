/** The Law Ruler sandbox as the contract wants to see one: its seeded portal "harbor" over real HTTP. */
import { createServer } from "node:http"
import type { CrmSandbox, SandboxCall, SandboxFault, SandboxWebhook } from "@casewire/contract-kit/CrmSandbox"
import { defineSandbox, type RunningSandbox, type SandboxPackage } from "@casewire/contract-kit/RunningSandbox"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { demoPortal, serve } from "@casewire/lawruler-sandbox"
import { Effect } from "effect"

const strikes: Record<SandboxCall, string> = {
  read: "GetLead",
  notes: "GetNotes",
  addNote: "AddNote",
  setStatus: "legacy.status",
  updateFields: "legacy.update",
  changes: "SearchInboxItems",
  catalog: "GetCaseTypes",
  listDocuments: "GetDocuments",
  upload: "Upload"
}

const faults: Record<SandboxFault, string> = {
  "rate-limited": "429",
  "answer-lost": "answer-lost",
  "late-commit": "late-commit",
  "server-error": "500",
  truncated: "truncated",
  "expired-login": "expired-token",
  "wrong-record": "wrong-lead",
  duplicated: "duplicated",
  reordered: "reordered",
  slow: "slow"
}

const facts: CrmSandbox["facts"] = {
  cases: ["248199", "248177", "248150", "248190", "248120"].map((id) => ExternalCaseId.make(id)),
  unknownCase: ExternalCaseId.make("199999"),
  status: "Sent e-Sign",
  otherStatuses: ["Atty Reveiw  Needed", "Signed e-Sign"],
  otherStatusFolded: " atty  reveiw NEEDED",
  unknownStatus: "Records Recieved",
  field: "Custom4124",
  forbiddenFields: [
    "Key",
    "LeadID",
    "Operation",
    "overridelead",
    "ReturnXML",
    "Status",
    "Conversation",
    "clientSecret"
  ],
  clientCategory: "Client Communications",
  staffCategory: "Intake",
  wrongCredentials: [
    // Law Ruler says only that the two do not fit together.
    { field: "username", value: "nobody", named: "password" },
    { field: "password", value: "wrong-password-3141", named: "password" },
    { field: "clientRoot", value: "unknown-firm", named: "clientRoot" },
    { field: "clientSecret", value: "wrong-secret-2718", named: "clientSecret" },
    { field: "key", value: "WRONG-KEY-1618", named: "key" }
  ],
  lockedOut: { password: "wrong-password-3141" },
  secrets: [demoPortal.password, demoPortal.clientSecret, demoPortal.key],
  clientWords: ["José", "Hara", "555-0142", "jose.ohara@example.test"]
}

const start: SandboxPackage["start"] = Effect.fnUntraced(function* ({ clientTimeoutMs, lateCommitMs }, port = 0) {
  const { url } = yield* Effect.orDie(serve({ port, clientTimeoutHint: { timeoutMs: clientTimeoutMs, lateCommitMs } }))
  const receiver = yield* webhookReceiver

  // oxlint-disable-next-line typescript/no-explicit-any -- our own admin API; a wrong shape fails every law at once
  const admin = (method: string, path: string, body?: unknown): Effect.Effect<any> =>
    Effect.promise(async () => {
      const response = await fetch(`${url}/_sandbox${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } })
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
      return text === "" ? undefined : JSON.parse(text)
    })
  const portal = `/portals/${demoPortal.root}`

  const posted = Effect.fnUntraced(function* (encoding: string, press: (webhookId: number) => Effect.Effect<unknown>) {
    const extra = [
      { key: "Custom4124", field: "Custom4124" },
      { key: "Custom4131", field: "Custom4131" }
    ]
    const { body, webhookId } = yield* admin("POST", `${portal}/webhooks`, { url: receiver.url, encoding })
    yield* admin("PATCH", `${portal}/webhooks/${webhookId}`, { body: [...body, ...extra] })
    yield* press(webhookId)
    yield* admin("DELETE", `${portal}/webhooks/${webhookId}`)
    return receiver.last()
  })

  const control: RunningSandbox["control"] = {
    facts,
    reset: Effect.gen(function* () {
      yield* admin("POST", "/reset")
      yield* admin("POST", `${portal}/settings`, { rateLimit: null })
    }),
    caseNow: (id) =>
      Effect.map(admin("GET", `${portal}/leads/${id}`), ({ custom, notes, status }) => ({
        status,
        fields: custom,
        notes: notes.map(({ category, text }: { category: string; text: string }) => ({ category, text }))
      })),
    changeStatus: (id, status) => Effect.asVoid(admin("POST", `${portal}/leads/${id}/status`, { status, wait: true })),
    writeNote: (id, note) => Effect.asVoid(admin("POST", `${portal}/leads/${id}/notes`, note)),
    documents: {
      subfolder: "Intake / Signed",
      unknown: "999999",
      add: (id, { bytes, contentType, folder, name }) =>
        Effect.gen(function* () {
          const { folders } = yield* admin("GET", `${portal}/state`)
          // From the outermost folder inwards.
          const folderId = folder
            ?.split(" / ")
            .reduce<number | null>(
              (parent, wanted) =>
                folders.find(
                  (one: { name: string; parentId: number | null }) => one.name === wanted && one.parentId === parent
                ).folderId,
              null
            )
          const base64 = Buffer.from(bytes).toString("base64")
          yield* admin("POST", `${portal}/leads/${id}/documents`, {
            name,
            contentType,
            base64,
            ...(folderId === undefined ? {} : { folderId })
          })
        }),
      now: (id) =>
        Effect.gen(function* () {
          const lead = yield* admin("GET", `${portal}/leads/${id}`)
          const documents: ReadonlyArray<{ readonly documentId: number }> = lead.documents
          return yield* Effect.forEach(documents, ({ documentId }) =>
            Effect.map(
              admin("GET", `${portal}/leads/${id}/documents/${documentId}`),
              ({ base64, contentType, name }) => ({
                name,
                contentType,
                bytes: new Uint8Array(Buffer.from(base64, "base64"))
              })
            )
          )
        })
    },
    setFault: ({ kind, on, retryAfterSeconds, times = 1 }) =>
      Effect.asVoid(
        admin("POST", `${portal}/faults`, {
          // Many leads are read by pages of the inbox, and only a list can repeat itself.
          on: on === "read" && (kind === "duplicated" || kind === "reordered") ? strikes.changes : strikes[on],
          kind: faults[kind],
          times,
          ...(kind === "rate-limited" ? { retryAfter: retryAfterSeconds ?? "none" } : {})
        })
      ),
    pressTest: posted("urlencoded", (webhookId) => admin("POST", `${portal}/webhooks/${webhookId}/test`)),
    sendWebhook: (id) =>
      Effect.forEach(["urlencoded", "json", "multipart"], (encoding) =>
        posted(encoding, (webhookId) => admin("POST", `${portal}/leads/${id}/send-via-webhook`, { webhookId }))
      )
  }

  return {
    url,
    credentials: { ...demoPortal, clientRoot: demoPortal.root },
    control,
    postWebhooksTo: (address) =>
      Effect.asVoid(
        admin("POST", `${portal}/webhooks`, { name: "Casewire", url: address, caseTypes: "all", statuses: "all" })
      )
  }
})

export default defineSandbox({ start })

/** Takes what a webhook posts, as intake stores it: the text parts of multipart as a list of pairs. */
const webhookReceiver = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly last: () => SandboxWebhook; readonly close: () => void }>(
    (resume) => {
      let last: SandboxWebhook = { mediaType: "", text: "" }
      const server = createServer(async (request, response) => {
        const body = new Uint8Array(await new Response(request as unknown as ReadableStream).arrayBuffer())
        const contentType = request.headers["content-type"] ?? ""
        const mediaType = contentType.split(";")[0]!.trim()
        last = { mediaType, text: new TextDecoder().decode(body) }
        if (mediaType === "multipart/form-data") {
          const form = await new Response(body, { headers: { "content-type": contentType } }).formData()
          last = { mediaType, text: JSON.stringify([...form].filter(([, value]) => typeof value === "string")) }
        }
        response.end("{}")
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number }
        const close = () => {
          server.closeAllConnections()
          server.close()
        }
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/webhooks`, last: () => last, close }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)
