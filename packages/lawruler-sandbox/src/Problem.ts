/**
 * What the admin API answers when it cannot do as told: problem details (RFC 9457)
 * that name the field at fault, so that a test author sees the slip at once.
 */
import { Effect, Option, Schema, SchemaIssue } from "effect"
import type { Answer } from "./Answer.ts"
import { bodyJson, type Request } from "./Request.ts"

const FieldError = Schema.Struct({ field: Schema.String, message: Schema.String })

export class Problem extends Schema.TaggedError<Problem>()("Problem", {
  status: Schema.Int,
  title: Schema.String,
  errors: Schema.Array(FieldError)
}) {
  static readonly notFound = (what: string) => new Problem({ status: 404, title: `${what} does not exist`, errors: [] })

  static readonly field = (field: string, message: string, status = 422) =>
    new Problem({ status, title: `${field}: ${message}`, errors: [{ field, message }] })
}

export const toAnswer = (problem: Problem): Answer => ({
  status: problem.status,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({
    type: "about:blank",
    title: problem.title,
    status: problem.status,
    ...(problem.errors.length === 0 ? {} : { detail: problem.errors[0]?.message, errors: problem.errors })
  })
})

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const fieldErrors = (issue: SchemaIssue.Issue) =>
  format(issue).issues.map(({ message, path = [] }) => ({
    field: path.map((part) => String(typeof part === "object" ? part.key : part)).join("."),
    message
  }))

/** The JSON body by schema; an empty body counts as `{}`, unknown members are refused. */
export const decodeBody = Effect.fnUntraced(function* <A>(
  request: Request,
  schema: Schema.Decoder<A>
): Effect.fn.Return<A, Problem> {
  const body = request.body.length === 0 ? Option.some<unknown>({}) : bodyJson(request)
  if (Option.isNone(body)) {
    return yield* new Problem({ status: 400, title: "The body is not JSON", errors: [] })
  }
  return yield* Schema.decodeUnknownEffect(schema, { onExcessProperty: "error", errors: "all" })(body.value).pipe(
    Effect.mapError(({ issue }) => {
      const errors = fieldErrors(issue)
      const first = errors[0]
      const title = first === undefined ? "The body does not fit" : `${first.field || "body"}: ${first.message}`
      return new Problem({ status: 422, title, errors })
    })
  )
})
