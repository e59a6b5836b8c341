/**
 * A real server on a free port over the memory adapters, with a small CRM plugin that answers from a table, and a raw
 * socket client for what no HTTP library would send.
 */
import { connect, type Socket } from "node:net"
import { Effect, Layer, Logger, ManagedRuntime, Option, Redacted, Stream } from "effect"
import { Backlog } from "@casewire/core/Backlog"
import { CaseDocuments, DocumentQuota } from "@casewire/core/CaseDocuments"
import { CaseEntries } from "@casewire/core/CaseEntries"
import { Conflicts } from "@casewire/core/Conflicts"
import { CrmConnections } from "@casewire/core/CrmConnections"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import type { Connection } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { Disconnect } from "@casewire/core/Disconnect"
import { Doctor } from "@casewire/core/Doctor"
import { Inbox } from "@casewire/core/Inbox"
import { Lists } from "@casewire/core/Lists"
import { layer as layerMemory } from "@casewire/core/memory/Memory"
import { Outbox } from "@casewire/core/Outbox"
import { Poller } from "@casewire/core/Poller"
import { PlatformHooks } from "@casewire/core/PlatformHooks"
import { Projection } from "@casewire/core/Projection"
import { StatusResume } from "@casewire/core/StatusResume"
import { Subscriptions } from "@casewire/core/Subscriptions"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Machine } from "@casewire/core/ports/Machine"
import { Plugins } from "@casewire/core/ports/Plugins"
import type { PluginStore } from "@casewire/core/ports/PluginStore"
import { type SheetFile, SheetReader, SheetUnreadable } from "@casewire/core/ports/SheetReader"
import { SheetWriter } from "@casewire/core/ports/SheetWriter"
import { Storage } from "@casewire/core/ports/Storage"
import { Setup } from "@casewire/core/Setup"
import { layer as layerGateway } from "../src/CrmHttp.ts"
import { layer as layerPlatformHttp } from "../src/PlatformHttp.ts"
import { layerPlayed } from "./PlayedPluginHost.ts"
import { layer as layerServer, ListeningAddress, type ServerOptions } from "../src/Server.ts"

export const allOn: Toggles = {
  enabled: true,
  receive: true,
  send: true,
  sendFields: true,
  sendMessages: true,
  sendCalls: true,
  sendDocuments: true,
  syncStatuses: true
}

export const manifest: PluginManifest = {
  id: "acme",
  name: "Acme",
  version: "1.0.0",
  contract: 1,
  credentials: [
    {
      name: "clientRoot",
      label: "Client root",
      help: "",
      placeholder: "",
      secret: false,
      required: true,
      pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
      patternCode: "not-a-subdomain-label",
      reserved: ["auth"]
    },
    { name: "password", label: "Password", help: "", placeholder: "", secret: true, required: true }
  ],
  origins: { app: "https://{clientRoot}.acme.example/", sign: "https://auth.acme.example/{clientRoot}/" },
  sandboxOrigins: { app: "{sandbox}/{clientRoot}/", sign: "{sandbox}/{clientRoot}/identity/" },
  account: ["clientRoot"],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: "not yet" },
  notes: { maxLength: 4000, timeZone: "America/New_York" },
  documents: { place: "Documents" },
  fields: {
    keys: { pattern: "^(?:custom)?(\\d{3,6})$", canonical: "Custom$1", defaults: [], defaultWords: [] },
    reserved: ["key", "leadid"]
  },
  webhook: {
    required: [
      { name: "Lead ID", aliases: ["LeadNumber"], pattern: "^\\d+$" },
      { name: "Status", aliases: [] },
      { name: "Full Name", aliases: [] }
    ],
    record: "Lead ID",
    fillers: ["NA", "."],
    testValue: "^\\{\\{default\\d+\\}\\}",
    options: ["list_id", "list_name"],
    screen: { origin: "app", path: "setup/hooks", label: "Acme: Setup, Hooks" },
    steps: []
  }
}

export const fields = { "Lead ID": "4711", Status: "Signed Up", "Full Name": "Ana Gómez" }
export const form = (values: Readonly<Record<string, string>> = fields): string =>
  new URLSearchParams(values).toString()

const checks = [{ name: "sign-in", label: "Sign in", ok: true, detail: "Signed in.", required: true }]
const crm = Layer.succeed(
  Crm,
  Crm.of({
    verify: Stream.fromIterable(checks),
    changes: () => Stream.empty,
    catalog: () =>
      Effect.succeed({
        caseTypes: [{ externalId: "1", name: "Motor Vehicle" }, { name: "Slip and Fall" }],
        statuses: [{ name: "Signed Up", raw: "** Signed Up **" }],
        fields: []
      }),
    decode: () => Effect.succeed([]),
    read: () => Effect.succeed([]),
    notes: () => Effect.succeed([]),
    addNote: () => Effect.succeed({ externalId: "1" }),
    updateFields: () => Effect.succeed({}),
    setStatus: () => Effect.succeed({})
  })
)

