/** The Law Ruler sandbox as the contract wants to see one: its seeded portal "harbor" over real HTTP. */
import { createServer } from "node:http"
import type { CrmConnected } from "@casewire/contract-kit/Crm"
import type { CrmSandbox, SandboxCall, SandboxFault, SandboxWebhook } from "@casewire/contract-kit/CrmSandbox"
import * as Gateway from "@casewire/adapters-http/CrmHttp"
import { connection as sample } from "@casewire/contract-kit/samples"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { CrmGateway, CrmHttp, type CrmRequest } from "@casewire/core/ports/CrmHttp"
import * as Memory from "@casewire/core/memory/Memory"
import { layerInProcess } from "@casewire/plugin-host/InProcess"
import { demoPortal, serve } from "@casewire/lawruler-sandbox"
import { Context, Effect, Layer, Redacted } from "effect"
import plugin from "../src/index.ts"

const deadlineMs = 600
const lateCommitMs = 400

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
  slow: "slow"
}

const secretNames: ReadonlyArray<string> = plugin.manifest.credentials.flatMap(({ name, secret }) =>
  secret ? [name] : []
)

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
  subfolder: "Intake / Signed",
  unknownDocument: "999999",
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

export const harbor = Effect.gen(function* () {
  const { url } = yield* serve({ port: 0, clientTimeoutHint: { timeoutMs: deadlineMs, lateCommitMs } })
  const receiver = yield* webhookReceiver
  const lines: Array<string> = []

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

  const sandbox: CrmSandbox = {
    facts,
    reset: Effect.gen(function* () {
      yield* admin("POST", "/reset")
      yield* admin("POST", `${portal}/settings`, { rateLimit: null })
      lines.length = 0
    }),
    caseNow: (id) =>
      Effect.map(admin("GET", `${portal}/leads/${id}`), ({ custom, notes, status }) => ({
        status,
        fields: custom,
        notes: notes.map(({ category, text }: { category: string; text: string }) => ({ category, text }))
      })),
    changeStatus: (id, status) => Effect.asVoid(admin("POST", `${portal}/leads/${id}/status`, { status, wait: true })),
    writeNote: (id, note) => Effect.asVoid(admin("POST", `${portal}/leads/${id}/notes`, note)),
    addDocument: (id, { bytes, contentType, folder, name }) =>
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
    documentsNow: (id) =>
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
      }),
    setFault: ({ kind, on, retryAfterSeconds, times = 1 }) =>
      Effect.asVoid(
        admin("POST", `${portal}/faults`, {
          on: strikes[on],
          kind: faults[kind],
          times,
          ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds })
        })
      ),
    settle: Effect.sleep(deadlineMs + lateCommitMs),
    requestLines: Effect.sync(() => [...lines]),
    pressTest: posted("urlencoded", (webhookId) => admin("POST", `${portal}/webhooks/${webhookId}/test`)),
    sendWebhook: (id) =>
      Effect.forEach(["urlencoded", "json", "multipart"], (encoding) =>
        posted(encoding, (webhookId) => admin("POST", `${portal}/leads/${id}/send-via-webhook`, { webhookId }))
      )
  }

  const host = yield* Layer.build(
    Layer.mergeAll(
      layerInProcess([plugin]),
      Gateway.layer({ sandboxOrigin: url, timeoutMs: deadlineMs }).pipe(Layer.provideMerge(Memory.layer))
    )
  )

  /** As the host opens a connection: through its outbound gateway and across the plugin's boundary. */
  const crm: CrmConnected["crm"] = (replaced = {}) => {
    const values: Record<string, string> = { ...demoPortal, clientRoot: demoPortal.root, ...replaced }
    const named = (names: ReadonlyArray<string>) => Object.entries(values).filter(([name]) => names.includes(name))
    const settings = Object.fromEntries(named(["username", "clientRoot"]))
    const secrets = Object.fromEntries(named(secretNames).map(([name, value]) => [name, Redacted.make(value)]))
    const { id } = plugin.manifest
    const connection = { ...sample, plugin: id, settings, callLimit: 60_000 }
    const http = Context.get(host, CrmGateway)
      .open(connection, plugin.manifest)
      .pipe(
        Effect.map((http) => ({
          send: (request: CrmRequest) => {
            lines.push(
              `${request.method} ${request.path}?${new URLSearchParams((request.query ?? []).map(([...pair]) => pair))}`
            )
            return http.send(request)
          }
        }))
      )
    return Context.get(host, Plugins)
      .crm(id, { connectionId: connection.id, settings, secrets })
      .pipe(Layer.provide(Layer.effect(CrmHttp, Effect.orDie(http))))
  }

  const store = { documents: Context.get(host, DocumentStore), firmId: sample.firmId }
  return { crm, sandbox, store, url } satisfies CrmConnected & { readonly url: string }
}).pipe(Effect.orDie)

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
