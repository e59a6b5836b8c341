/**
 * The body of a webhook as one flat record: keys and values in order, repeats kept.
 *
 * Three formats arrive (forms, JSON, and the text parts of multipart); all become the same record. The JSON scan is
 * linear and runs before `JSON.parse`, so that depth, key count and repeated keys are judged without building a value:
 * `JSON.parse` silently keeps the last of two equal keys.
 */
import { Result } from "effect"
import { keptOptions, namesOnly } from "./KeptNames.ts"

export type Entry = readonly [key: string, value: string]
export type FlatRecord = ReadonlyArray<Entry>

export type StructureCode = "syntax" | "not-an-object" | "depth" | "keys" | "reserved"

export const maxDepth = 32
export const maxKeys = 2000
const reserved = new Set(["__proto__", "constructor", "prototype"])
const isReserved = (key: string): boolean => key.length >= 9 && key.length <= 11 && reserved.has(key)

/** Media types that a webhook may have, without parameters. */
export const mediaTypes = ["application/x-www-form-urlencoded", "application/json", "multipart/form-data"] as const

export const parseBody = (mediaType: string, text: string): Result.Result<FlatRecord, StructureCode> =>
  mediaType === "application/json"
    ? parseJson(text)
    : mediaType === "multipart/form-data"
      ? parseParts(text)
      : mediaType === namesOnly
        ? Result.flatMap(keptOptions(text), checked)
        : parseForm(text)

const checked = (entries: ReadonlyArray<Entry>): Result.Result<FlatRecord, StructureCode> =>
  entries.length > maxKeys
    ? Result.fail("keys")
    : entries.some(([key]) => isReserved(key))
      ? Result.fail("reserved")
      : Result.succeed(entries)

/** The text parts of a multipart body, as the edge stores them: a JSON list of pairs. */
const parseParts = (text: string): Result.Result<FlatRecord, StructureCode> => checked(JSON.parse(text) as Array<Entry>)

/**
 * `application/x-www-form-urlencoded`, by the WHATWG rules: `+` is a blank, a bad escape stays as it is. Every webhook
 * comes through here before it is answered, so a body is decoded in one go where that gives the same.
 */
export const parseForm = (text: string): Result.Result<FlatRecord, StructureCode> => {
  const decoded = decodeWhole(text)
  const form = decoded ?? text
  const read = decoded === undefined ? unescape : asItIs
  const entries: Array<Entry> = []
  // Looked for again only once it is passed, or a body without any would be searched to its end for every key.
  let equals = -1
  let start = 0
  while (start < form.length) {
    const end = placeOf("&", form, start)
    if (end > start) {
      if (entries.length === maxKeys) return Result.fail("keys")
      if (equals < start) equals = placeOf("=", form, start)
      entries.push(
        equals >= end
          ? [read(form.slice(start, end)), ""]
          : [read(form.slice(start, equals)), read(form.slice(equals + 1, end))]
      )
    }
    start = end + 1
  }
  return checked(entries)
}

const placeOf = (sign: string, text: string, from: number): number => {
  const place = text.indexOf(sign, from)
  return place < 0 ? text.length : place
}

const asItIs = (part: string): string => part

/** Nothing, where an escape stands for a character that divides the body, or is none. */
const decodeWhole = (text: string): string | undefined => {
  if (/%(?:26|3[Dd])/.test(text)) return undefined
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text
  if (!spaced.includes("%")) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}

const unescape = (part: string): string => {
  const spaced = part.includes("+") ? part.replaceAll("+", " ") : part
  if (!spaced.includes("%")) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
      try {
        return decodeURIComponent(run)
      } catch {
        return run
      }
    })
  }
}

/** A JSON object; a list value makes several entries, a nested object is kept as its JSON text. */
export const parseJson = (text: string): Result.Result<FlatRecord, StructureCode> => {
  const scan = scanJson(text)
  if (Result.isFailure(scan)) return Result.fail(scan.failure)
  try {
    JSON.parse(text)
    const entries = scan.success.flatMap(({ key, value }): ReadonlyArray<Entry> => {
      const parsed: unknown = JSON.parse(value)
      return (Array.isArray(parsed) ? parsed : [parsed]).map((item: unknown) => [key, scalar(item)])
    })
    return checked(entries)
  } catch {
    return Result.fail("syntax")
  }
}

const scalar = (value: unknown): string =>
  value === null
    ? ""
    : typeof value === "string"
      ? value
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value)

type Member = { readonly key: string; readonly value: string }

/** One pass over the characters: top-level members as slices, plus depth, key and reserved-name checks at any level. */
const scanJson = (text: string): Result.Result<ReadonlyArray<Member>, StructureCode> => {
  const members: Array<Member> = []
  let depth = 0
  let keys = 0
  let key: string | undefined
  let valueStart = -1
  const closeMember = (end: number) => {
    if (key !== undefined && valueStart >= 0) members.push({ key, value: text.slice(valueStart, end) })
    key = undefined
    valueStart = -1
  }
  const first = text.search(/\S/)
  if (first < 0) return Result.fail("syntax")
  if (text[first] !== "{") return Result.fail(text[first] === "[" && tooDeep(text) ? "depth" : "not-an-object")
  for (let i = first; i < text.length; i++) {
    const char = text[i]
    if (char === '"') {
      const start = i
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++
      if (i >= text.length) return Result.fail("syntax")
      let after = i + 1
      while (after < text.length && /\s/.test(text[after]!)) after++
      if (text[after] === ":") {
        if (++keys > maxKeys) return Result.fail("keys")
        const name = decodeKey(text.slice(start, i + 1))
        if (name === undefined) return Result.fail("syntax")
        if (reserved.has(name)) return Result.fail("reserved")
        if (depth === 1 && key === undefined) {
          key = name
          valueStart = after + 1
          i = after
        }
      }
    } else if (char === "{" || char === "[") {
      if (++depth > maxDepth) return Result.fail("depth")
    } else if (char === "}" || char === "]") {
      if (depth === 1) closeMember(i)
      depth--
      if (depth < 0) return Result.fail("syntax")
    } else if (char === "," && depth === 1) closeMember(i)
  }
  return depth === 0 ? Result.succeed(members) : Result.fail("syntax")
}

const decodeKey = (quoted: string): string | undefined => {
  if (!quoted.includes("\\")) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

const tooDeep = (text: string): boolean => {
  let depth = 0
  for (const char of text) {
    if (char === "[" || char === "{") {
      if (++depth > maxDepth) return true
    } else if (char === "]" || char === "}") depth--
  }
  return false
}