const other = { ...manifest, id: "other" }
const layerPlugins = Layer.succeed(
  Plugins,
  Plugins.of({
    manifests: Effect.succeed([manifest, other]),
    manifest: (id) => Option.fromUndefinedOr([manifest, other].find((known) => known.id === id)),
    crm: () => Layer.merge(crm, CrmDocuments.layerUnsupported("not yet")),
    switched: Stream.empty
  })
)

/** Reads `.csv` files whose cells hold neither quotes nor commas; what real files may be is tested where they are read. */
const readPlainCsv = ({ bytes, fileName }: SheetFile) =>
  fileName.endsWith(".csv")
    ? Effect.succeed([
        {
          name: fileName.slice(0, -4),
          rows: new TextDecoder()
            .decode(bytes)
            .split("\n")
            .map((line) => line.split(","))
        }
      ])
    : Effect.fail(new SheetUnreadable({ code: "unsupported-type", message: "Only .csv files are read." }))
const layerSheets = Layer.merge(
  Layer.succeed(SheetReader, { mappingSheet: readPlainCsv, cases: readPlainCsv }),
  Layer.succeed(SheetWriter, { mark: "mark\n", line: (cells) => `${cells.join(";")}\n` })
)

/** A machine on which all is well. */
const layerMachine = Layer.succeed(Machine, {
  facts: Effect.succeed({
    nodeVersion: "v26.10.0",
    deniesPluginSockets: true,
    store: [{ setting: "synchronous", expected: "2 or 3", found: "2", ok: true }],
    clockStepMs: 0,
    disk: { freeBytes: 900, totalBytes: 1000 }
  }),
  supportContact: "help@firm.example"
})

type OverStorage = Layer.Layer<Storage, never, Storage>

/** Where the firm's own tools may listen in tests; whether anybody does is the test's business. */
export const toolsPort = 48_271
const privateOrigins = [`http://127.0.0.1:${toolsPort}`]

const layerCore = (over: OverStorage) =>
  Layer.mergeAll(
    Backlog.layer,
    CaseDocuments.layer,
    CaseEntries.layer,
    Conflicts.layer,
    Disconnect.layer,
    Doctor.layer.pipe(Layer.provide(layerMachine)),
    Inbox.layer,
    Lists.layer,
    Poller.layer,
    Setup.layer,
    Subscriptions.layer
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(Outbox.layer, Projection.layer, StatusResume.layer)),
    Layer.provideMerge(PlatformHooks.layer),
    Layer.provideMerge(layerPlatformHttp({ privateOrigins, timeoutMs: 1000 })),
    Layer.provideMerge(CrmConnections.layer),
    Layer.provideMerge(layerGateway({ sandboxOrigin: "http://127.0.0.1:1", timeoutMs: 1000 })),
    Layer.provideMerge(layerPlugins),
    Layer.provideMerge(layerPlayed(manifest)),
    Layer.provideMerge(layerSheets),
    Layer.provideMerge(over),
    Layer.provideMerge(layerMemory)
  )

/** The memory adapter's storage with some operations replaced. */
export const overStorage = (replace: (storage: Storage["Service"]) => Partial<Storage["Service"]>): OverStorage =>
  Layer.effect(
    Storage,
    Effect.map(Storage, (storage) => Storage.of({ ...storage, ...replace(storage) }))
  )

/** Our own storage fails as a defect of this name. */
export const storageFailure = Effect.die(Object.assign(new Error("disk full"), { name: "StorageFailure" }))

export const firm = FirmId.make("firm-a")
export const otherFirm = FirmId.make("firm-b")

/** What fetch takes as a body. */
export type Body = NonNullable<NonNullable<Parameters<typeof fetch>[1]>["body"]>

export type World = Awaited<ReturnType<typeof startWorld>>

