/** The running host as the commands ask it: by its own API, with the token of the settings or of the data folder. */
import { Access } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { Effect, Layer, Option, Redacted, Schema } from "effect"
import { FetchHttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"
import { existsSync, readFileSync } from "node:fs"
import { dataFolder, readSettings, type StartRefused } from "../Settings.ts"
import { type CommandFailure, exits, refusal } from "./PluginAnswer.ts"

/** There is no way to ask the host, or it answers nothing that this command understands. */
class HostUnasked extends Schema.TaggedError<HostUnasked>()("HostUnasked", {
  code: Schema.Literals(["no-token", "host-unreachable", "answer-unreadable"]),
  message: Schema.String
}) {}

const Problem = Schema.Struct({
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(Schema.Struct({ field: Schema.String, code: Schema.String })))
})
type Problem = typeof Problem.Type
const isProblem = Schema.is(Problem)

/** A client of the host that the settings describe. */
export const hostClient = Effect.gen(function* () {
  const settings = yield* readSettings
  const url = `http://${settings.host === "0.0.0.0" ? "127.0.0.1" : settings.host}:${settings.port}`
  const { apiToken: file } = dataFolder(settings.data)
  const token = Option.map(settings.apiToken, Redacted.value).pipe(
    Option.orElse(() => (existsSync(file) ? Option.some(readFileSync(file, "utf8").trim()) : Option.none()))
  )
  if (Option.isNone(token))
    return yield* new HostUnasked({
      code: "no-token",
      message: `set CASEWIRE_API_TOKEN to a token of the host's API, so that the host at ${url} can be asked`
    })
  return yield* HttpApiClient.make(Api, { baseUrl: url }).pipe(
    Effect.provide(
      Layer.merge(
        FetchHttpClient.layer,
        HttpApiMiddleware.layerClient(Access, ({ next, request }) =>
          next(HttpClientRequest.bearerToken(request, token.value))
        )
      )
    )
  )
})

/** Whatever a call of the client fails with, as the command says it. */
export const clientFailure = (error: unknown): CommandFailure => {
  if (isProblem(error)) return problemFailure(error)
  const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : ""
  if (tag === "HostUnasked" || tag === "StartRefused") {
    const { message } = error as HostUnasked | StartRefused
    return {
      code: tag === "HostUnasked" ? (error as HostUnasked).code : "configuration",
      message,
      exit: exits.configuration
    }
  }
  return tag === "SchemaError"
    ? { code: "answer-unreadable", message: "the host is of another version than this command", exit: exits.failed }
    : {
        code: "host-unreachable",
        message: "the host does not answer: start it, or set CASEWIRE_HOST and CASEWIRE_PORT",
        exit: exits.unreachable
      }
}

const problemFailure = ({ detail, errors = [], status, title, type }: Problem): CommandFailure => {
  const code = type.replace(/^\/problems\//, "")
  if (code === "plugin-rejected") return refusal(errors[0]?.code ?? code, detail ?? title)
  const message = detail ?? title
  if (status === 401 || status === 403) return { code, message, exit: exits.permission }
  if (status === 404) return { code, message: "the host knows no such plugin", exit: exits.missing }
  return { code, message, exit: exits.failed }
}
