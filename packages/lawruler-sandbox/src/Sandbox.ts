/**
 * The imitation of Law Ruler as a server: `serve` starts it in the caller's scope,
 * with seeded portals in memory. Everything is under one origin: the two APIs under
 * `/<client root>/`, the admin API under `/_sandbox/`, a web page at `/`.
 */
import { createServer, type Server } from "node:http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { ByteSize, Clock, Effect, Layer, type Scope } from "effect"
import { HttpIncomingMessage, HttpServer, type HttpServerError, HttpServerRequest } from "effect/http"
import { leadRoutes } from "./AdminLeads.ts"
import { portalRoutes } from "./AdminPortals.ts"
import { dispatch } from "./AdminRoutes.ts"
import { empty, html, unknownPortal } from "./Answer.ts"
import { type FaultDurations, handle } from "./Gateway.ts"
import { pageRoutes, problemPage } from "./PageRoutes.ts"
import { Portals } from "./Portals.ts"
import { toAnswer } from "./Problem.ts"
import * as Profile from "./Profile.ts"
import { readForm, type Request } from "./Request.ts"
import { Webhooks } from "./Webhooks.ts"
import { send, whole } from "./Wire.ts"

export { demoPortal } from "./Seed.ts"

export interface Options {
  /** 0, the default, takes a free port. */
  readonly port?: number
  readonly host?: string
  /**
   * What the client under test allows itself, so that `slow` outlasts its time-out and
   * `late-commit` comes within the bound it waits for. Only faults without `ms` use it.
   */
  readonly clientTimeoutHint?: { readonly timeoutMs?: number; readonly lateCommitMs?: number }
}

const durations = (hint: Options["clientTimeoutHint"]): FaultDurations => ({
  slowMs: Math.round((hint?.timeoutMs ?? 2000) * 1.5),
  lateCommitMs: Math.round((hint?.lateCommitMs ?? 2000) * 0.75)
})

const decodePath = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

const adminRoutes = [...portalRoutes, ...leadRoutes]

const isPage = (path: string): boolean => path === "/" || path.startsWith("/_sandbox/ui")

const respond = Effect.fnUntraced(function* (request: Request, durations: FaultDurations) {
  const portals = yield* Portals
  const now = yield* Clock.currentTimeMillis
  if (request.path === "/favicon.ico") return whole(empty(204))
  if (isPage(request.path)) {
    return whole(
      yield* dispatch(pageRoutes, request, now).pipe(Effect.catch((problem) => Effect.succeed(problemPage(problem))))
    )
  }
  if (request.path.startsWith("/_sandbox")) {
    return whole(
      yield* dispatch(adminRoutes, request, now).pipe(Effect.catch((problem) => Effect.succeed(toAnswer(problem))))
    )
  }
  const [, root = "", ...rest] = request.path.split("/")
  const portal = portals.get(root)
  if (portal === undefined) return whole(unknownPortal())
  const form = yield* readForm(request)
  return yield* handle({ portal, request, form, now }, rest.join("/"), durations)
})

const app = Effect.fnUntraced(function* (durations: FaultDurations) {
  const message = yield* HttpServerRequest.HttpServerRequest
  const body = yield* message.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(Profile.bodyLimit)),
    Effect.map((buffer) => new Uint8Array(buffer)),
    Effect.option
  )
  if (body._tag === "None") return yield* send(message, whole(html("<h2>413 - Request Entity Too Large</h2>", 413)))
  const [rawPath = "/", ...query] = message.url.split("?")
  const path = decodePath(rawPath)
  if (path === undefined) return yield* send(message, whole(html("<h2>Bad Request - Invalid URL</h2>", 400)))
  const request: Request = {
    method: message.method,
    path,
    query: new URLSearchParams(query.join("?")),
    headers: message.headers,
    body: body.value
  }
  return yield* send(message, yield* respond(request, durations))
})

/** Delivered webhooks get a connection each, as the receiver may restart in between. */
const engine = Webhooks.layer.pipe(
  Layer.provideMerge(Portals.layer),
  Layer.provide(NodeHttpClient.layerNodeHttpOptions({ keepAlive: false }))
)

/** Starts a sandbox; it lives, and keeps its state, as long as the scope. */
export const serve = Effect.fn("Sandbox.serve")(function* (
  options: Options = {}
): Effect.fn.Return<{ readonly url: string }, HttpServerError.ServeError, Scope.Scope> {
  const { host = "127.0.0.1", port = 0 } = options
  const services = yield* Layer.build(engine)
  let node: Server | undefined
  const server = yield* NodeHttpServer.make(() => (node = createServer()), { host, port })
  // The server runs its app uninterruptibly; an answer that is held back must still end with the connection.
  const interruptible = Effect.interruptible(app(durations(options.clientTimeoutHint)))
  yield* server.serve(Effect.provideContext(interruptible, services))
  // Clients keep connections open and faults keep answers back; neither may delay the end of the scope.
  yield* Effect.addFinalizer(() => Effect.sync(() => node?.closeAllConnections()))
  return { url: HttpServer.formatAddress(server.address) }
})
