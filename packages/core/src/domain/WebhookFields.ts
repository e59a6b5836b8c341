/**
 * Which key of a webhook means which required field, and what is wrong with what came.
 *
 * Firms choose their webhook's keys, so a field is found by normalised name: the plugin's aliases, then the firm's own.
 * A key that is absent refuses the webhook; a value that is blank or a filler is a warning, except for the field that
 * names the record. Pure, so that a refused receipt can be judged again after the firm added an alias.
 */
import { Schema } from "effect"
import type { Connection } from "./Connection.ts"
import type { FlatRecord } from "./FlatRecord.ts"
import type { FieldProblem } from "./Receipt.ts"

/** What intake must know of a plugin's webhook: plain data in the manifest, so that intake never calls a plugin. */
export const WebhookDeclaration = Schema.Struct({
  required: Schema.Array(
    Schema.Struct({
      /** As the firm sees it in its CRM, for example `Lead ID`. */
      name: Schema.String,
      aliases: Schema.Array(Schema.String),
      /** Must look like this (a regular expression), or the field is unusable. */
      pattern: Schema.optionalKey(Schema.String)
    })
  ),
  /** The required field that names the record. */
  record: Schema.String,
  /** Values that mean "nothing here", compared trimmed and case-folded. */
  fillers: Schema.Array(Schema.String),
  /** A value that the CRM's Test button sends in place of data (a regular expression). */
  testValue: Schema.String,
  /** Names of query parameters that carry options, not record data. */
  options: Schema.Array(Schema.String),
  /** Finds the record's id in an attached file's name (a regular expression, its first group); another id refuses the file. */
  fileRecord: Schema.optionalKey(Schema.String),
  /** Set-up steps shown beside the URL, in order. */
  steps: Schema.Array(Schema.String),
  /** The CRM's own screen for webhooks: below which of the origins, and what staff knows it as. */
  screen: Schema.optionalKey(Schema.Struct({ origin: Schema.String, path: Schema.String, label: Schema.String })),
  /** For when nothing arrives: what makes the CRM send, in one sentence, and how to send one record by hand. */
  hints: Schema.optionalKey(Schema.Array(Schema.String))
})
export interface WebhookDeclaration extends Schema.Schema.Type<typeof WebhookDeclaration> {}

/** Lower case, letters and digits only: `Lead ID`, `lead_id` and `LeadID` are one key. */
export const normaliseKey = (key: string): string => {
  const known = normalised.get(key)
  if (known !== undefined) return known
  const normal = key
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
  if (normalised.size < 10_000 && key.length <= 100) normalised.set(key, normal)
  return normal
}
/** A firm sends the same few keys with every webhook; bounded, because anybody can send new ones. */
const normalised = new Map<string, string>()

export type Found =
  | { readonly _tag: "Test" }
  | {
      readonly _tag: "Record"
      /** Usable values by required field name; blanks, fillers and unusable values are left out. */
      readonly values: ReadonlyMap<string, string>
      /** What is neither a required field nor an option: key as it came, values in order. */
      readonly extra: ReadonlyMap<string, ReadonlyArray<string>>
      /** Option values by normalised key, in order. */
      readonly options: ReadonlyMap<string, ReadonlyArray<string>>
      /** Not empty: the webhook is refused, naming every one. */
      readonly errors: ReadonlyArray<FieldProblem>
      readonly warnings: ReadonlyArray<FieldProblem>
    }

export interface FieldTable {
  readonly declaration: WebhookDeclaration
  readonly fieldByKey: ReadonlyMap<string, string>
  readonly optionKeys: ReadonlySet<string>
  readonly fillers: ReadonlySet<string>
  readonly patterns: ReadonlyMap<string, RegExp>
  readonly test: RegExp
}

