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
import { longestTried } from "./PatternWays.ts"
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
  /** Where each required field stands in the declaration. */
  readonly places: ReadonlyMap<string, number>
  readonly optionKeys: ReadonlySet<string>
  readonly fillers: ReadonlySet<string>
  /** No filler is longer. */
  readonly longestFiller: number
  readonly patterns: ReadonlyArray<RegExp | undefined>
  readonly test: RegExp
  /** What keys as they came turned out to be; bounded, because anybody can send new ones. */
  readonly meanings: Map<string, KeyMeaning>
}

/** A required field's place, an option's normalised key, or data of the firm's own. */
type KeyMeaning = number | string | null

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
  const fillers = declaration.fillers.map((filler) => filler.toLowerCase())
  return {
    declaration,
    fieldByKey,
    places: new Map(declaration.required.map(({ name }, place) => [name, place])),
    optionKeys: new Set(declaration.options.map(normaliseKey)),
    fillers: new Set(fillers),
    longestFiller: Math.max(0, ...fillers.map(({ length }) => length)),
    patterns: declaration.required.map(({ pattern }) => (pattern === undefined ? undefined : new RegExp(pattern))),
    test: new RegExp(declaration.testValue),
    meanings: new Map()
  }
}

const meaningOf = (table: FieldTable, key: string): KeyMeaning => {
  const known = table.meanings.get(key)
  if (known !== undefined) return known
  const normal = normaliseKey(key)
  const field = table.fieldByKey.get(normal)
  const place = field === undefined ? undefined : table.places.get(field)
  const meaning = place ?? (table.optionKeys.has(normal) ? normal : null)
  if (table.meanings.size < 1_000 && key.length <= 100) table.meanings.set(key, meaning)
  return meaning
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

export const isBlank = (table: FieldTable, value: string): boolean => isFiller(table, value.trim())

const isFiller = (table: FieldTable, trimmed: string): boolean =>
  trimmed === "" || (trimmed.length <= table.longestFiller && table.fillers.has(trimmed.toLowerCase()))

/**
 * Judges a record. `query` holds the URL's parameters: options there give way to the body's, by the same names. Whoever
 * only wants to know what becomes of the record gets no `extra` and no value but the record's id.
 */
export const findFields = (table: FieldTable, record: FlatRecord, query: FlatRecord = [], keepsAll = true): Found => {
  const { required } = table.declaration
  const byField: Array<string | Array<string> | undefined> = Array.from({ length: required.length })
  const extra = keepsAll ? new Map<string, Array<string>>() : none
  let options = none
  const warnings: Array<FieldProblem> = []
  const errors: Array<FieldProblem> = []
  let extraSize = 0
  let fields = 0
  let tests = 0
  for (const [key, value] of record) {
    const meaning = meaningOf(table, key)
    if (typeof meaning === "number") {
      if (table.test.test(tried(value))) tests++
      const before = byField[meaning]
      if (before === undefined) {
        byField[meaning] = value
        fields++
      } else if (typeof before === "string") byField[meaning] = [before, value]
      else before.push(value)
    } else if (meaning !== null) {
      if (options === none) options = new Map()
      add(options, meaning, value)
    } else if ((extraSize += key.length + value.length) <= maxExtra) {
      if (control.test(value)) warnings.push({ field: key, code: "control-characters" })
      if (keepsAll) add(extra, key, value)
    } else warnings.push({ field: key, code: "too-much-extra-data" })
  }
  if (tests > 0 && tests === fields) return { _tag: "Test" }
  if (query.length > 0) {
    const inBody = new Set(options.keys())
    for (const [key, value] of query) {
      const normal = normaliseKey(key)
      if (!table.optionKeys.has(normal) || inBody.has(normal)) continue
      if (options === none) options = new Map()
      add(options, normal, value)
    }
  }
  const values = new Map<string, string>()
  for (let place = 0; place < required.length; place++) {
    const { name } = required[place]!
    const found = byField[place]
    const isRecord = name === table.declaration.record
    if (found === undefined) {
      errors.push({ field: name, code: "missing" })
      continue
    }
    if (typeof found !== "string" && new Set(found).size > 1) {
      errors.push({ field: name, code: "repeated" })
      continue
    }
    const value = (typeof found === "string" ? found : found[0]!).trim()
    if (isFiller(table, value)) {
      if (isRecord) errors.push({ field: name, code: "empty" })
      else warnings.push({ field: name, code: "blank" })
    } else if (control.test(value)) errors.push({ field: name, code: "control-characters" })
    else if (table.patterns[place]?.test(tried(value)) === false) {
      if (isRecord) errors.push({ field: name, code: "malformed" })
      else warnings.push({ field: name, code: "malformed" })
    } else if (value.length > maxValue) {
      warnings.push({ field: name, code: "cut" })
      if (keepsAll || isRecord) values.set(name, value.slice(0, maxValue))
    } else if (keepsAll || isRecord) values.set(name, value)
  }
  return { _tag: "Record", values, extra, options, errors, warnings }
}

/** Long texts come from strangers, and what an expression takes grows faster than they do. */
const tried = (value: string): string => (value.length > longestTried ? value.slice(0, longestTried) : value)

/** Never written to. */
const none: Map<string, Array<string>> = new Map()

const add = (map: Map<string, Array<string>>, key: string, value: string): void => {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
