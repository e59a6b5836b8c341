/**
 * Who made a packed plugin: an Ed25519 signature over its index, which holds the digest of every file. The signer's key
 * travels with it, so that an operator can see whose it is; it is trusted only where the operator's settings name it.
 */
import { type PluginRejected, rejected } from "@casewire/core/domain/PluginRefusal"
import { Result, Schema } from "effect"
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto"

/** A public key as settings name it: 32 bytes in base64. */
export const PublicKey = Schema.String.check(
  Schema.makeFilter((text: string) => /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, "base64").length === 32, {
    expected: "an Ed25519 public key: 32 bytes in base64, as `casewire plugin verify` shows it"
  })
)

const Signature = Schema.Struct({
  algorithm: Schema.Literal("ed25519"),
  publicKey: PublicKey,
  signature: Schema.String.check(Schema.isPattern(/^[A-Za-z0-9+/]{86}==$/))
})

/** What an operator demands. */
export interface SignaturePolicy {
  readonly isRequired: boolean
  /** Public keys in base64. */
  readonly trusted: ReadonlyArray<string>
}

export const anySignature: SignaturePolicy = { isRequired: false, trusted: [] }

/** A name for a key, short enough to compare by eye. */
export const keyName = (publicKey: string): string =>
  createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex").slice(0, 16)

/** So that a signature made for another purpose is none of a plugin. */
const signed = (index: Uint8Array): Uint8Array => Buffer.concat([Buffer.from("casewire plugin, format 1\n"), index])

const rawOf = (key: KeyObject): string =>
  Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64")

/** A private key in PEM, as `openssl genpkey -algorithm ed25519` writes it; nothing where it is none. */
export const readSigningKey = (pem: string): KeyObject | undefined => {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === "ed25519" ? key : undefined
  } catch {
    return undefined
  }
}

export const signIndex = (index: Uint8Array, key: KeyObject): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      algorithm: "ed25519",
      publicKey: rawOf(createPublicKey(key)),
      signature: sign(null, signed(index), key).toString("base64")
    })
  )

export interface Signer {
  readonly publicKey: string
  /** The key's name where the operator trusts it. */
  readonly trustedAs: string | null
}

/** Who signed the index; `null` where nobody did and nobody must. */
export const checkSignature = (
  index: Uint8Array,
  given: Uint8Array | undefined,
  { isRequired, trusted }: SignaturePolicy
): Result.Result<Signer | null, PluginRejected> => {
  if (given === undefined)
    return isRequired
      ? Result.fail(rejected("signature-missing", "The plugin is not signed, and this host takes signed ones only."))
      : Result.succeed(null)
  const read = Schema.decodeUnknownResult(Schema.fromJsonString(Signature))(new TextDecoder().decode(given))
  if (Result.isFailure(read)) return Result.fail(rejected("signature-wrong", "The plugin's signature is unreadable."))
  const { publicKey, signature } = read.success
  if (!isGood(index, publicKey, signature))
    return Result.fail(rejected("signature-wrong", "The plugin's signature does not belong to its files."))
  const isTrusted = trusted.includes(publicKey)
  return isRequired && !isTrusted
    ? Result.fail(rejected("signature-unknown", `The plugin is signed by the unknown key ${publicKey}.`))
    : Result.succeed({ publicKey, trustedAs: isTrusted ? keyName(publicKey) : null })
}

const isGood = (index: Uint8Array, publicKey: string, signature: string): boolean => {
  try {
    const x = Buffer.from(publicKey, "base64").toString("base64url")
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x } })
    return verify(null, signed(index), key, Buffer.from(signature, "base64"))
  } catch {
    // A point that is on no curve.
    return false
  }
}
