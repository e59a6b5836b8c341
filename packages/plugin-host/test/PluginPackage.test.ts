/** Which files are a plugin, who may have signed them, and by which name the others are refused. */
import { assert, describe, it } from "@effect/vitest"
import { checkSignature, keyName, readSigningKey, type SignaturePolicy } from "@casewire/plugin-host/PackageSignature"
import { checkPackage, makePackage } from "@casewire/plugin-host/PluginPackage"
import { Result } from "effect"
import { generateKeyPairSync } from "node:crypto"
import { code, manifest, packedFiles, signingKey } from "./Packed.ts"

const open: SignaturePolicy = { isRequired: false, trusted: [] }
const [own, other] = [signingKey(1), signingKey(2)]
const publicKey = (() => {
  const result = checkPackage(packedFiles({}, own), open)
  return Result.isSuccess(result) ? (result.success.signer?.publicKey ?? "") : ""
})()
const trusting: SignaturePolicy = { isRequired: true, trusted: [publicKey] }

const text = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value))
const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes))
const files = packedFiles()
const signed = packedFiles({}, own)
const without = (name: string) => new Map([...files].filter(([key]) => key !== name))
const having = (name: string, bytes: Uint8Array, of = files) => new Map([...of, [name, bytes]])
const index = json(files.get("casewire-plugin.json"))
const signature = json(signed.get("signature.json"))

const answer = (given: ReadonlyMap<string, Uint8Array>, policy = open) => {
  const result = checkPackage(given, policy)
  if (Result.isSuccess(result)) return "taken"
  assert.match(result.failure.message, /^[A-Z"].*\. [A-Z].*\.$/s, "what was found, and what to do")
  return result.failure.code
}

const table: ReadonlyArray<readonly [string, ReadonlyMap<string, Uint8Array>, string, SignaturePolicy?]> = [
  ["a whole plugin", files, "taken"],
  ["a signed plugin where nothing is demanded", signed, "taken"],
  ["no index", without("casewire-plugin.json"), "index-unreadable"],
  ["an index that is no JSON", having("casewire-plugin.json", text("{")), "index-unreadable"],
  ["an index of a format to come", having("casewire-plugin.json", text({ ...index, format: 2 })), "index-unreadable"],
  ["an index without end", having("casewire-plugin.json", text(" ".repeat(2_000_000))), "index-unreadable"],
  [
    "an index that names a path",
    having("casewire-plugin.json", text({ ...index, files: { ...index.files, "../x": index.files["plugin.mjs"] } })),
    "name-unsafe"
  ],
  ["no code", without("plugin.mjs"), "file-absent"],
  ["no manifest", without("manifest.json"), "file-absent"],
  ["an index that lists no code", having("casewire-plugin.json", text({ format: 1, files: {} })), "file-unlisted"],
  ["other code", having("plugin.mjs", text("export default 1")), "digest-wrong"],
  ["another manifest", having("manifest.json", text({ ...manifest, origins: {} })), "digest-wrong"],
  ["one more file", having("more.mjs", text("x")), "file-unlisted"],
  ["a manifest of a contract to come", packedFiles({ contract: 2 }), "contract-too-new"],
  ["a manifest whose words and origins differ", packedFiles({ origins: {} }), "permissions-differ"],
  ["a manifest that is none", makePackage(code, ["x"]), "manifest-unreadable"],
  ["a signed plugin of a trusted key", signed, "taken", trusting],
  ["an unsigned plugin where a signature is demanded", files, "signature-missing", trusting],
  ["a plugin signed by somebody else", packedFiles({}, other), "signature-unknown", trusting],
  ["a plugin signed by somebody else where nothing is demanded", packedFiles({}, other), "taken"],
  ["a signature that is no JSON", having("signature.json", text("x")), "signature-wrong"],
  [
    "a signature of another key",
    having(
      "signature.json",
      text({ ...signature, publicKey: json(packedFiles({}, other).get("signature.json")).publicKey }),
      signed
    ),
    "signature-wrong"
  ],
  [
    "a key that is no point of the curve",
    having("signature.json", text({ ...signature, publicKey: Buffer.alloc(32, 255).toString("base64") }), signed),
    "signature-wrong"
  ],
  [
    "the signature of another plugin",
    having("signature.json", packedFiles({ version: "1.0.1" }, own).get("signature.json")!, files),
    "signature-wrong"
  ],
  [
    "a signature by another algorithm",
    having("signature.json", text({ ...signature, algorithm: "none" }), signed),
    "signature-wrong"
  ]
]

describe("the files of a plugin", () => {
  for (const [title, given, expected, policy] of table)
    it(`are taken or refused by name: ${title} (${expected})`, () => {
      assert.strictEqual(answer(given, policy), expected)
    })

  it("have a digest of code and manifest, whoever signed them", () => {
    const digest = (given: ReadonlyMap<string, Uint8Array>) => {
      const result = checkPackage(given, open)
      return Result.isSuccess(result) ? result.success.digest : result.failure.code
    }
    assert.strictEqual(digest(signed), digest(files))
    assert.match(digest(files), /^[0-9a-f]{64}$/)
    const others = [packedFiles({ version: "1.0.1" }), makePackage(text("export default 1"), manifest)].map(digest)
    assert.strictEqual(new Set([...others, digest(files)]).size, 3)
  })

  it("are the same in whatever order the manifest was written", () => {
    assert.deepStrictEqual(makePackage(code, Object.fromEntries(Object.entries(manifest).toReversed())), files)
  })
})

describe("a signature", () => {
  it("names the key that the operator trusts", () => {
    const signer = checkSignature(signed.get("casewire-plugin.json")!, signed.get("signature.json"), trusting)
    assert.deepStrictEqual(Result.getOrThrow(signer), { publicKey, trustedAs: keyName(publicKey) })
    assert.match(keyName(publicKey), /^[0-9a-f]{16}$/)
  })

  it("is made with Ed25519 keys alone", () => {
    const pem = (key: ReturnType<typeof signingKey>) => key.export({ type: "pkcs8", format: "pem" }).toString()
    assert.isDefined(readSigningKey(pem(own)))
    assert.isUndefined(readSigningKey(pem(generateKeyPairSync("x25519").privateKey)))
    assert.isUndefined(readSigningKey("no key"))
  })
})
