/**
 * `POST /webhooks/{plugin}`: the raw route by which a CRM pushes.
 *
 * The token is looked up before a byte of the body is read. Every request with a valid token leaves a receipt, also one
 * that is refused; 2xx is written only after receipt and job are on disk. Written without a router or schemas, because
 * this path must cost little more than a bare node:http server.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Clock, Effect, Exit, Option } from "effect"
import { backlogFull } from "@casewire/core/Backlog"
import type { Connection } from "@casewire/core/domain/Connection"
import { newId } from "@casewire/core/domain/Ids"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { intake } from "@casewire/core/domain/Toggles"
import { Inbox, type WebhookAnswer, type WebhookDelivery, type WebhookRefusal } from "@casewire/core/Inbox"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { isProblemName, problem } from "./Problems.ts"
import { answerAscii, answerJson, answerProblem, close } from "./RawAnswer.ts"
import type { SlowRequests } from "./SlowRequests.ts"
import { clientAddress, throttleDefaults, type ThrottleOptions, tokenThrottle } from "./TokenThrottle.ts"
import { type MultipartLimits, multipartDefaults, readMultipart } from "./WebhookMultipart.ts"
import { isEncoded, readMedia, readTarget, textOf } from "./WebhookRequest.ts"

export interface WebhookOptions {
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: ReadonlyArray<string>
  readonly throttle?: ThrottleOptions
  readonly bodyBytes?: number
  readonly multipart?: MultipartLimits
}

export type RawHandler = (request: IncomingMessage, response: ServerResponse) => void

const acceptPost = ["accept-post", "application/json, application/x-www-form-urlencoded, multipart/form-data"]
const tokenInvalid = problem("webhook-token-invalid")
const unavailable = problem("storage-unavailable")
const retryLater = ["retry-after", "30"]
const roomLater = ["retry-after", "60"]

export const makeWebhookRoute = Effect.fnUntraced(function* (options: WebhookOptions, slow: SlowRequests) {
  const inbox = yield* Inbox
  const documents = yield* DocumentStore
  const plugins = yield* Plugins
  const clock = yield* Clock.Clock
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const bodyBytes = options.bodyBytes ?? 262_144
  const multipartLimits = options.multipart ?? multipartDefaults
  const throttle = tokenThrottle(options.throttle ?? throttleDefaults)
  const proxies = new Set(options.trustedProxies ?? [])

  /** Goes on in the same turn where the effect is done at once. A defect is ours: nothing is acknowledged. */
  const whenDone = <A>(effect: Effect.Effect<A>, response: ServerResponse, next: (value: A) => void): void => {
    const settle = (exit: Exit.Exit<A>) => {
      if (Exit.isSuccess(exit)) return next(exit.value)
      fork(Effect.logError("A webhook could not be stored", exit.cause))
      answerProblem(response, unavailable, [...retryLater, ...close])
    }
    if (Exit.isExit(effect)) return settle(effect as Exit.Exit<A>)
    const fiber = fork(effect)
    const done = fiber.pollUnsafe()
    if (done === undefined) fiber.addObserver(settle)
    else settle(done)
  }

  const route: RawHandler = (request, response) => {
    const target = readTarget(request.url!, request.headers)
    if (target._tag === "Unknown") return answerProblem(response, problem("not-found"), close)
    if (request.method !== "POST")
      return answerProblem(response, problem("method-not-allowed"), ["allow", "POST", ...close])
    if (target._tag === "Repeated")
      return answerProblem(
        response,
        problem("parameter-repeated", { errors: [{ field: target.field, code: "repeated" }] }),
        close
      )
    // An absent token takes the same way as a wrong one, so that the answers do not differ in time either.
    whenDone(inbox.authenticate(target.plugin, target.token), response, (found) => {
      if (Option.isNone(found)) return refuseToken(request, response)
      read(found.value, target.query, request, response)
    })
  }

  const refuseToken: RawHandler = (request, response) => {
    const address = clientAddress(request.socket.remoteAddress, request.headers["x-forwarded-for"], proxies)
    const wait = throttle.count(address, clock.currentTimeMillisUnsafe())
    if (wait > 0)
      answerProblem(response, problem("rate-limited"), ["retry-after", String(Math.ceil(wait / 1000)), ...close])
    else answerProblem(response, tokenInvalid, close)
  }

  const read = (
    connection: Connection,
    query: WebhookDelivery["query"],
    request: IncomingMessage,
    response: ServerResponse
  ): void => {
    const { headers } = request
    const media = readMedia(headers["content-type"])
    const delivery = (body: string): WebhookDelivery => ({
      mediaType: media.mediaType,
      body,
      query,
      headerNames: Object.keys(headers)
    })
    const refuse = (body: string, refusal: WebhookRefusal, extra: ReadonlyArray<string>) =>
      whenDone(inbox.refuse(connection, delivery(body), refusal), response, (answer) =>
        answerWebhook(connection, answer, response, extra)
      )
    if (isEncoded(headers)) return refuse("", encoded, close)
    if (media._tag === "Multipart") return readParts(connection, query, request, response)
    if (Number(headers["content-length"] ?? 0) > bodyBytes) return refuse("", tooLarge, close)
    readBytes(request, response, bodyBytes, slow, (bytes) => {
      if (bytes === undefined) return refuse("", tooLarge, close)
      if (media._tag === "Unsupported")
        return refuse(media.code === "charset" ? "" : textOf(bytes), unsupported(media.code), acceptPost)
      whenDone(inbox.accept(connection, delivery(textOf(bytes))), response, (answer) =>
        answerWebhook(connection, answer, response, [])
      )
    })
  }

  const readParts = (
    connection: Connection,
    query: WebhookDelivery["query"],
    request: IncomingMessage,
    response: ServerResponse
  ): void => {
    const whole = Effect.gen(function* () {
      if (request.headers.expect !== undefined) response.writeContinue()
      const receiptId = ReceiptId.make(yield* newId)
      const keepsFiles = intake(connection.toggles)._tag === "Accept"
      const read = yield* readMultipart(
        request,
        { documents, firmId: connection.firmId, owner: receiptId, keepsFiles },
        multipartLimits
      )
      if (read._tag === "Gone") {
        yield* removeFiles(connection, receiptId)
        return
      }
      const delivery = { mediaType: "multipart/form-data", query, headerNames: Object.keys(request.headers), receiptId }
      if (read._tag !== "Read") {
        const refusal = read._tag === "TooLarge" ? tooLarge : malformedParts
        const answer = yield* inbox.refuse(connection, { ...delivery, body: "[]" }, refusal)
        return answerWebhook(connection, answer, response, close)
      }
      const body = JSON.stringify(read.parts)
      const answer = yield* inbox.accept(connection, { ...delivery, body, warnings: read.warnings })
      // Nothing but the receipt of a test is saved, nor of what came where there was no room.
      if (answer.disposition._tag === "Test" || answer.disposition._tag === "Ignored")
        yield* removeFiles(connection, receiptId)
      answerWebhook(connection, answer, response, read.isWhole ? [] : close)
    })
    whenDone(whole, response, () => {})
  }

  const removeFiles = Effect.fnUntraced(function* (connection: Connection, owner: string) {
    for (const { id } of yield* documents.ofOwner(connection.firmId, owner))
      yield* documents.remove(connection.firmId, id)
  })

  const answerWebhook = (
    connection: Connection,
    { disposition, errors, receiptId, warnings }: WebhookAnswer,
    response: ServerResponse,
    extra: ReadonlyArray<string>
  ): void => {
    switch (disposition._tag) {
      case "Accepted":
        // The answer of nearly every webhook, written without building an object. Ids of receipts need no escapes.
        if (warnings.length === 0)
          return answerAscii(
            response,
            200,
            `{"receiptId":"${receiptId}","disposition":"accepted","saved":true,"warnings":[]}`,
            extra
          )
        return answerJson(response, 200, { receiptId, disposition: "accepted", saved: true, warnings }, extra)
      case "Ignored": {
        const { reason } = disposition
        if (reason === backlogFull)
          return answerProblem(response, problem("tenant-backlog-full", { instance: `/receipts/${receiptId}` }), [
            ...roomLater,
            ...extra
          ])
        return answerJson(response, 200, { receiptId, disposition: "ignored", saved: false, reason, warnings }, extra)
      }
      case "Test":
        return answerJson(response, 200, { receiptId, disposition: "test", test: true, saved: false, warnings }, extra)
      case "Refused": {
        const name = isProblemName(disposition.problem) ? disposition.problem : "request-invalid"
        const detail = name === "webhook-fields-invalid" ? { detail: detailOf(connection, errors.length) } : {}
        answerProblem(response, problem(name, { ...detail, instance: `/receipts/${receiptId}`, errors }), extra)
      }
    }
  }

  const detailOf = (connection: Connection, wrong: number): string => {
    const manifest = plugins.manifest(connection.plugin)
    const all = Option.isSome(manifest) ? manifest.value.webhook.required.length : wrong
    return `${wrong} of ${all} required fields were not usable.`
  }

  return route
})

