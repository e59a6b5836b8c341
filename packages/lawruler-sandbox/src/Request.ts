/**
 * A request after its body was read, and the ways to look into it. Form names are
 * matched without case and repeated names join with a comma, as ASP.NET form
 * collections do. Bodies that do not parse give `undefined`, never an exception.
 */
import { Effect, Option } from "effect"

export interface Request {
  readonly method: string
  /** Decoded path without query, always starting with a slash. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
}

interface UploadedFile {
  readonly part: string
  readonly name: string
  readonly contentType: string
  readonly content: Uint8Array
}

export interface Form {
  readonly values: ReadonlyMap<string, string>
  readonly files: ReadonlyArray<UploadedFile>
  /** Names given, repeated ones counted each time. */
  readonly keyCount: number
}

const bodyText = (request: Request): string => new TextDecoder().decode(request.body)

export const bodyJson = (request: Request): Option.Option<unknown> =>
  Option.liftThrowable((text: string): unknown => JSON.parse(text))(bodyText(request))

/** A parameter by name, without case. */
export const parameter = (request: Request, name: string): string | undefined => {
  const wanted = name.toLowerCase()
  for (const [key, value] of request.query) if (key.toLowerCase() === wanted) return value
  return undefined
}

const collect = (entries: Iterable<readonly [string, string]>, files: ReadonlyArray<UploadedFile>): Form => {
  const values = new Map<string, string>()
  let keyCount = files.length
  for (const [name, value] of entries) {
    keyCount += 1
    const key = name.toLowerCase()
    const before = values.get(key)
    values.set(key, before === undefined ? value : `${before},${value}`)
  }
  return { values, files, keyCount }
}

const readMultipart = Effect.fnUntraced(function* (request: Request, contentType: string) {
  const parsed = yield* Effect.tryPromise(() =>
    new Response(request.body.slice(), { headers: { "content-type": contentType } }).formData()
  )
  const fields: Array<readonly [string, string]> = []
  const files: Array<UploadedFile> = []
  for (const [part, value] of parsed) {
    if (typeof value === "string") {
      fields.push([part, value])
      continue
    }
    const content = new Uint8Array(yield* Effect.promise(() => value.arrayBuffer()))
    files.push({ part, name: value.name, contentType: value.type || "application/octet-stream", content })
  }
  return { fields, files }
})

/** Query, then urlencoded or multipart body, as one case-blind collection. */
export const readForm = Effect.fnUntraced(function* (request: Request) {
  const query = [...request.query]
  const contentType = request.headers["content-type"] ?? ""
  if (/^multipart\/form-data/i.test(contentType)) {
    const multipart = yield* Effect.option(readMultipart(request, contentType))
    return Option.map(multipart, ({ fields, files }) => collect([...query, ...fields], files))
  }
  const isForm = /^application\/x-www-form-urlencoded/i.test(contentType)
  const body = isForm ? [...new URLSearchParams(bodyText(request))] : []
  return Option.some(collect([...query, ...body], []))
})
