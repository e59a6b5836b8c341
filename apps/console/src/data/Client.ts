/**
 * The typed client of the host's API, the same contract that the server is made from. The browser's session cookie goes
 * along by itself, so no token is ever in the hands of a script.
 *
 * A call answers a promise. What goes wrong is a `Failure`: a problem of the host, or no answer that can be used.
 */
import { Effect, Layer, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"
import { Access } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"

const Problem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, code: Schema.String })))
})

export interface FieldError {
  readonly field: string
  readonly code: string
}

/** Why there is no answer: the host refused (`code` is the problem's name), cannot be reached, or is of another version. */
export class Failure extends Error {
  readonly kind: "refused" | "unreachable" | "unreadable"
  readonly status: number
  readonly code: string
  readonly detail: string | undefined
  readonly errors: ReadonlyArray<FieldError>

  constructor(
    kind: Failure["kind"],
    what: {
      readonly code: string
      readonly title: string
      readonly status?: number
      readonly detail?: string | undefined
      readonly errors?: ReadonlyArray<FieldError> | undefined
    }
  ) {
    super(what.title)
    this.name = "Failure"
    this.kind = kind
    this.status = what.status ?? 0
    this.code = what.code
    this.detail = what.detail
    this.errors = what.errors ?? []
  }
}

const layer = Layer.merge(
  FetchHttpClient.layer,
  HttpApiMiddleware.layerClient(Access, ({ next, request }) => next(request))
)

const client = Effect.runSync(HttpApiClient.make(Api, { baseUrl: window.location.origin }).pipe(Effect.provide(layer)))
export type Client = typeof client

const isProblem = Schema.is(Problem)

/** From a problem's body, or whatever else ended a call. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof Failure) return error
  if (isProblem(error)) return new Failure("refused", { ...error, code: error.type.replace(/^\/problems\//, "") })
  const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""
  return tag === "SchemaError"
    ? new Failure("unreadable", { code: "answer-unreadable", title: "" })
    : new Failure("unreachable", { code: "host-unreachable", title: "" })
}

export const call = <A, E>(ask: (api: Client) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(Effect.result(ask(client))).then((result) => {
    if (result._tag === "Success") return result.success
    throw failureOf(result.failure)
  })

/** For what the typed client cannot read: answers that come line by line. */
export const fetchLines = async (path: string, init: RequestInit, onLine: (line: unknown) => void): Promise<void> => {
  const answer = await fetch(path, init).catch(() => undefined)
  if (answer === undefined || answer.body === null)
    throw new Failure("unreachable", { code: "host-unreachable", title: "" })
  if (!answer.ok) throw failureOf(await answer.json().catch(() => undefined))
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { done, value } = await reader.read()
    rest += value ?? ""
    const lines = rest.split("\n")
    rest = done ? "" : (lines.pop() ?? "")
    for (const line of lines) if (line !== "") onLine(JSON.parse(line))
    if (done) return
  }
}
