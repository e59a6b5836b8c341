/**
 * The one module that opens outbound sockets: a connection's door to its CRM.
 *
 * Each request waits for its slot in the CRM account's call budget, goes to a proven origin only, follows no redirect,
 * and has one deadline for all of it. No answer after bytes may have left is `CrmOutcomeUnknown` where the request
 * changes something: whoever sent it must look before sending again.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns"
import { isIP } from "node:net"
import type { Readable } from "node:stream"
import { Clock, Effect, Exit, Layer, Result } from "effect"
import { buildConnector, Pool } from "undici"
import { callAccount, callBudget, type PluginManifest } from "@casewire/core/CrmPlugin"
import type { Connection } from "@casewire/core/domain/Connection"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import {
  CrmAnswerInvalid,
  CrmError,
  CrmOriginRefused,
  CrmOutcomeUnknown,
  CrmRateLimited,
  CrmRefused,
  CrmUnreachable
} from "@casewire/core/ports/Crm"
import {
  BeforeChange,
  CrmGateway,
  CrmHttp,
  type CrmRequest,
  type CrmResponse,
  transferFactor
} from "@casewire/core/ports/CrmHttp"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Queue } from "@casewire/core/ports/Queue"
import { makeCallSlots } from "./CallSlots.ts"
import { AnswerUnreadable, readAnswer } from "./CrmAnswer.ts"
import { backoffMs, retryAfter } from "./CrmBackoff.ts"
import { type Body, checkTarget, multipartBody, storeBody } from "./CrmBytes.ts"
import { type CrmOrigin, originsOf, targetOf } from "./CrmOrigin.ts"
import { isGlobalAddress } from "./GlobalAddress.ts"

export interface GatewayOptions {
  /** `http://127.0.0.1:4010`; null: this host has no sandbox, and sandbox connections are refused. */
  readonly sandboxOrigin: string | null
  /** For a whole request, its answer included. Default 20 s. */
  readonly timeoutMs?: number
  /** Default 5 s. */
  readonly connectMs?: number
  /** Decoded. Default 8 MiB. */
  readonly answerBytes?: number
  /** A slot further away than this is not waited for: the job is given back. Default 15 s. */
  readonly longestWaitMs?: number
}

export const layer = (
  options: GatewayOptions
): Layer.Layer<CrmGateway, never, Queue | ConnectionStore | DocumentStore> => Layer.effect(CrmGateway, make(options))

const make = Effect.fnUntraced(function* (options: GatewayOptions) {
  const queue = yield* Queue
  const connections = yield* ConnectionStore
  const documents = yield* DocumentStore
  const limits = {
    timeoutMs: options.timeoutMs ?? 20_000,
    connectMs: options.connectMs ?? 5000,
    answerBytes: options.answerBytes ?? 8 * 1024 * 1024,
    longestWaitMs: options.longestWaitMs ?? 15_000
  }
  const slots = makeCallSlots(queue, limits.longestWaitMs, yield* Effect.scope)
  const pools = new Map<string, Pool>()
  // Refusals in a row of each account, for CRMs that do not say when to come back.
  const refusals = new Map<string, number>()
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.all([...pools.values()].map((pool) => pool.destroy()))))

  const poolOf = (connection: Connection, origin: CrmOrigin): Pool => {
    // One dispatcher a connection and origin: no answer can reach another firm by a shared socket.
    const key = `${connection.id} ${origin.base}`
    const known = pools.get(key)
    if (known !== undefined) return known
    const pool = new Pool(origin.base, {
      connections: 4,
      pipelining: 1,
      connect: connector(origin, limits.connectMs),
      // The deadline of the whole request is ours; a second clock would only blur what happened.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 65_536
    })
    pools.set(key, pool)
    return pool
  }

  const open = Effect.fnUntraced(function* (connection: Connection, manifest: PluginManifest) {
    const origins = originsOf(connection, manifest, options.sandboxOrigin)
    if (Result.isFailure(origins)) return yield* new CrmError({ reason: origins.failure })
    const account = callAccount(connection, manifest)
    // As it is saved now: the limit may change while the door is open, and a connection that is not saved yet has its own.
    const budget = Effect.map(
      Effect.orElseSucceed(connections.get(connection.firmId, connection.id), () => connection),
      (present) => callBudget(present, manifest)
    )

    const throttled = Effect.fnUntraced(function* (header: string | undefined) {
      const now = yield* Clock.currentTimeMillis
      const inARow = (refusals.get(account) ?? 0) + 1
      refusals.set(account, inARow)
      const until = retryAfter(header, now) ?? now + backoffMs(inARow)
      yield* slots.refusedUntil(account, yield* budget, until)
      return yield* new CrmError({ reason: new CrmRateLimited({ until }) })
    })

    const send = Effect.fnUntraced(function* (request: CrmRequest) {
      const origin = origins.success.get(request.origin)
      if (origin === undefined)
        return yield* new CrmError({
          reason: new CrmOriginRefused({ field: "origin", message: "the plugin declares no such origin" })
        })
      const target = targetOf(origin, request.path, request.query ?? [])
      if (Result.isFailure(target)) return yield* new CrmError({ reason: target.failure })
      if (request.bearer !== undefined && !/^[\x21-\x7e]+$/.test(request.bearer))
        return yield* failed(request, "the token cannot be sent")
      const { body: given, into } = request
      if (manifest.capabilities.documents !== null && carriesDocument(request))
        return yield* new CrmError({
          reason: new CrmOriginRefused({
            field: "document",
            message: "the plugin declares that it carries no documents"
          })
        })
      const body =
        given?._tag === "Multipart" ? yield* multipartBody(documents, connection.firmId, given.parts) : undefined
      if (into !== undefined) yield* checkTarget(documents, connection.firmId, into.documentId)
      yield* slots.awaitSlot(account, budget)
      if (request.changes) yield* yield* BeforeChange
      const store = (contentType: string, stream: Readable) =>
        storeBody(documents, connection.firmId, into!, contentType, stream)
      const answer = yield* exchange(
        poolOf(connection, origin),
        target.success,
        { ...request, multipart: body },
        limits,
        store
      )
      if (answer.status === 429 || (answer.status === 503 && answer.retryAfter !== undefined))
        return yield* throttled(answer.retryAfter)
      refusals.delete(account)
      if (answer.status >= 300 && answer.status < 400)
        return yield* new CrmError({
          reason: new CrmAnswerInvalid({ message: "crm-redirect: the CRM answered with a redirect" })
        })
      const { retryAfter: _, ...response } = answer
      return response satisfies CrmResponse
    })

    return CrmHttp.of({ send })
  })

  return CrmGateway.of({
    open,
    usage: (connection, manifest) => slots.usage(callAccount(connection, manifest), manifest.budget.windowMs)
  })
})

