/**
 * A plugin's files and what they say about themselves: `plugin.mjs` is its code, `manifest.json` what it declares,
 * `casewire-plugin.json` the index with the digest of every file, `signature.json` who vouches for the index.
 *
 * Checked are, in this order: the index, the signature over it, that there is every file it lists and no other, each
 * file's digest, the contract, the manifest. The code itself is neither read nor run.
 */
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { PluginDigest } from "@casewire/core/domain/PluginSwap"
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { hostContracts, readManifest } from "@casewire/core/PluginContract"
import { Result, Schema } from "effect"
import { createHash, type KeyObject } from "node:crypto"
import { raiseManifest } from "./ContractSteps.ts"
import { nameFault, type PackageLimits, packageLimits, sameName } from "./PackageArchive.ts"
import { checkSignature, type SignaturePolicy, type Signer, signIndex } from "./PackageSignature.ts"

export const codeFile = "plugin.mjs"
export const manifestFile = "manifest.json"
export const indexFile = "casewire-plugin.json"
const signatureFile = "signature.json"

const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

const Index = Schema.Struct({
  format: Schema.Literal(1),
  files: Schema.Record(Schema.String, Schema.Struct({ sha256: Sha256, bytes: Schema.Int }))
})

export interface CheckedPackage {
  readonly manifest: PluginManifest
  /** Every file of the package, the index and its signature among them. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly digest: PluginDigest
  readonly signer: Signer | null
}

export const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex")

/** Over the digests of the plugin's own files in the order of their names: not over who signed them. */
const digestOf = (files: ReadonlyMap<string, Uint8Array>): PluginDigest =>
  PluginDigest.make(
    sha256(
      [...files]
        .filter(([name]) => name !== indexFile && name !== signatureFile)
        .map(([name, bytes]) => `${sha256(bytes)} ${name}\n`)
        .sort()
        .join("")
    )
  )

/** Code and manifest with their index, signed where a key is given. The same input is always the same files. */
export const makePackage = (code: Uint8Array, manifest: unknown, key?: KeyObject): ReadonlyMap<string, Uint8Array> => {
  const own = new Map([
    [codeFile, code],
    [manifestFile, text(sorted(manifest))]
  ])
  const index = text({
    format: 1,
    files: Object.fromEntries([...own].map(([name, bytes]) => [name, { sha256: sha256(bytes), bytes: bytes.length }]))
  })
  return new Map([
    ...own,
    [indexFile, index],
    ...(key === undefined ? [] : ([[signatureFile, signIndex(index, key)]] as const))
  ])
}

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(sorted(value), undefined, 2)}\n`)

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)])
        )
      : value

export const checkPackage = (
  files: ReadonlyMap<string, Uint8Array>,
  policy: SignaturePolicy,
  limits: PackageLimits = packageLimits
): Result.Result<CheckedPackage, PluginRejected> => {
  const index = files.get(indexFile)
  if (index === undefined)
    return Result.fail(rejected("index-unreadable", `There is no ${indexFile}, which every packed plugin has.`))
  const listed = parsed(index, limits).pipe(Result.flatMap(Schema.decodeUnknownResult(Index)))
  if (Result.isFailure(listed))
    return Result.fail(rejected("index-unreadable", `The ${indexFile} is none that this host knows.`))
  const signer = checkSignature(index, files.get(signatureFile), policy)
  if (Result.isFailure(signer)) return Result.fail(signer.failure)
  const fault = filesFault(files, listed.success.files)
  if (fault !== undefined) return Result.fail(fault)
  const [code, declared] = [files.get(codeFile), files.get(manifestFile)]
  if (code === undefined || declared === undefined)
    return Result.fail(rejected("file-absent", `A packed plugin has a ${codeFile} and a ${manifestFile}.`))
  const json = parsed(declared, limits)
  if (Result.isFailure(json)) return Result.fail(rejected("manifest-unreadable", "The manifest is no JSON."))
  return Result.map(readManifest(json.success, hostContracts, raiseManifest), (manifest) => ({
    manifest,
    files,
    digest: digestOf(files),
    signer: signer.success
  }))
}

const filesFault = (
  files: ReadonlyMap<string, Uint8Array>,
  listed: (typeof Index)["Type"]["files"]
): PluginRejected | undefined => {
  for (const [name, { bytes, sha256: expected }] of Object.entries(listed)) {
    const bad = nameFault(name)
    if (bad !== undefined) return rejected("name-unsafe", bad)
    const file = files.get(name)
    if (file === undefined) return rejected("file-absent", `The file "${name}" is missing.`)
    if (file.length !== bytes || sha256(file) !== expected)
      return rejected("digest-wrong", `The file "${name}" is not the one that was packed.`)
  }
  const more = [...files.keys()].find(
    (name) => name !== indexFile && name !== signatureFile && !Object.hasOwn(listed, name)
  )
  if (more !== undefined) return rejected("file-unlisted", `The file "${more}" does not belong to the plugin.`)
  const twice = sameName(files.keys())
  return twice === undefined ? undefined : rejected("file-repeated", `The file "${twice}" is there twice.`)
}

const parsed = (bytes: Uint8Array, limits: PackageLimits): Result.Result<unknown, unknown> =>
  bytes.length > limits.textBytes
    ? Result.fail("too long")
    : Result.try((): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)))