/** Prepares the look-ups of a connection: once per alias table, not once per webhook. */
export const fieldTable = (
  declaration: WebhookDeclaration,
  aliases: Readonly<Record<string, ReadonlyArray<string>>>
): FieldTable => {
  const fieldByKey = new Map<string, string>()
  for (const field of declaration.required)
    for (const alias of aliases[field.name] ?? []) fieldByKey.set(normaliseKey(alias), field.name)
  for (const field of declaration.required)
    for (const alias of [field.name, ...field.aliases]) fieldByKey.set(normaliseKey(alias), field.name)
  return {
    declaration,
    fieldByKey,
    optionKeys: new Set(declaration.options.map(normaliseKey)),
    fillers: new Set(declaration.fillers.map((filler) => filler.toLowerCase())),
    patterns: new Map(
      declaration.required.flatMap((field) =>
        field.pattern === undefined ? [] : [[field.name, new RegExp(field.pattern)] as const]
      )
    ),
    test: new RegExp(declaration.testValue)
  }
}

/**
 * The look-ups of connections, each prepared once: a connection value is replaced whenever it changes, so what was
 * prepared for it lives as long as the value.
 */
export const fieldTables = (
  declarationOf: (plugin: string) => WebhookDeclaration
): ((connection: Pick<Connection, "plugin" | "aliases">) => FieldTable) => {
  const tables = new WeakMap<Pick<Connection, "plugin" | "aliases">, FieldTable>()
  return (connection) => {
    const known = tables.get(connection)
    if (known !== undefined) return known
    const table = fieldTable(declarationOf(connection.plugin), connection.aliases)
    tables.set(connection, table)
    return table
  }
}

const maxValue = 500
const maxExtra = 65_536
// oxlint-disable-next-line no-control-regex -- naming the control characters is the point
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFD]/

export const isBlank = (table: FieldTable, value: string): boolean => {
  const trimmed = value.trim()
  return trimmed === "" || table.fillers.has(trimmed.toLowerCase())
}

/** Judges a record. `query` holds the URL's parameters: options there give way to the body's, by the same names. */
export const findFields = (table: FieldTable, record: FlatRecord, query: FlatRecord = []): Found => {
  const byField = new Map<string, Array<string>>()
  const extra = new Map<string, Array<string>>()
  const options = new Map<string, Array<string>>()
  const warnings: Array<FieldProblem> = []
  const errors: Array<FieldProblem> = []
  let extraSize = 0
  const add = (map: Map<string, Array<string>>, key: string, value: string) => {
    const values = map.get(key)
    if (values === undefined) map.set(key, [value])
    else values.push(value)
  }
  let tests = 0
  for (const [key, value] of record) {
    const normal = normaliseKey(key)
    const field = table.fieldByKey.get(normal)
    if (field !== undefined) {
      if (table.test.test(value)) tests++
      add(byField, field, value)
    } else if (table.optionKeys.has(normal)) add(options, normal, value)
    else if ((extraSize += key.length + value.length) <= maxExtra) {
      if (control.test(value)) warnings.push({ field: key, code: "control-characters" })
      add(extra, key, value)
    } else warnings.push({ field: key, code: "too-much-extra-data" })
  }
  if (tests > 0 && tests === byField.size) return { _tag: "Test" }
  const inBody = new Set(options.keys())
  for (const [key, value] of query) {
    const normal = normaliseKey(key)
    if (table.optionKeys.has(normal) && !inBody.has(normal)) add(options, normal, value)
  }
  const values = new Map<string, string>()
  for (const { name } of table.declaration.required) {
    const found = byField.get(name)
    const isRecord = name === table.declaration.record
    if (found === undefined) {
      errors.push({ field: name, code: "missing" })
      continue
    }
    if (found.length > 1 && new Set(found).size > 1) {
      errors.push({ field: name, code: "repeated" })
      continue
    }
    const value = found[0]!.trim()
    if (isBlank(table, value)) {
      if (isRecord) errors.push({ field: name, code: "empty" })
      else warnings.push({ field: name, code: "blank" })
    } else if (control.test(value)) errors.push({ field: name, code: "control-characters" })
    else if (table.patterns.get(name)?.test(value) === false) {
      if (isRecord) errors.push({ field: name, code: "malformed" })
      else warnings.push({ field: name, code: "malformed" })
    } else if (value.length > maxValue) {
      warnings.push({ field: name, code: "cut" })
      values.set(name, value.slice(0, maxValue))
    } else values.set(name, value)
  }
  return { _tag: "Record", values, extra, options, errors, warnings }
}
