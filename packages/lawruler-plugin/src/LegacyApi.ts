/**
 * The legacy page: form bodies by POST only, so that no key stands in a request line. Its failures come with status
 * 200, so success is only what names the lead that was asked for, or says `Success`; whatever else comes is a failure.
 * Values never carry raw markup or control characters: the page answers 500 to them.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { CrmHttp, type CrmResponse } from "@casewire/core/ports/CrmHttp"
import { plainText } from "@casewire/core/domain/Note"
import { Effect, Option, Redacted, Result, Schema } from "effect"
import type { Credentials } from "./Credentials.ts"
import * as Failure from "./Failure.ts"
import { type Element, findElement, parseXml } from "./StrictXml.ts"
import { wire } from "./WireProfile.ts"

export interface LegacyApi {
  /** Changes a lead; parameters by the page's names. */
  readonly update: (
    leadId: string,
    parameters: ReadonlyArray<readonly [string, string]>
  ) => Effect.Effect<void, CrmError>
  /** Reads a lead's status: the cheapest call that proves the key. */
  readonly status: (leadId: string) => Effect.Effect<string | undefined, CrmError>
}

export const makeLegacyApi = Effect.fnUntraced(function* (credentials: Credentials) {
  const http = yield* CrmHttp

  const post = Effect.fnUntraced(function* (
    call: string,
    leadId: string,
    parameters: ReadonlyArray<readonly [string, string]>,
    changes: boolean
  ) {
    const fields: ReadonlyArray<readonly [string, string]> = [
      [wire.legacyKey, Redacted.value(credentials.key)],
      [wire.legacyLead, leadId],
      ...parameters.map(([name, value]) => [name, withoutMarkup(value)] as const)
    ]
    if (fields.length > wire.legacyKeyLimit)
      return yield* Failure.refused(`${call} has more fields than Law Ruler takes`)
    const size = fields.reduce((sum, [name, value]) => sum + 2 + encodeURIComponent(name + value).length, 0)
    if (size > wire.legacyByteLimit) return yield* Failure.refused(`${call} is longer than Law Ruler takes`)
    const response = yield* http.send({
      origin: "legacy",
      method: "POST",
      path: wire.legacyPath,
      body: { _tag: "Form", fields },
      changes
    })
    return yield* judge(call, leadId, response, changes)
  })

  return {
    update: (leadId, parameters) =>
      Effect.asVoid(post("update", leadId, [wire.legacyOverride, ...parameters, wire.legacyJson], true)),
    status: (leadId) =>
      Effect.map(post("status", leadId, [wire.legacyGetStatus, wire.legacyXml], false), ({ status }) => status)
  } satisfies LegacyApi
})

/** As the page takes it: no control characters, no markup, no numeric entities. */
const withoutMarkup = (value: string): string =>
  wire.legacyMarkup.reduce((text, [from, to]) => text.replaceAll(from, to), plainText(value))

/** What the page said, in any of its three formats. */
interface Said {
  readonly leadId?: string | undefined
  readonly success?: boolean | undefined
  readonly status?: string | undefined
  readonly error?: string | undefined
}

const judge = Effect.fnUntraced(function* (call: string, leadId: string, response: CrmResponse, changes: boolean) {
  const failed = Failure.ofStatus(response.status, call, changes)
  if (failed !== undefined) return yield* failed
  const unreadable = (detail: string) => (changes ? Failure.outcomeUnknown : Failure.answerInvalid)(`${call} ${detail}`)
  const read = readAnswer(response.body)
  if (Result.isFailure(read)) {
    return yield* read.failure === "login-page"
      ? Failure.authFailed(`${call} was answered by the login page`)
      : unreadable(`answered unreadably (${read.failure})`)
  }
  const said = read.success
  if (said.error !== undefined) return yield* Failure.ofWords(said.error, call, changes)
  if (said.leadId !== undefined && said.leadId !== leadId) return yield* unreadable("answered for another lead")
  if (said.leadId === undefined && said.success !== true) return yield* unreadable("did not say that it succeeded")
  return said
})

const readAnswer = (body: string): Result.Result<Said, string> => {
  const text = body.trim()
  if (text === "") return Result.fail("empty")
  if (/<html|<!doctype html/i.test(text)) {
    return Result.fail(/type\s*=\s*["']?password|\b(log|sign)[ -]?in\b/i.test(text) ? "login-page" : "not-xml")
  }
  if (text.startsWith("{")) return readJson(text)
  if (text.startsWith("<?xml") || /^<[a-z!]/i.test(text)) return Result.flatMap(parseXml(text), readXml)
  return Result.succeed(readText(text.slice(0, longestText).replace(/<br\s*\/?>/gi, " ")))
}

/** The page's text answers are one line; more is read of no text, so that no pattern runs long. */
const longestText = 2000

const Json = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

const readJson = (text: string): Result.Result<Said, string> => {
  const json = Schema.decodeUnknownOption(Json)(text)
  if (Option.isNone(json)) return Result.fail("broken-json")
  const values = new Map(Object.entries(json.value).map(([name, value]) => [name.toLowerCase(), value]))
  return said((name) => {
    const value = values.get(name)
    return value === undefined || value === null ? undefined : String(value)
  })
}

const readXml = (root: Element): Result.Result<Said, string> => said((name) => findElement(root, name)?.text.trim())

const said = (value: (name: string) => string | undefined): Result.Result<Said, string> => {
  const success = value("success")?.toLowerCase()
  // The page took the update for one more copy of the lead, and so changed nothing.
  const duplicate =
    value("message")?.toLowerCase().includes("duplicate") === true ? "not allowed: duplicate" : undefined
  const error = value("error") ?? duplicate ?? (success === "false" ? "failed" : undefined)
  return Result.succeed({
    leadId: value("leadid"),
    status: value("status"),
    success: success === "true",
    error: error === "" ? undefined : error
  })
}

const readText = (text: string): Said => {
  if (wire.legacyErrorText.test(text) || wire.keyRefused.test(text)) return { error: text }
  return { leadId: wire.legacySuccessText.exec(text)?.[1], status: /\bStatus:\s*(.+)$/i.exec(text)?.[1]?.trim() }
}
