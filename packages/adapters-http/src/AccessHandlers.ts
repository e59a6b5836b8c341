/** The API's two middlewares: the bearer token names the firm, and what does not fit a schema names its fields. */
import { Effect, Layer, Option, Redacted, SchemaIssue } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { Access, CurrentFirm, Decoding } from "@casewire/api/Access"
import type { FieldProblem } from "@casewire/core/domain/Receipt"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { problem } from "./Problems.ts"

export const layerAccess = Layer.effect(
  Access,
  Effect.gen(function* () {
    const connections = yield* ConnectionStore
    return Access.of({
      bearer: Effect.fnUntraced(function* (endpoint, { credential }) {
        const firm = yield* connections.firmOfToken(Redacted.value(credential))
        if (Option.isNone(firm)) return yield* Effect.fail(problem("unauthenticated"))
        return yield* Effect.provideService(endpoint, CurrentFirm, firm.value)
      })
    })
  })
)

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Paths and a code; the messages of a schema may quote what was sent, so none of them is passed on. */
const fieldProblems = (issue: SchemaIssue.Issue): ReadonlyArray<FieldProblem> => {
  const seen = new Set<string>()
  return issues(issue).issues.flatMap(({ message, path }) => {
    const field = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".") || "body"
    if (seen.has(field)) return []
    seen.add(field)
    return [{ field, code: message.startsWith("Missing key") ? "missing" : "invalid" }]
  })
}

export const layerDecoding = HttpApiMiddleware.layerSchemaErrorTransform(Decoding, (error) => {
  // An answer of ours that does not fit its own schema is a defect.
  if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
  const errors = fieldProblems(error.cause.issue)
  return errors.length === 1 && errors[0]!.field === "body" && error.kind === "Payload"
    ? Effect.fail(problem("request-malformed", { errors: [{ field: "body", code: "not-json" }] }))
    : Effect.fail(problem("request-invalid", { errors }))
})