const tooLarge: WebhookRefusal = {
  status: 413,
  problem: "body-too-large",
  errors: [{ field: "body", code: "too-large" }]
}
const encoded: WebhookRefusal = {
  status: 415,
  problem: "content-encoding-unsupported",
  errors: [{ field: "content-encoding", code: "unsupported" }]
}
const malformedParts: WebhookRefusal = {
  status: 400,
  problem: "body-structure",
  errors: [{ field: "body", code: "multipart" }]
}
const unsupported = (code: string): WebhookRefusal => ({
  status: 415,
  problem: "media-type-unsupported",
  errors: [{ field: "content-type", code }]
})

/** The whole body, or undefined as soon as it is over the limit; nothing when the sender goes away. */
const readBytes = (
  request: IncomingMessage,
  response: ServerResponse,
  limit: number,
  slow: SlowRequests,
  next: (bytes: Buffer | undefined) => void
): void => {
  if (request.headers.expect !== undefined) response.writeContinue()
  slow.watch(request, response)
  let first: Buffer | undefined
  let chunks: Array<Buffer> | undefined
  let size = 0
  const onData = (chunk: Buffer) => {
    if ((size += chunk.length) > limit) {
      request.off("data", onData).off("end", onEnd)
      request.pause()
      slow.unwatch(response)
      return next(undefined)
    }
    if (first === undefined) first = chunk
    else if (chunks === undefined) chunks = [first, chunk]
    else chunks.push(chunk)
  }
  const onEnd = () => {
    slow.unwatch(response)
    next(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks))
  }
  request.on("data", onData).on("end", onEnd)
}
