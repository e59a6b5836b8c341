/** `casewire plugin pack` and `casewire plugin verify`: a plugin's folder to one file, and what such a file is. */
import type { PluginRejected } from "@casewire/core/domain/PluginRefusal"
import { neededPermissions } from "@casewire/core/domain/PluginPermissions"
import { keyName, readSigningKey } from "@casewire/plugin-host/PackageSignature"
import { writeArchive } from "@casewire/plugin-host/PackageArchive"
import { type CheckedPackage, checkPackage, sha256 } from "@casewire/plugin-host/PluginPackage"
import { packFolder, readSource } from "@casewire/plugin-host/PluginSource"
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { readSettings, signaturePolicy, StartRefused } from "../Settings.ts"
import { answer, type CommandFailure, exits, json, refusal } from "./PluginAnswer.ts"

/** The folder, the key or the place of the result cannot be used. */
class PackFailed extends Schema.TaggedError<PackFailed>()("PackFailed", {
  code: Schema.String,
  message: Schema.String,
  exit: Schema.Int
}) {}

const failure = (error: PluginRejected | PackFailed | StartRefused): CommandFailure =>
  error._tag === "PluginRejected"
    ? refusal(error.code, error.message)
    : error._tag === "PackFailed"
      ? error
      : { code: "configuration", message: error.message, exit: exits.configuration }

export const pluginPack = Command.make(
  "pack",
  {
    folder: Argument.String("folder").pipe(Argument.withDescription("The plugin's folder")),
    out: Flag.String("out").pipe(
      Flag.withDescription("The file to write; else <id>-<version>.casewire here"),
      Flag.optional
    ),
    key: Flag.String("key").pipe(
      Flag.withDescription("A file with the Ed25519 private key to sign with, in PEM"),
      Flag.optional
    ),
    json
  },
  ({ folder, json: asJson, key, out }) =>
    answer(
      asJson,
      Effect.gen(function* () {
        const signingKey = Option.isNone(key) ? undefined : yield* keyIn(key.value)
        const files = yield* packFolder(folder, signingKey)
        const checked = yield* Effect.fromResult(checkPackage(files, { isRequired: false, trusted: [] }))
        const bytes = writeArchive(files)
        const { id, version } = checked.manifest
        const file = resolve(Option.getOrElse(out, () => `${id}-${version}.casewire`))
        yield* written(file, bytes)
        return { file, bytes: bytes.length, sha256: sha256(bytes), ...described(checked) }
      }),
      (data) => [`packed  ${data.file}`, ...lines(data)].join("\n"),
      failure
    )
).pipe(
  Command.withDescription("Pack a plugin's folder into one file; the same sources make the same bytes"),
  Command.withExamples([
    { command: "casewire plugin pack ./acme-plugin --key acme.pem", description: "Pack and sign a plugin" }
  ])
)

export const pluginVerify = Command.make(
  "verify",
  {
    file: Argument.String("file").pipe(Argument.withDescription("A packed plugin")),
    json
  },
  ({ file, json: asJson }) =>
    answer(
      asJson,
      Effect.gen(function* () {
        const policy = signaturePolicy(yield* readSettings)
        return { file, ...described(yield* readSource({ kind: "file", location: file }, policy)) }
      }),
      (data) => [`sound   ${data.file}`, ...lines(data)].join("\n"),
      failure
    )
).pipe(
  Command.withDescription("Check a packed plugin as the host would with its settings, without running any of it"),
  Command.withExamples([
    { command: "casewire plugin verify acme-1.2.0.casewire", description: "See what a file is and who signed it" }
  ])
)

const described = ({ digest, manifest, signer }: CheckedPackage) => ({
  id: manifest.id,
  name: manifest.name,
  version: manifest.version,
  contract: manifest.contract,
  digest: digest as string,
  permissions: neededPermissions(manifest),
  signer:
    signer === null
      ? null
      : { publicKey: signer.publicKey, name: keyName(signer.publicKey), isTrusted: signer.trustedAs !== null }
})

const lines = ({ contract, digest, id, name, permissions, signer, version }: ReturnType<typeof described>) => [
  `plugin  ${name} (${id}) ${version}, contract ${contract}`,
  `digest  ${digest}`,
  `hosts   ${permissions.hosts.join(", ") || "none"}`,
  `files   ${permissions.documents ? "may send and fetch a firm's documents" : "no documents"}`,
  signer === null
    ? "signer  nobody"
    : `signer  ${signer.publicKey} (${signer.name}, ${signer.isTrusted ? "trusted" : "not among CASEWIRE_PLUGIN_KEYS"})`
]

const keyIn = (file: string) =>
  Effect.suspend(() => {
    const key = readSigningKey(textOf(file))
    return key === undefined
      ? Effect.fail(
          new PackFailed({
            code: "key-unusable",
            message: `${file} is no Ed25519 private key in PEM; \`openssl genpkey -algorithm ed25519\` makes one`,
            exit: exits.configuration
          })
        )
      : Effect.succeed(key)
  })

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** Whole or not at all: a build that is interrupted leaves the file before. */
const written = (file: string, bytes: Uint8Array) =>
  Effect.try({
    try: () => {
      writeFileSync(`${file}.part`, bytes)
      renameSync(`${file}.part`, file)
    },
    catch: () => new PackFailed({ code: "not-written", message: `${file} cannot be written`, exit: exits.failed })
  })
