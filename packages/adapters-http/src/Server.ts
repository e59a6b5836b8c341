/**
 * The host's one HTTP server: webhooks go to the raw route, everything else to the management API.
 *
 * Slow and oversized requests are cut by Node's own limits and answered with a problem like any other. When its scope
 * closes the server stops accepting, refuses new requests on open connections with 503, lets running ones finish for
 * `drainMs`, and closes.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ByteSize, Context, Effect, Layer, Schema } from "effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import type { CrmConnections } from "@casewire/core/CrmConnections"
import type { CaseEntries } from "@casewire/core/CaseEntries"
import type { Conflicts } from "@casewire/core/Conflicts"
import type { Disconnect } from "@casewire/core/Disconnect"
import type { Doctor } from "@casewire/core/Doctor"
import type { Inbox } from "@casewire/core/Inbox"
import type { Lists } from "@casewire/core/Lists"
import type { Outbox } from "@casewire/core/Outbox"
import type { CaseDocuments } from "@casewire/core/CaseDocuments"
import { documentLimitBytes } from "@casewire/core/domain/Document"
import type { PlatformHooks } from "@casewire/core/PlatformHooks"
import type { Poller } from "@casewire/core/Poller"
import type { CaseStore } from "@casewire/core/ports/CaseStore"
import type { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { DocumentStore } from "@casewire/core/ports/DocumentStore"
import type { ListStore } from "@casewire/core/ports/ListStore"
import type { MappingStore } from "@casewire/core/ports/MappingStore"
import type { PluginHost } from "@casewire/core/ports/PluginHost"
import type { Plugins } from "@casewire/core/ports/Plugins"
import type { PluginStore } from "@casewire/core/ports/PluginStore"
import type { Queue } from "@casewire/core/ports/Queue"
import type { SheetReader } from "@casewire/core/ports/SheetReader"
import type { SheetWriter } from "@casewire/core/ports/SheetWriter"
import { Storage } from "@casewire/core/ports/Storage"
import type { Timeline } from "@casewire/core/ports/Timeline"
import type { RunStore } from "@casewire/core/ports/RunStore"
import type { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import type { Projection } from "@casewire/core/Projection"
import type { Setup } from "@casewire/core/Setup"
import type { StatusResume } from "@casewire/core/StatusResume"
import type { Subscriptions } from "@casewire/core/Subscriptions"
import { caseUploadBytes } from "@casewire/api/Imports"
import { sheetUploadBytes } from "@casewire/api/Mappings"
import { pluginUploadBytes } from "@casewire/api/PluginVersions"
import { apiApp, type ApiOptions } from "./ApiApp.ts"
import { consoleFiles } from "./ConsoleFiles.ts"
import { isProblemName, problem } from "./Problems.ts"
import { PublicUrl } from "./PublicUrl.ts"
import { answerJson, answerProblem, close, rawProblem } from "./RawAnswer.ts"
import { matchRoute } from "./Routes.ts"
import { setSecurityHeaders } from "./SecurityHeaders.ts"
import { slowRequests } from "./SlowRequests.ts"
import { maxUrl, prefix as webhooks } from "./WebhookRequest.ts"
import { makeWebhookRoute, type WebhookOptions } from "./WebhookRoute.ts"

export interface ServerOptions extends WebhookOptions, ApiOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** How the CRM reaches this host, where that is not the address it listens on. */
  readonly publicUrl?: string
  /** Where the built console is; without it there are no pages. */
  readonly consoleFolder?: string
  /** How long running requests may take once the server is told to stop. Default 10 s. */
  readonly drainMs?: number
  readonly limits?: Partial<ServerLimits>
}

export interface ServerLimits {
  readonly headersMs: number
  /** For the whole request; multipart webhooks have their own. */
  readonly requestMs: number
  readonly uploadMs: number
  readonly keepAliveMs: number
  readonly sweepMs: number
  readonly connections: number
  readonly headers: number
  readonly headerBytes: number
  readonly bodyBytes: number
}

