/**
 * What every refusal looks like (RFC 9457): a problem's name, a title, and where it helps the fields at fault with a
 * code each. Never a value that was sent, never anything of the inside.
 *
 * One schema a status, so that each endpoint declares which refusals it can answer with.
 */
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { FieldProblem } from "@casewire/core/domain/Receipt"

export const problemContentType = "application/problem+json"

const ofStatus = <const S extends number>(status: S) =>
  Schema.Struct({
    /** `/problems/<name>`: stable, the thing to program against. */
    type: Schema.String,
    title: Schema.String,
    status: Schema.Literal(status),
    detail: Schema.optionalKey(Schema.String),
    instance: Schema.optionalKey(Schema.String),
    errors: Schema.optionalKey(Schema.Array(FieldProblem))
  }).pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType: problemContentType }))

export const BadRequest = ofStatus(400)
export const Unauthenticated = ofStatus(401)
export const Forbidden = ofStatus(403)
export const NotFound = ofStatus(404)
export const Conflict = ofStatus(409)
export const TooLarge = ofStatus(413)
export const UnsupportedType = ofStatus(415)
export const Invalid = ofStatus(422)
/** More requests in an hour than the token may make. */
export const RateLimited = ofStatus(429)
/** The CRM answered with a failure, or not at all. */
export const CrmFailed = ofStatus(502)

/** A problem of any status, as it goes over the wire. */
export interface Problem<S extends number = number> {
  readonly type: string
  readonly title: string
  readonly status: S
  readonly detail?: string
  readonly instance?: string
  readonly errors?: ReadonlyArray<FieldProblem>
}