export const startWorld = async (
  options: Partial<ServerOptions> = {},
  over: OverStorage = overStorage(() => ({})),
  firmBytes = 50 * 1024 ** 3
) => {
  const runtime = ManagedRuntime.make(
    layerServer({ host: "127.0.0.1", port: 0, drainMs: 500, requestsPerHour: 1_000_000, ...options }).pipe(
      Layer.provideMerge(layerCore(over)),
      Layer.provide(Layer.succeed(DocumentQuota, { firmBytes })),
      // Failures are made on purpose here; their log lines would only hide a real one.
      Layer.provide(Logger.layer([]))
    )
  )
  const run = <A, E>(
    effect: Effect.Effect<
      A,
      E,
      | Setup
      | Backlog
      | Disconnect
      | Inbox
      | Outbox
      | CaseEntries
      | StatusResume
      | PlatformHooks
      | Projection
      | Queue
      | RunStore
      | SubscriptionStore
      | CaseStore
      | ConnectionStore
      | DocumentStore
      | Storage
      | ListeningAddress
      | Plugins
      | PluginStore
    >
  ) => runtime.runPromise(effect)
  const made = await run(
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const setup = yield* Setup
      for (const id of [firm, otherFirm]) yield* connections.saveFirm({ id, name: id, createdAt: 1 })
      const values = { clientRoot: "harbor", password: "s3cret-pass" }
      const input = { plugin: "acme", name: "Harbor", sandbox: false, callLimit: null, values }
      const connection = yield* setup.connect(firm, input)
      yield* setup.setToggles(firm, connection.id, allOn)
      const foreign = yield* setup.connect(otherFirm, { ...input, plugin: "other" })
      const token = yield* setup.issueWebhookToken(firm, connection.id, 0)
      const foreignToken = yield* setup.issueWebhookToken(otherFirm, foreign.id, 0)
      const api = yield* connections.issueToken({ _tag: "Api", firmId: firm, name: "test" })
      const otherApi = yield* connections.issueToken({ _tag: "Api", firmId: otherFirm, name: "test" })
      return {
        address: yield* ListeningAddress,
        connection,
        foreign,
        token: Redacted.value(token),
        foreignToken: Redacted.value(foreignToken),
        api: Redacted.value(api),
        otherApi: Redacted.value(otherApi)
      }
    })
  )
  const { url, port } = made.address
  return {
    ...made,
    url,
    port,
    run,
    stop: () => runtime.dispose(),
    hook: `${url}/webhooks/acme?token=${made.token}`,
    /** A webhook by fetch. */
    post: (body: Body | null, headers: Record<string, string> = {}, query = `?token=${made.token}`) =>
      answerOf(fetch(`${url}/webhooks/acme${query}`, { method: "POST", body, headers })),
    /** One file part of a form. */
    uploadForm: (path: string, file: { readonly name: string; readonly text: string }, token: string | null) => {
      const body = new FormData()
      body.set("file", new Blob([file.text]), file.name)
      const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
      return answerOf(fetch(`${url}/api/v1${path}`, { method: "POST", headers, body }))
    },
    call: (method: string, path: string, body?: unknown, token: string | null = made.api) =>
      answerOf(
        fetch(`${url}/api/v1${path}`, {
          method,
          headers: {
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { "content-type": "application/json" })
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) })
        })
      ),
    upload: (path: string, body: Body, token: string | null = made.api, contentType = "application/octet-stream") =>
      answerOf(
        fetch(`${url}/api/v1${path}`, {
          method: "POST",
          headers: { "content-type": contentType, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
          body
        })
      ),
    receipts: () => run(Effect.flatMap(Storage, (storage) => storage.receipts(firm, { limit: 200 }))),
    setToggles: (connection: Connection, toggles: Toggles) =>
      run(Effect.flatMap(Setup, (setup) => setup.setToggles(connection.firmId, connection.id, toggles)))
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // oxlint-disable-next-line no-explicit-any -- foreign JSON that tests look into
  readonly body: any
}

const answerOf = async (response: Promise<Response>): Promise<Answer> => {
  const { headers, status, ...rest } = await response.then(async (got) => ({
    status: got.status,
    headers: got.headers,
    text: await got.text()
  }))
  const isJson = headers.get("content-type")?.includes("json") === true
  return { status, headers, text: rest.text, body: isJson ? JSON.parse(rest.text.split("\n")[0]!) : undefined }
}

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
  readonly isClosed: boolean
}

/** Sends bytes as they are and reads one answer. `then` may go on sending after the first bytes. */
export const raw = (port: number, first: string | Buffer, then?: (socket: Socket) => void): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1")
    let text = ""
    const answer = (isClosed: boolean) => {
      const end = text.indexOf("\r\n\r\n")
      if (end < 0) return isClosed ? reject(new Error(`no answer: ${text}`)) : undefined
      const head = text.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      const body = text.slice(end + 4)
      if (body.length < length && !isClosed) return
      // Where the server said that it closes, the test waits for it to do so.
      if (!isClosed && /connection: close/i.test(head)) return
      resolve({ status: Number(head.split(" ")[1]), head, body, isClosed })
      socket.destroy()
    }
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      answer(false)
    })
    socket.on("close", () => answer(true))
    socket.on("error", () => {})
    socket.write(first)
    then?.(socket)
  })

/** The head of a request as lines. */
export const head = (...lines: ReadonlyArray<string>): string => `${["", ...lines, "", ""].join("\r\n").slice(2)}`
