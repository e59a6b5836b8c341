/**
 * Posts signed webhooks to a firm's own tools, by Standard Webhooks. Besides `CrmHttp` the only module that opens a
 * socket: over HTTPS to addresses of the open internet, judged again while connecting, so that a name which changes its
 * address between the check and the call gains nothing. An origin that the operator listed is taken as it is.
 *
 * Redirects are refused, the answer's body is not read, and one deadline ends everything. A secret never leaves: it
 * only signs.
 */
import { createHmac } from "node:crypto"
import { lookup } from "node:dns"
import { isIP } from "node:net"
import { Clock, Effect, Layer, Redacted } from "effect"
import { buildConnector, Client } from "undici"
import { PlatformHttp, type PostOutcome, type SignedPost } from "@casewire/core/ports/PlatformHttp"
import { retryAfter } from "./CrmBackoff.ts"
import { lookupGlobal } from "./CrmHttp.ts"
import { isGlobalAddress } from "./GlobalAddress.ts"

export interface PlatformHttpOptions {
  /** Origins that may be private and without TLS, such as `http://127.0.0.1:5000`: for demos and tests. */
  readonly privateOrigins?: ReadonlyArray<string>
  /** For a whole post. Default 10 s. */
  readonly timeoutMs?: number
  /** Resolves names; for tests. */
  readonly resolve?: typeof lookup
}

const maxUrl = 2000

export const layer = ({ privateOrigins = [], resolve = lookup, timeoutMs = 10_000 }: PlatformHttpOptions = {}) => {
  const listed = new Set(privateOrigins.map((origin) => new URL(origin).origin))

  /** What can be said about an address without asking anybody. */
  const judged = (text: string): { readonly url: URL; readonly isListed: boolean } | string => {
    const url = text.length <= maxUrl && URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || url.username !== "" || url.password !== "" || url.hash !== "") return "malformed"
    if (listed.has(url.origin)) return { url, isListed: true }
    if (url.protocol !== "https:") return "not-https"
    const host = hostOf(url)
    return isIP(host) !== 0 && !isGlobalAddress(host) ? "not-public" : { url, isListed: false }
  }

  const objection = (text: string): Effect.Effect<string | null> => {
    const found = judged(text)
    if (typeof found === "string") return Effect.succeed(found)
    if (found.isListed || isIP(hostOf(found.url)) !== 0) return Effect.succeed(null)
    return Effect.callback<string | null>((resume) =>
      lookupGlobal(
        hostOf(found.url),
        { all: true },
        (error) =>
          resume(Effect.succeed(error === null ? null : error.name === "NotGlobal" ? "not-public" : "unresolvable")),
        resolve
      )
    ).pipe(
      Effect.timeoutOption(timeoutMs),
      Effect.map((answer) => (answer._tag === "Some" ? answer.value : "unresolvable"))
    )
  }

  const connectorOf = (isListed: boolean) =>
    buildConnector({
      timeout: timeoutMs,
      allowH2: false,
      ...(isListed
        ? {}
        : {
            minVersion: "TLSv1.2",
            rejectUnauthorized: true,
            lookup: (hostname, options, callback) => lookupGlobal(hostname, options, callback, resolve)
          })
    })

  const post = Effect.fn("PlatformHttp.post")(function* (request: SignedPost) {
    const found = judged(request.url)
    if (typeof found === "string") return notSent(found)
    const { isListed, url } = found
    const now = yield* Clock.currentTimeMillis
    return yield* Effect.promise(async (interrupted): Promise<PostOutcome> => {
      // One connection a post: nothing is kept open to a stranger's host, and every post judges its address anew.
      const client = new Client(url.origin, {
        connect: connectorOf(isListed),
        headersTimeout: 0,
        bodyTimeout: 0,
        pipelining: 1
      })
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await client.request({
          path: `${url.pathname}${url.search}`,
          method: "POST",
          headers: {
            "content-type": "application/json",
            "user-agent": "Casewire",
            accept: "*/*",
            ...signatureHeaders(request, Math.floor(now / 1000))
          },
          body: request.body,
          signal: AbortSignal.any([interrupted, deadline])
        })
        answer.body.on("error", () => {})
        const status = answer.statusCode
        const isRedirect = status >= 300 && status < 400
        const after = answer.headers["retry-after"]
        return {
          status,
          code: isRedirect ? "redirect" : null,
          retryAfter: retryAfter(typeof after === "string" ? after : undefined, now) ?? null
        }
      } catch (cause) {
        return notSent(deadline.aborted ? "timeout" : codeOf(cause))
      } finally {
        await client.destroy().catch(() => {})
      }
    })
  })

  return Layer.succeed(PlatformHttp, PlatformHttp.of({ objection, post }))
}

const notSent = (code: string): PostOutcome => ({ status: null, code, retryAfter: null })

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "")

/** A code and never a message: those of the platform quote addresses. */
const codeOf = (cause: unknown): string => {
  for (let at: unknown = cause; typeof at === "object" && at !== null; at = "cause" in at ? at.cause : undefined) {
    if ("name" in at && at.name === "NotGlobal") return "not-public"
    const code = "code" in at ? String(at.code) : ""
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "unresolvable"
    if (/CERT|TLS|SSL|SELF_SIGNED|ALTNAME/.test(code)) return "tls"
    if (code === "UND_ERR_CONNECT_TIMEOUT") return "timeout"
  }
  return "unreachable"
}

/** `v1,` and the signature by each secret over `id.timestamp.body`. */
const signatureHeaders = ({ body, id, secrets }: SignedPost, seconds: number): Record<string, string> => ({
  "webhook-id": id,
  "webhook-timestamp": String(seconds),
  "webhook-signature": secrets
    .map((secret) => {
      const key = Buffer.from(Redacted.value(secret).replace(/^whsec_/, ""), "base64")
      return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`
    })
    .join(" ")
})
