/**
 * What a request says about its browser: which session it carries, and whether a page of this host sent it. The cookie
 * goes along with every request to the host, so a request that changes something must also come from here.
 */
import type { HttpServerRequest } from "effect/http"
import { sessionCookie } from "@casewire/api/Access"

/** Behind TLS the prefix keeps neighbouring hosts from setting it; over plain HTTP on loopback browsers refuse it. */
export const sessionCookies = { plain: sessionCookie, secure: `__Host-${sessionCookie}` } as const

/** Empty where there is none. */
export const sessionIdOf = ({ cookies }: HttpServerRequest.HttpServerRequest): string =>
  cookies[sessionCookies.secure] ?? cookies[sessionCookies.plain] ?? ""

/** The browser's own word for it: the page's origin is the address that was called, or the one that is configured. */
export const isFromHere = ({ headers }: HttpServerRequest.HttpServerRequest, publicUrl: string): boolean => {
  const { host, origin } = headers
  if (origin === undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === host || new URL(publicUrl).origin === origin
}

const harmless = new Set(["GET", "HEAD", "OPTIONS"])

export const isAllowedFromBrowser = (request: HttpServerRequest.HttpServerRequest, publicUrl: string): boolean =>
  harmless.has(request.method) || isFromHere(request, publicUrl)
