/**
 * Where a connection may call: the plugin's origin templates with the connection's settings, proven to lead nowhere
 * else. Only this module makes a `CrmOrigin`, and only `CrmHttp` opens a socket to one.
 *
 * A setting that goes into an address must be one plain label, whatever the plugin's own pattern allows. Then the
 * finished address is parsed and compared: scheme, exact host, no port, no user, exact path prefix. A request's path is
 * joined and compared again, after normalisation.
 */
import { type Brand, Result } from "effect"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import type { Connection } from "@casewire/core/domain/Connection"
import { CrmOriginRefused } from "@casewire/core/ports/Crm"

export interface CrmOrigin extends Brand.Brand<"CrmOrigin"> {
  /** `https://host`, as a dispatcher takes it. */
  readonly base: string
  readonly host: string
  /** Begins and ends with a slash. */
  readonly prefix: string
  /** The operator's own sandbox: plain HTTP, a port and a local address are allowed there, and nothing else is. */
  readonly isSandbox: boolean
}

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const template = /^(https:\/\/|\{sandbox\})([^/]*)(\/.*)$/

const refused = (field: string, message: string) => Result.fail(new CrmOriginRefused({ field, message }))

/** All origins of a connection by name, or why one of them would lead elsewhere. */
export const originsOf = (
  connection: Pick<Connection, "sandbox" | "settings">,
  manifest: Pick<PluginManifest, "origins" | "sandboxOrigins">,
  sandboxOrigin: string | null
): Result.Result<ReadonlyMap<string, CrmOrigin>, CrmOriginRefused> => {
  if (connection.sandbox && sandboxOrigin === null) return refused("sandbox", "this host has no sandbox configured")
  const origins = new Map<string, CrmOrigin>()
  const templates = connection.sandbox ? manifest.sandboxOrigins : manifest.origins
  for (const [name, text] of Object.entries(templates)) {
    const origin = originOf(text, connection.settings, connection.sandbox ? sandboxOrigin : null)
    if (Result.isFailure(origin)) return Result.fail(origin.failure)
    origins.set(name, origin.success)
  }
  return Result.succeed(origins)
}

const originOf = (
  text: string,
  settings: Readonly<Record<string, string>>,
  sandboxOrigin: string | null
): Result.Result<CrmOrigin, CrmOriginRefused> => {
  const parts = template.exec(text)
  if (parts === null || (parts[1] === "{sandbox}") !== (sandboxOrigin !== null))
    return refused("origin", "the plugin's origin template is not usable")
  const [, , hostTemplate = "", pathTemplate = ""] = parts
  let wrong: string | undefined
  const fill = (part: string) =>
    part.replace(/\{([^{}]*)\}/g, (_, name: string) => {
      const value = Object.hasOwn(settings, name) ? settings[name]! : ""
      if (!label.test(value)) wrong ??= name
      return value
    })
  const host = fill(hostTemplate)
  const prefix = fill(pathTemplate)
  if (wrong !== undefined) return refused(wrong, "the value is not a plain label")
  const base = sandboxOrigin ?? `https://${host}`
  const url = URL.canParse(`${base}${prefix}`) ? new URL(`${base}${prefix}`) : undefined
  const expected = URL.canParse(base) ? new URL(base) : undefined
  const isProven =
    url !== undefined &&
    expected !== undefined &&
    prefix.endsWith("/") &&
    url.pathname === prefix &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "" &&
    url.password === "" &&
    (sandboxOrigin === null
      ? url.protocol === "https:" && url.hostname === host && url.port === ""
      : hostTemplate === "" && url.origin === expected.origin && expected.pathname === "/")
  if (!isProven) return refused("origin", "the address leads outside the plugin's origins")
  return Result.succeed({
    base: url.origin,
    host: url.hostname,
    prefix,
    isSandbox: sandboxOrigin !== null
  } as CrmOrigin)
}

const plainPath = /^[A-Za-z0-9._~!$'()*,;:@+&=/%-]*$/
/** An encoded slash, backslash or dot: some servers decode it after the path was checked. */
const hidden = /%(?:2e|2f|5c|00)/i
/** Credentials travel in bodies and in the authorization header; a URL ends up in logs. */
const secretName =
  /^(?:key|api_?key|pass(?:word|wd)?|pwd|user(?:name)?|secret|client_?secret|token|access_?token|authorization|bearer)$/i

/** The request's target below the origin's prefix, or a refusal before any socket opens. */
export const targetOf = (
  origin: CrmOrigin,
  path: string,
  query: ReadonlyArray<readonly [string, string]>
): Result.Result<string, CrmOriginRefused> => {
  if (!plainPath.test(path) || hidden.test(path) || path.startsWith("/") || path.includes("//"))
    return refused("path", "the path is not a plain relative path")
  const secret = query.find(([name]) => secretName.test(name.normalize("NFKC").replace(/[^A-Za-z_]/g, "")))
  if (secret !== undefined) return refused("query", "a credential may not stand in a URL")
  const text = `${origin.base}${origin.prefix}${path}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    url.origin !== origin.base ||
    !url.pathname.startsWith(origin.prefix) ||
    url.pathname !== `${origin.prefix}${path}` ||
    url.username !== ""
  )
    return refused("path", "the path leaves the origin's prefix")
  const search =
    query.length === 0 ? "" : `?${new URLSearchParams(query.map(([key, value]): [string, string] => [key, value]))}`
  return Result.succeed(`${url.pathname}${search}`)
}

/** A page of the CRM for people, below one of the plugin's origins; none where the settings would lead elsewhere. */
export const pageOf = (
  connection: Pick<Connection, "settings">,
  manifest: Pick<PluginManifest, "origins" | "sandboxOrigins">,
  page: { readonly origin: string; readonly path: string }
): string | null => {
  const origins = originsOf({ sandbox: false, settings: connection.settings }, manifest, null)
  const origin = Result.isSuccess(origins) ? origins.success.get(page.origin) : undefined
  const target = origin === undefined ? undefined : targetOf(origin, page.path, [])
  return origin === undefined || target === undefined || Result.isFailure(target) ? null : origin.base + target.success
}