interface Exchanged extends CrmResponse {
  readonly retryAfter: string | undefined
}

interface Outgoing extends CrmRequest {
  readonly multipart: Body | undefined
}

const exchange = (
  pool: Pool,
  path: string,
  request: Outgoing,
  limits: { readonly timeoutMs: number; readonly answerBytes: number },
  store: (contentType: string, body: Readable) => Effect.Effect<{ readonly size: number }, unknown>
): Effect.Effect<Exchanged, CrmError> =>
  Effect.tryPromise({
    try: async (interrupted): Promise<Exchanged> => {
      const deadline = new AbortController()
      const timer = setTimeout(
        // Where no connection stands, the request has not left: asked now, because aborting closes the connection.
        () => deadline.abort(pool.stats.connected === 0 ? new ConnectFailed("TIMEOUT") : new DeadlinePassed()),
        request.multipart === undefined && request.into === undefined
          ? limits.timeoutMs
          : limits.timeoutMs * transferFactor
      )
      try {
        const answer = await pool.request({
          path,
          method: request.method,
          headers: headersOf(request),
          body: bodyOf(request),
          signal: AbortSignal.any([interrupted, deadline.signal])
        })
        const { headers } = answer
        const head = {
          status: answer.statusCode,
          contentType: single(headers["content-type"]) ?? "",
          retryAfter: single(headers["retry-after"])
        }
        if (isForStore(request, head)) {
          if (!/^(?:identity)?$/i.test(single(headers["content-encoding"]) ?? ""))
            throw new AnswerUnreadable("the document is encoded, which was not asked for")
          const stored = await Effect.runPromiseExit(store(head.contentType, answer.body), { signal: interrupted })
          if (Exit.isSuccess(stored)) return { ...head, body: "", stored: stored.value }
          answer.body.on("error", () => {}).destroy()
          if (Exit.hasDies(stored)) throw new StoreFailed(stored)
          throw isTooLarge(stored) ? new DocumentOverLimit() : new AnswerUnreadable("the document did not come whole")
        }
        return {
          ...head,
          body: await readAnswer(answer.body, single(headers["content-encoding"]), limits.answerBytes)
        }
      } finally {
        clearTimeout(timer)
      }
    },
    catch: (cause) => cause
  }).pipe(Effect.catch((cause) => failedBy(request, cause)))

/** The host's documents on their way out, or a place in its store for one to come. */
const carriesDocument = ({ body, into }: CrmRequest): boolean =>
  into !== undefined || (body?._tag === "Multipart" && body.parts.some((part) => part._tag === "Document"))

const isForStore = (request: CrmRequest, { contentType, status }: { contentType: string; status: number }): boolean =>
  request.into !== undefined &&
  status >= 200 &&
  status < 300 &&
  !request.into.except.includes(contentType.split(";")[0]!.trim().toLowerCase())

