/**
 * Reads what a webhook's head says, by hand: its plugin and token, what else its URL carries, and its media type.
 *
 * This is the busiest path of the host, so it parses no more than it needs and builds no URL object. Nothing here
 * judges data; that is the core's.
 */
import type { IncomingHttpHeaders } from "node:http"
import type { Entry } from "@casewire/core/domain/FlatRecord"

export const prefix = "/webhooks/"
export const maxUrl = 8192

export type Target =
  | { readonly _tag: "Webhook"; readonly plugin: string; readonly token: string; readonly query: ReadonlyArray<Entry> }
  | { readonly _tag: "Repeated"; readonly field: string }
  /** Below the prefix, but not of the form `/webhooks/{plugin}`. */
  | { readonly _tag: "Unknown" }

/** `token` is empty where none was given, or where the query's and the header's differ. */
export const readTarget = (url: string, headers: IncomingHttpHeaders): Target => {
  const question = url.indexOf("?")
  const plugin = question < 0 ? url.slice(prefix.length) : url.slice(prefix.length, question)
  if (plugin === "" || plugin.includes("/")) return { _tag: "Unknown" }
  const query: Array<Entry> = []
  let token: string | undefined
  // What nearly every URL looks like: a token of ours, which needs no escapes, and nothing else.
  if (question >= 0 && plainToken.test(url)) token = url.slice(question + tokenStart.length)
  else if (question >= 0) {
    for (const pair of url.slice(question + 1).split("&")) {
      if (pair === "") continue
      const equals = pair.indexOf("=")
      const key = decode(equals < 0 ? pair : pair.slice(0, equals))
      const value = equals < 0 ? "" : decode(pair.slice(equals + 1))
      if (key !== "token") query.push([key, value])
      else if (token === undefined) token = value
      else return { _tag: "Repeated", field: "token" }
    }
  }
  const header = headers["x-webhook-token"]
  if (typeof header !== "string") return { _tag: "Webhook", plugin, token: token ?? "", query }
  return { _tag: "Webhook", plugin, token: token === undefined || token === header ? header : "", query }
}

const tokenStart = "?token="
const plainToken = /^[^?]+\?token=[\w-]+$/

const decode = (part: string): string => {
  const spaced = part.includes("+") ? part.replaceAll("+", " ") : part
  if (!spaced.includes("%")) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

export type Media =
  | { readonly _tag: "Form" | "Json" | "Multipart"; readonly mediaType: string }
  | { readonly _tag: "Unsupported"; readonly mediaType: string; readonly code: string }

const form: Media = { _tag: "Form", mediaType: "application/x-www-form-urlencoded" }
const json: Media = { _tag: "Json", mediaType: "application/json" }
const multipart: Media = { _tag: "Multipart", mediaType: "multipart/form-data" }

export const readMedia = (contentType: string | undefined): Media => {
  if (contentType === form.mediaType) return form
  if (contentType === json.mediaType) return json
  const semicolon = contentType?.indexOf(";") ?? -1
  const type = (semicolon < 0 ? (contentType ?? "") : contentType!.slice(0, semicolon)).trim().toLowerCase()
  const media =
    type === form.mediaType
      ? form
      : type === json.mediaType
        ? json
        : type === multipart.mediaType
          ? multipart
          : undefined
  if (media === undefined) return { _tag: "Unsupported", mediaType: type.slice(0, 100), code: "media-type" }
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)"?/i.exec(contentType!)?.[1]?.toLowerCase()
  return charset === undefined || charset === "utf-8" || charset === "utf8"
    ? media
    : { _tag: "Unsupported", mediaType: media.mediaType, code: "charset" }
}

export const isEncoded = (headers: IncomingHttpHeaders): boolean => {
  const encoding = headers["content-encoding"]
  return encoding !== undefined && encoding.trim().toLowerCase() !== "identity"
}

/**
 * Bytes to text. What is not UTF-8 becomes U+FFFD, which the core's field judge treats like a control character: a
 * warning in an optional value, a refusal in a required one.
 */
export const textOf = (bytes: Buffer): string => {
  const text = bytes.toString("utf8")
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
