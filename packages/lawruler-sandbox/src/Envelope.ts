/**
 * The Advanced API's envelope and how its calls read their arguments. A bad
 * argument is an answer with status 200 and `IsSuccess: false`; only JSON that
 * does not parse is a real 400. Property names are matched without case.
 */
import { Option, Predicate, Schema } from "effect"
import { type Answer, json } from "./Answer.ts"
import type { ApiCall } from "./ApiCall.ts"
import type { Lead } from "./Lead.ts"
import * as Profile from "./Profile.ts"
import { bodyJson, parameter } from "./Request.ts"

export const success = (data: unknown, count: number = Array.isArray(data) ? data.length : 1): Answer =>
  json({ Count: count, IsSuccess: true, ErrorMessage: null, Data: data })

export const failure = (message: string): Answer =>
  json({ Count: 0, IsSuccess: false, ErrorMessage: message, Data: null })

const integer = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined

export const integerParameter = (call: ApiCall, name: string): number | undefined =>
  integer(parameter(call.request, name))

/** The lead a call names, or the refusal to answer instead. */
export const findLead = (call: ApiCall, leadId: number | undefined): Lead | Answer => {
  if (leadId === undefined) return failure("The leadId field is required.")
  return call.portal.leads.get(leadId) ?? failure(`Lead ${leadId} was not found.`)
}

export const isAnswer = (value: object): value is Answer => "status" in value && "headers" in value

/** One page of a list, 1-based, or a refusal. `Count` is the total over all pages. */
export const page = <A>(call: ApiCall, items: ReadonlyArray<A>, show: (item: A) => unknown): Answer => {
  const number = parameter(call.request, "page") === undefined ? 1 : integerParameter(call, "page")
  const size =
    parameter(call.request, "pageSize") === undefined ? Profile.pageSize.default : integerParameter(call, "pageSize")
  if (number === undefined || number < 1) return failure("page must be 1 or greater.")
  if (size === undefined || size < 1 || size > Profile.pageSize.max) {
    return failure(`pageSize must be between 1 and ${Profile.pageSize.max}.`)
  }
  return success(items.slice((number - 1) * size, number * size).map(show), items.length)
}

const badRequest = (): Answer =>
  json(
    {
      title: "One or more validation errors occurred.",
      status: 400,
      errors: { $: ["The JSON value could not be read."] }
    },
    400
  )

const matchNames = (names: ReadonlyArray<string>, body: object): Record<string, unknown> => {
  const byLowerCase = new Map(names.map((name) => [name.toLowerCase(), name]))
  return Object.fromEntries(
    Object.entries(body)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [byLowerCase.get(name.toLowerCase()) ?? name, value])
  )
}

/** The JSON body by schema, or the refusal. Unknown properties are ignored and nulls count as absent. */
export const readBody = <F extends Schema.Struct.Fields>(
  call: ApiCall,
  schema: Schema.Struct<F> & Schema.Decoder<unknown>
): Schema.Struct<F>["Type"] | Answer => {
  const parsed = bodyJson(call.request)
  if (Option.isNone(parsed)) return badRequest()
  if (!Predicate.isObject(parsed.value)) return failure("The request body must be an object.")
  const decoded = Schema.decodeUnknownResult(schema)(matchNames(Object.keys(schema.fields), parsed.value))
  return decoded._tag === "Success" ? decoded.success : failure(decoded.failure.message)
}
