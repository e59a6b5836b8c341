/**
 * The built console, read once at start and answered from memory: each file as the browser can take it (brotli, gzip or
 * plain, all made when it was built). What carries its digest in its name is kept for a year, everything else is asked
 * for again each time.
 *
 * A page's address is the console's own business, so a browser that asks for a page gets the one document. Everything
 * under the API and the webhooks is not a page and stays what it is: a 404 there is never a document.
 */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { extname, join, relative, sep } from "node:path"
import { setSecurityHeaders } from "./SecurityHeaders.ts"

interface Stored {
  readonly contentType: string
  readonly etag: string
  readonly isLasting: boolean
  readonly plain: Buffer
  readonly br?: Buffer
  readonly gzip?: Buffer
}

export interface ConsoleFiles {
  /** Whether it was one of the console's, and is answered. */
  readonly answer: (request: IncomingMessage, response: ServerResponse, path: string) => boolean
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8"
}
const notPages = /^\/(?:api|webhooks|problems|assets|docs|openapi\.json|livez|readyz|metrics)(?:\/|$)/

/** `folder`: what the console's build left; one that is not there holds nothing. */
export const consoleFiles = (folder: string | undefined): ConsoleFiles => {
  const files = folder === undefined || !existsSync(folder) ? new Map<string, Stored>() : read(folder)
  const page = files.get("/index.html")
  return {
    answer: (request, response, path) => {
      if (request.method !== "GET" && request.method !== "HEAD") return false
      const asked = path === "/" ? page : files.get(path)
      const stored = asked ?? (isForPage(request, path) ? page : undefined)
      if (stored === undefined) return false
      send(request, response, stored)
      return true
    }
  }
}

const isForPage = ({ headers }: IncomingMessage, path: string): boolean =>
  headers.accept?.includes("text/html") === true && !notPages.test(path) && extname(path) === ""

const read = (folder: string): ReadonlyMap<string, Stored> => {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
  const files = new Map<string, Stored>()
  for (const name of names) {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined) continue
    const at = join(folder, name)
    const plain = readFileSync(at)
    const path = `/${relative(folder, at).split(sep).join("/")}`
    files.set(path, {
      contentType,
      etag: `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`,
      isLasting: path.startsWith("/assets/"),
      plain,
      ...(existsSync(`${at}.br`) ? { br: readFileSync(`${at}.br`) } : {}),
      ...(existsSync(`${at}.gz`) ? { gzip: readFileSync(`${at}.gz`) } : {})
    })
  }
  return files
}

const send = (request: IncomingMessage, response: ServerResponse, stored: Stored): void => {
  const { contentType, etag, isLasting, plain } = stored
  setSecurityHeaders(response, false)
  response.setHeader("cache-control", isLasting ? "public, max-age=31536000, immutable" : "no-cache")
  response.setHeader("etag", etag)
  response.setHeader("vary", "accept-encoding")
  if (request.headers["if-none-match"]?.includes(etag) === true) return void response.writeHead(304).end()
  const accepted = String(request.headers["accept-encoding"] ?? "").split(/\s*,\s*/)
  const encoding = (["br", "gzip"] as const).find((name) => stored[name] !== undefined && accepted.includes(name))
  const body = (encoding === undefined ? undefined : stored[encoding]) ?? plain
  if (encoding !== undefined) response.setHeader("content-encoding", encoding)
  response.writeHead(200, { "content-type": contentType, "content-length": body.length })
  response.end(request.method === "HEAD" ? undefined : body)
}
