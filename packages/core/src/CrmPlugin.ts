/**
 * What a CRM plugin is: a manifest of plain data, and a layer that makes a connection's `Crm` and `CrmDocuments`.
 *
 * Everything that intake and the console need to know stands in the manifest, so neither ever calls a plugin.
 */
import { Layer, Redacted, Schema } from "effect"
import type { Connection } from "./domain/Connection.ts"
import { FieldKeys } from "./domain/FieldKey.ts"
import { patternFaults } from "./domain/ManifestPatterns.ts"
import { neededPermissions, permissionFaults, PluginPermissions } from "./domain/PluginPermissions.ts"
import type { FieldProblem } from "./domain/Receipt.ts"
import { semanticVersionPattern } from "./domain/SemanticVersion.ts"
import { WebhookDeclaration } from "./domain/WebhookFields.ts"
import type { Crm } from "./ports/Crm.ts"
import type { CrmDocuments } from "./ports/CrmDocuments.ts"
import type { CrmHttp } from "./ports/CrmHttp.ts"
import type { Budget } from "./ports/Queue.ts"

/** The version of this contract. A host refuses plugins of a version it does not know. */
export const contractVersion = 1

/** One input of the connect form. */
export const CredentialField = Schema.Struct({
  name: Schema.String,
  label: Schema.String,
  help: Schema.String,
  placeholder: Schema.String,
  secret: Schema.Boolean,
  required: Schema.Boolean,
  /** A regular expression on the raw value: nothing is trimmed or folded, a wrong value is explained. */
  pattern: Schema.optionalKey(Schema.String),
  /** What the pattern means, in words. */
  patternHelp: Schema.optionalKey(Schema.String),
  /** A code for the problem, where the pattern does not match. */
  patternCode: Schema.optionalKey(Schema.String),
  /** Values that are never allowed although they match. */
  reserved: Schema.optionalKey(Schema.Array(Schema.String))
})
export interface CredentialField extends Schema.Schema.Type<typeof CredentialField> {}

/** A capability is there, or it is not and the reason is shown. */
export const Capability = Schema.NullOr(Schema.String)

export const PluginManifest = Schema.Struct({
  id: Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9-]{1,40}$/)),
  name: Schema.String,
  version: Schema.String.check(Schema.isPattern(semanticVersionPattern)),
  /** The contract that it was written against. */
  contract: Schema.Int,
  /** Where it works with other contracts, too: the oldest and the newest, `contract` among them. */
  contracts: Schema.optionalKey(Schema.Struct({ minimum: Schema.Int, maximum: Schema.Int })),
  credentials: Schema.Array(CredentialField),
  /** Origins by name; `{setting}` is replaced by a connection's setting. Nothing outside them can be called. */
  origins: Schema.Record(Schema.String, Schema.String),
  /** The same below the operator's sandbox; `{sandbox}` is the sandbox's origin. */
  sandboxOrigins: Schema.Record(Schema.String, Schema.String),
  /** What follows from origins and capabilities, in words that a person confirms; `definePlugin` fills it in. */
  permissions: Schema.optionalKey(PluginPermissions),
  /** Which settings name the CRM account whose call budget is shared. */
  account: Schema.Array(Schema.String),
  budget: Schema.Struct({ calls: Schema.Int, windowMs: Schema.Int }),
  /** `null` where the plugin can, else the reason why it cannot. */
  capabilities: Schema.Struct({
    changes: Capability,
    notes: Capability,
    fields: Capability,
    statuses: Capability,
    documents: Capability
  }),
  notes: Schema.Struct({
    maxLength: Schema.Int,
    timeZone: Schema.String,
    /** Where staff finds in the CRM what was sent, in the CRM's own words. */
    place: Schema.optionalKey(Schema.String)
  }),
  /** Where staff finds documents that were sent. */
  documents: Schema.optionalKey(Schema.Struct({ place: Schema.String })),
  /** How field keys are spelled, and names that mean something else to the CRM and are never a field. */
  fields: Schema.optionalKey(Schema.Struct({ keys: FieldKeys, reserved: Schema.Array(Schema.String) })),
  webhook: WebhookDeclaration
})
export interface PluginManifest extends Schema.Schema.Type<typeof PluginManifest> {}

export interface PluginConnection {
  readonly connectionId: string
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, Redacted.Redacted<string>>>
}

export interface CrmPlugin {
  readonly manifest: PluginManifest
  readonly crm: (connection: PluginConnection) => Layer.Layer<Crm | CrmDocuments, never, CrmHttp>
}

/** A connection as it crosses into a thread: secrets in the clear, because `Redacted` keeps its values in one module. */
export interface PlainConnection extends Omit<PluginConnection, "secrets"> {
  readonly secrets: Readonly<Record<string, string>>
}

/** What a plugin's module exports by default. */
export interface DefinedPlugin extends CrmPlugin {
  /** `crm` for a host whose copy of `effect` is another one than the plugin's. */
  readonly crmOfPlain: (connection: PlainConnection) => Layer.Layer<Crm | CrmDocuments, never, CrmHttp>
}

/** Checks the manifest when the module loads, so that a broken plugin fails early and by name. */
export const definePlugin = (plugin: CrmPlugin): DefinedPlugin => {
  const manifest = Schema.decodeUnknownSync(PluginManifest)(plugin.manifest)
  const [fault] = [...patternFaults(manifest), ...permissionFaults(manifest)]
  if (fault !== undefined) throw new Error(`the manifest of "${manifest.id}": ${fault}`)
  return {
    ...plugin,
    manifest: { ...manifest, permissions: neededPermissions(manifest) },
    crmOfPlain: ({ connectionId, secrets, settings }) =>
      plugin.crm({
        connectionId,
        settings,
        secrets: Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, Redacted.make(secret)]))
      })
  }
}

/** What is wrong with the values of a connect form: every problem, each naming its field. */
export const checkCredentials = (
  manifest: PluginManifest,
  values: Readonly<Record<string, string>>
): ReadonlyArray<FieldProblem> => [
  ...manifest.credentials.flatMap((field): ReadonlyArray<FieldProblem> => {
    const value = values[field.name]
    if (value === undefined || value === "") return field.required ? [{ field: field.name, code: "missing" }] : []
    if (value.length > 1024) return [{ field: field.name, code: "too-long" }]
    const code = field.patternCode ?? "malformed"
    if (field.pattern !== undefined && !new RegExp(field.pattern).test(value)) return [{ field: field.name, code }]
    return field.reserved?.includes(value) === true ? [{ field: field.name, code: "reserved" }] : []
  }),
  // Not by its name: one that nobody declared may be anything, a password in the wrong place included.
  ...Object.keys(values)
    .filter((name) => !manifest.credentials.some((field) => field.name === name))
    .map(() => ({ field: "values", code: "unknown" }))
]

/** The CRM account whose call budget a connection shares with every other one of the same account. */
export const callAccount = (connection: Connection, manifest: PluginManifest): string =>
  JSON.stringify([
    connection.sandbox ? "sandbox" : "live",
    connection.plugin,
    ...manifest.account.map((name) => connection.settings[name] ?? "")
  ])

export const callBudget = (connection: Connection, manifest: PluginManifest): Budget => ({
  ...manifest.budget,
  calls: connection.callLimit ?? manifest.budget.calls
})
