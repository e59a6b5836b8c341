/**
 * The headers that every answer carries, whoever writes it. Nothing of the host may be framed, sniffed, cached or run
 * in a page; only the documentation page runs scripts, all of them inlined, and may reach nothing but this host.
 */
import type { ServerResponse } from "node:http"

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; " +
  "require-trusted-types-for 'script'"

/** The page is one document with its script and styles inlined, so these are allowed, and no other host is. */
const docsPolicy =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; " +
  "img-src 'self' data:; font-src data:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const fixed: ReadonlyArray<readonly [string, string]> = [
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cache-control", "no-store"]
]

/** For answers written in one go, which are never a page: names and values in turn. */
export const securityHeaders: ReadonlyArray<string> = [
  ...fixed.flat(),
  "content-security-policy",
  "default-src 'none'; frame-ancestors 'none'"
]

export const setSecurityHeaders = (response: ServerResponse, isDocs: boolean): void => {
  for (const [name, value] of fixed) response.setHeader(name, value)
  response.setHeader("content-security-policy", isDocs ? docsPolicy : policy)
}