class DocumentOverLimit extends Error {
  override readonly name = "DocumentOverLimit"
}

const isTooLarge = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some((one) => one._tag === "Fail" && (one.error as { _tag?: unknown })._tag === "DocumentTooLarge")

/** Our own store failed: that is a defect, whatever the CRM did. */
class StoreFailed extends Error {
  override readonly name = "StoreFailed"
  readonly exit: Exit.Exit<unknown, unknown>
  constructor(exit: Exit.Exit<unknown, unknown>) {
    super("the document store failed")
    this.exit = exit
  }
}

class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed"
}

/** Marks what went wrong before a connection stood: then certainly nothing left. */
class ConnectFailed extends Error {
  override readonly name = "ConnectFailed"
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const failedBy = (request: CrmRequest, cause: unknown): Effect.Effect<never, CrmError> => {
  if (cause instanceof StoreFailed) return Effect.die(cause)
  if (cause instanceof DocumentOverLimit)
    return Effect.fail(new CrmError({ reason: new CrmRefused({ message: "the document is larger than allowed" }) }))
  if (cause instanceof ConnectFailed)
    return Effect.fail(
      new CrmError({ reason: new CrmUnreachable({ message: `the CRM cannot be reached (${cause.code})` }) })
    )
  if (cause instanceof AnswerUnreadable) {
    return request.changes
      ? failed(request, cause.message)
      : Effect.fail(new CrmError({ reason: new CrmAnswerInvalid({ message: cause.message }) }))
  }
  return failed(
    request,
    cause instanceof DeadlinePassed ? "the CRM did not answer in time" : `the CRM's answer broke off (${codeOf(cause)})`
  )
}

const failed = (request: CrmRequest, message: string): Effect.Effect<never, CrmError> =>
  Effect.fail(
    new CrmError({ reason: request.changes ? new CrmOutcomeUnknown({ message }) : new CrmUnreachable({ message }) })
  )

/** A code of Node's or undici's; messages of theirs may quote addresses and data. */
const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && /^[A-Z][A-Z0-9_]{2,60}$/.test(String(cause.code))
    ? String(cause.code)
    : "unknown"

const headersOf = ({ bearer, body, into, multipart }: Outgoing): Record<string, string> => ({
  accept: "*/*",
  // A document comes as it is, so that its size is what the CRM says.
  "accept-encoding": into === undefined ? "gzip, br" : "identity",
  ...(multipart === undefined
    ? {}
    : { "content-type": multipart.contentType, "content-length": String(multipart.length) }),
  "user-agent": "Casewire",
  ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  ...(body === undefined || body._tag === "Multipart"
    ? {}
    : { "content-type": body._tag === "Form" ? "application/x-www-form-urlencoded" : "application/json" })
})

const bodyOf = ({ body, multipart }: Outgoing): string | Readable | null =>
  body === undefined || body._tag === "Multipart"
    ? (multipart?.open() ?? null)
    : body._tag === "Form"
      ? new URLSearchParams(body.fields.map(([key, value]): [string, string] => [key, value])).toString()
      : JSON.stringify(body.value)

const single = (header: string | ReadonlyArray<string> | undefined): string | undefined =>
  header === undefined || typeof header === "string" ? header : header.join(",")

const connector = (origin: CrmOrigin, timeout: number): buildConnector.connector => {
  const connect = buildConnector({
    timeout,
    allowH2: false,
    ...(origin.isSandbox ? {} : { lookup: lookupGlobal, minVersion: "TLSv1.2", rejectUnauthorized: true })
  })
  return (options, callback) => {
    // An address in place of a name is never looked up, so it is judged here.
    if (!origin.isSandbox && isIP(options.hostname) !== 0 && !isGlobalAddress(options.hostname))
      return callback(new ConnectFailed("ADDRESS_NOT_GLOBAL"), null)
    connect(options, (...args) => {
      if (args[0] === null) callback(...args)
      else callback(new ConnectFailed(args[0] instanceof NotGlobal ? "ADDRESS_NOT_GLOBAL" : codeOf(args[0])), null)
    })
  }
}

class NotGlobal extends Error {
  override readonly name = "NotGlobal"
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | Array<LookupAddress>,
  family?: number
) => void

/** Resolves a name; one address that is not of the open internet refuses all of them. */
export const lookupGlobal = (
  hostname: string,
  options: LookupOptions,
  callback: LookupCallback,
  resolve: typeof dnsLookup = dnsLookup
): void =>
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, "")
    const first = addresses[0]
    if (first === undefined || !addresses.every(({ address }) => isGlobalAddress(address)))
      return callback(new NotGlobal("an address is not global"), "")
    if (options.all === true) callback(null, addresses)
    else callback(null, first.address, first.family)
  })