export const limitDefaults: ServerLimits = {
  headersMs: 10_000,
  requestMs: 15_000,
  uploadMs: 125_000,
  keepAliveMs: 5000,
  sweepMs: 5000,
  connections: 1000,
  headers: 64,
  headerBytes: 16_384,
  bodyBytes: 4 * 1024 * 1024
}

export class ListenFailed extends Schema.TaggedError<ListenFailed>()("ListenFailed", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {}

export type Services =
  | Inbox
  | Outbox
  | Setup
  | CrmConnections
  | CaseStore
  | ConnectionStore
  | DocumentStore
  | Lists
  | ListStore
  | MappingStore
  | Plugins
  | PluginHost
  | PluginStore
  | Poller
  | Queue
  | PlatformHooks
  | Projection
  | SheetReader
  | SheetWriter
  | Storage
  | Timeline
  | CaseDocuments
  | CaseEntries
  | Conflicts
  | Disconnect
  | Doctor
  | RunStore
  | StatusResume
  | Subscriptions
  | SubscriptionStore

/** A server that listens, and where. */
export class ListeningAddress extends Context.Service<
  ListeningAddress,
  { readonly host: string; readonly port: number; readonly url: string }
>()("@casewire/adapters-http/Server/ListeningAddress") {}

export const layer = (options: ServerOptions): Layer.Layer<ListeningAddress, ListenFailed, Services> =>
  Layer.effect(ListeningAddress, make(options))

const make = Effect.fnUntraced(function* (options: ServerOptions) {
  const limits = { ...limitDefaults, ...options.limits }
  const where = { url: "" }
  const state = { isDraining: false }
  const storage = yield* Storage
  const slow = slowRequests({ timeoutMs: limits.requestMs, sweepMs: limits.sweepMs })
  const webhook = yield* makeWebhookRoute(options, slow)
  const pages = consoleFiles(options.consoleFolder)
  const scope = yield* Effect.scope
  const app = yield* apiApp(options).pipe(
    Effect.provideService(PublicUrl, { base: Effect.sync(() => options.publicUrl?.replace(/\/+$/, "") ?? where.url) })
  )
  const api = yield* NodeHttpServer.makeHandler(app, { scope }).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.fromInputUnsafe(limits.bodyBytes)),
    // The framework's span holds the whole address; `ApiApp` makes one that holds the route.
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true)
  )
  const fork = Effect.runForkWith(yield* Effect.context<never>())

  const ready = (response: ServerResponse) =>
    fork(
      Effect.map(
        Effect.catchCause(storage.isWritable, () => Effect.succeed(false)),
        (isWritable) =>
          isWritable && !state.isDraining
            ? answerJson(response, 200, { ready: true, storage: "writable", draining: false })
            : answerProblem(
                response,
                problem("not-ready", {
                  errors: [{ field: isWritable ? "host" : "storage", code: isWritable ? "draining" : "not-writable" }]
                }),
                ["retry-after", "5"]
              )
      )
    )

  // Which answer a connection waits for: an error on it may only be answered if that has not begun.
  const answers = new WeakMap<Duplex, ServerResponse>()

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url!
    answers.set(request.socket, response)
    if (url.length > maxUrl) return answerProblem(response, problem("url-too-long"), close)
    if ((url === "/livez" || url === "/readyz") && (request.method === "GET" || request.method === "HEAD"))
      return url === "/livez" ? answerJson(response, 200, { live: true }) : void ready(response)
    if (state.isDraining) return answerProblem(response, problem("draining"), ["retry-after", "5", ...close])
    if (url.startsWith(webhooks)) return webhook(request, response)
    manage(request, response)
  }

  const manage = (request: IncomingMessage, response: ServerResponse): void => {
    const { method = "", url = "" } = request
    const question = url.indexOf("?")
    const path = question < 0 ? url : url.slice(0, question)
    const match = matchRoute(method, path)
    if (match._tag === "NotFound" && pages.answer(request, response, path)) return
    if (match._tag === "NotFound") return answerProblem(response, problem("not-found"), hasBody(request) ? close : [])
    if (match._tag === "OtherMethods")
      return answerProblem(response, problem("method-not-allowed"), [
        "allow",
        match.allow,
        ...(hasBody(request) ? close : [])
      ])
    if (path.startsWith("/problems/")) return answerMeaning(path.slice("/problems/".length), response)
    const isUpload = method === "POST" && /^\/api\/v1\/cases\/[^/]+\/documents$/.test(path)
    const isSheet = method === "POST" && /^\/api\/v1\/connections\/[^/]+\/mapping-drafts$/.test(path)
    const isPlugin = method === "POST" && path === "/api/v1/plugins"
    const isCaseFile = method === "POST" && /^\/api\/v1\/connections\/[^/]+\/case-imports$/.test(path)
    const limit = isUpload
      ? documentLimitBytes
      : isCaseFile
        ? caseUploadBytes
        : isSheet
          ? sheetUploadBytes
          : isPlugin
            ? pluginUploadBytes
            : limits.bodyBytes
    if (Number(request.headers["content-length"] ?? 0) > limit)
      return answerProblem(response, problem("body-too-large"), close)
    if (request.headers.expect !== undefined) response.writeContinue()
    setSecurityHeaders(response, path === "/docs")
    // An upload has the server's own, longer time-out.
    if (!isUpload && !isCaseFile && !isPlugin) slow.watch(request, response)
    api(request, response)
  }

  const server = createServer({
    headersTimeout: limits.headersMs,
    requestTimeout: limits.uploadMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.sweepMs,
    maxHeaderSize: limits.headerBytes,
    // Answers are small and written whole; waiting for more only delays them.
    noDelay: true
  })
  server.maxConnections = limits.connections
  server.maxHeadersCount = limits.headers
  server.on("request", handle)
  // With this listener the decision whether to take the body is ours, and it comes after the token's.
  server.on("checkContinue", handle)
  server.on("checkExpectation", (_request, response) => answerProblem(response, problem("expectation-failed"), close))
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const answer = answers.get(socket)
    const canAnswer =
      socket.writable && error.code !== "ECONNRESET" && (answer === undefined || answer.closed || !answer.headersSent)
    if (!canAnswer) return void socket.destroy()
    const [name, text] = parserProblem(error.code)
    socket.end(rawProblem(problem(name), text))
  })

  yield* Effect.callback<void, ListenFailed>((resume) => {
    const { host, port } = options
    server.once("error", (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new ListenFailed({ host, port, code: error.code ?? "unknown" })))
    )
    server.listen({ host, port, backlog: 1024 }, () => resume(Effect.void))
  })
  server.removeAllListeners("error").on("error", () => {})
  const address = server.address() as AddressInfo
  const shown = address.family === "IPv6" ? `[${address.address}]` : address.address
  where.url = `http://${shown}:${address.port}`

  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => {
      state.isDraining = true
      const deadline = setTimeout(() => server.closeAllConnections(), options.drainMs ?? 10_000)
      server.close(() => {
        clearTimeout(deadline)
        slow.stop()
        resume(Effect.void)
      })
      server.closeIdleConnections()
    })
  )
  return ListeningAddress.of({ host: address.address, port: address.port, url: where.url })
})

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0"

/** What Node's parser found wrong, by its codes. */
const parserProblem = (code: string | undefined) =>
  code === "ERR_HTTP_REQUEST_TIMEOUT"
    ? (["request-timeout", "Request Timeout"] as const)
    : code === "HPE_HEADER_OVERFLOW"
      ? (["headers-too-large", "Request Header Fields Too Large"] as const)
      : (["request-malformed", "Bad Request"] as const)

const answerMeaning = (name: string, response: ServerResponse): void =>
  isProblemName(name)
    ? answerJson(response, 200, { type: `/problems/${name}`, title: problem(name).title, status: problem(name).status })
    : answerProblem(response, problem("not-found"))
