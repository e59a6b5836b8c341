/**
 * Whether a host and a plugin understand each other, decided from the manifest before any of the plugin's code runs.
 *
 * A manifest of an unknown contract may look like nothing this host knows, so only its head is read first: who it is
 * and which contracts it works with. What the two have in common at the newest is what they speak.
 */
import { Result, Schema } from "effect"
import { contractVersion, PluginManifest } from "./CrmPlugin.ts"
import { patternFaults } from "./domain/ManifestPatterns.ts"
import { permissionFaults } from "./domain/PluginPermissions.ts"
import { type PluginRejected, rejected } from "./domain/PluginRefusal.ts"

export interface ContractRange {
  readonly minimum: number
  readonly maximum: number
}

/** The contracts that this host speaks: plugins that were made for any of them keep working. */
export const hostContracts: ContractRange = { minimum: 1, maximum: contractVersion }

/** What every contract, past and to come, has at the top of its manifest. */
const ManifestHead = Schema.Struct({
  id: PluginManifest.fields.id,
  version: PluginManifest.fields.version,
  contract: Schema.Unknown,
  contracts: Schema.optionalKey(Schema.Unknown)
})

const Range = Schema.Struct({ minimum: Schema.Int, maximum: Schema.Int })

/** The newest contract that both speak. */
export const negotiate = (
  manifest: { readonly id: string; readonly contract: unknown; readonly contracts?: unknown },
  host: ContractRange = hostContracts
): Result.Result<number, PluginRejected> => {
  const { contract } = manifest
  if (!Schema.is(Schema.Int)(contract) || contract < 1)
    return Result.fail(rejected("contract-malformed", `The manifest of "${manifest.id}" names no contract.`))
  const range = manifest.contracts ?? { minimum: contract, maximum: contract }
  if (!Schema.is(Range)(range) || range.minimum > contract || contract > range.maximum || range.minimum < 1)
    return Result.fail(
      rejected("contract-malformed", `The manifest of "${manifest.id}" gives a range without its own contract.`)
    )
  const spoken = `this host speaks ${words(host)}`
  if (range.minimum > host.maximum)
    return Result.fail(rejected("contract-too-new", `"${manifest.id}" needs ${words(range)}; ${spoken}.`))
  if (range.maximum < host.minimum)
    return Result.fail(rejected("contract-too-old", `"${manifest.id}" was made for ${words(range)}; ${spoken}.`))
  return Result.succeed(Math.min(range.maximum, host.maximum))
}

const words = ({ maximum, minimum }: ContractRange): string =>
  minimum === maximum ? `contract ${minimum}` : `contracts ${minimum} to ${maximum}`

/**
 * A manifest as it came with a plugin's files. `raise` brings one of an older contract to the host's own shape; it gets
 * the contract that was agreed.
 */
export const readManifest = (
  given: unknown,
  host: ContractRange = hostContracts,
  raise: (manifest: unknown, contract: number) => unknown = (manifest) => manifest
): Result.Result<PluginManifest, PluginRejected> => {
  const head = Schema.decodeUnknownResult(ManifestHead)(given)
  if (Result.isFailure(head))
    return Result.fail(rejected("manifest-unreadable", "The manifest has no id or no version by Semantic Versioning."))
  const contract = negotiate(head.success, host)
  if (Result.isFailure(contract)) return Result.fail(contract.failure)
  const manifest = Schema.decodeUnknownResult(PluginManifest)(raise(given, contract.success))
  if (Result.isFailure(manifest))
    return Result.fail(
      rejected(
        "manifest-unreadable",
        `The manifest of "${head.success.id}" does not fit: ${oneLine(manifest.failure)}.`
      )
    )
  const [pattern] = patternFaults(manifest.success)
  if (pattern !== undefined) return Result.fail(rejected("manifest-unreadable", pattern))
  const [fault] = permissionFaults(manifest.success)
  return fault === undefined ? Result.succeed(manifest.success) : Result.fail(rejected("permissions-differ", fault))
}

const oneLine = (error: { readonly message: string }): string => error.message.replace(/\s+/g, " ").slice(0, 300)
