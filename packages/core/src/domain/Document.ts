/**
 * Which files are documents, under which name they are kept, and what a recording is called. Pure:
 * a name is data to show and to offer for saving, never a path; a type is believed only when the bytes look like it.
 */
import { type Look, lookOf } from "./FileType.ts"
import { longestTried } from "./PatternWays.ts"

export const documentLimitBytes = 25 * 1024 * 1024

interface FileType {
  readonly contentType: string
  readonly looks: ReadonlyArray<Look>
}

const type = (contentType: string, ...looks: ReadonlyArray<Look>): FileType => ({ contentType, looks })
const jpeg = type("image/jpeg", "jpeg")

/** The allow-list, by extension. */
export const documentTypes: ReadonlyMap<string, FileType> = new Map([
  ["pdf", type("application/pdf", "pdf")],
  ["png", type("image/png", "png")],
  ["jpg", jpeg],
  ["jpeg", jpeg],
  ["gif", type("image/gif", "gif")],
  ["tif", type("image/tiff", "tiff")],
  ["heic", type("image/heic", "heif")],
  ["doc", type("application/msword", "ole", "rtf")],
  ["docx", type("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "zip")],
  ["xls", type("application/vnd.ms-excel", "ole")],
  ["xlsx", type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "zip")],
  ["csv", type("text/csv", "text")],
  ["txt", type("text/plain", "text")],
  ["rtf", type("application/rtf", "rtf")],
  ["eml", type("message/rfc822", "text")],
  ["msg", type("application/vnd.ms-outlook", "ole")],
  ["mp3", type("audio/mpeg", "mp3")],
  ["wav", type("audio/wav", "wav")],
  ["m4a", type("audio/mp4", "mp4")],
  ["mp4", type("video/mp4", "mp4")]
])

const byContentType: ReadonlyMap<string, FileType> = new Map(
  [...documentTypes.values()].map((found) => [found.contentType, found])
)

/** Why a file is not kept: it is recorded under `skipped:<why>`. */
export type SkipReason = "type" | "empty" | "too-large" | "content-mismatch" | "wrong-record" | "unavailable" | "quota"

export type FileVerdict =
  | { readonly _tag: "Eligible"; readonly contentType: string }
  | { readonly _tag: "Skip"; readonly why: SkipReason }

const skip = (why: SkipReason): FileVerdict => ({ _tag: "Skip", why })

export interface FileFacts {
  readonly name: string
  /** What its sender says it is; counts only where the name has no extension. */
  readonly contentType: string
  /** Null where nobody said. */
  readonly size: number | null
}

/** Judged before any byte is moved. */
export const judgeFile = ({ contentType, name, size }: FileFacts): FileVerdict => {
  const found = typeOf(name, contentType)
  if (found === undefined) return skip("type")
  if (size === 0) return skip("empty")
  if (size !== null && size > documentLimitBytes) return skip("too-large")
  return { _tag: "Eligible", contentType: found.contentType }
}

/** Judged again once the first bytes are there: the content must look like what the name says. */
export const judgeContent = (file: FileFacts, head: Uint8Array): FileVerdict => {
  const verdict = judgeFile(file)
  if (verdict._tag === "Skip") return verdict
  if (head.length === 0) return skip("empty")
  const look = lookOf(head)
  return look !== undefined && typeOf(file.name, file.contentType)!.looks.includes(look)
    ? verdict
    : skip("content-mismatch")
}

const typeOf = (name: string, contentType: string): FileType | undefined => {
  const extension = extensionOf(name)
  return extension === undefined
    ? byContentType.get(contentType.split(";")[0]!.trim().toLowerCase())
    : documentTypes.get(extension)
}

export const extensionOf = (name: string): string | undefined =>
  /\.([A-Za-z0-9]{1,10})$/.exec(name.trim())?.[1]?.toLowerCase()

// oxlint-disable-next-line no-control-regex -- removing control characters is the point
const unsafe = /[\u0000-\u001F\u007F-\u009F/\\:*?"<>|\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/g
const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** A name to show and to offer for saving; it is never a path here, and must not become one elsewhere. */
export const safeName = (name: string, limit = 200): string => {
  const last = name.normalize("NFC").split(/[/\\]/).at(-1)!.replace(unsafe, "").trim().replace(/^\.+/, "")
  const extension = /\.[^.]{1,19}$/.exec(last)?.[0] ?? ""
  const short = last.length > limit ? `${last.slice(0, limit - extension.length).toWellFormed()}${extension}` : last
  return short === "" ? "document" : device.test(short) ? `_${short}` : short
}

/** The record that an attached file's name speaks of differs from the one it came with. */
export const isOfOtherRecord = (name: string, pattern: string | undefined, record: string): boolean => {
  const named = pattern === undefined ? undefined : new RegExp(pattern).exec(name.slice(0, longestTried))?.[1]
  return named !== undefined && named !== record
}

export interface Recording {
  readonly callId: string
  readonly startedAt: number
  /** The client's number, as it is known. */
  readonly phone: string
}

/** `AI Call <YYYY-MM-DD HHmm> <last4> <callId>.<ext>`, in the firm's time, at most 120 characters. */
export const recordingName = ({ callId, phone, startedAt }: Recording, extension: string, timeZone: string): string => {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit"
    })
      .formatToParts(startedAt)
      .map(({ type, value }) => [type, value])
  )
  const last4 = phone.replace(/\D/g, "").slice(-4) || "0000"
  const when = `${parts["year"]}-${parts["month"]}-${parts["day"]} ${parts["hour"]}${parts["minute"]}`
  return safeName(`AI Call ${when} ${last4} ${callId.replace(unsafe, "")}.${extension}`, 120)
}
