/** Which manifests a host takes, decided before any code of the plugin runs. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import fc from "fast-check"
import { contractVersion, definePlugin } from "@casewire/core/CrmPlugin"
import { hostContracts, negotiate, readManifest } from "@casewire/core/PluginContract"
import { manifest } from "./RehearsalManifest.ts"

const answer = (result: Result.Result<unknown, { readonly code: string }>) =>
  Result.isSuccess(result) ? result.success : result.failure.code

describe("the contract of host and plugin", () => {
  const host = { minimum: 2, maximum: 4 }
  const table = [
    ["the host's oldest", { contract: 2 }, 2],
    ["the host's newest", { contract: 4 }, 4],
    ["older than the host's oldest", { contract: 1 }, "contract-too-old"],
    ["newer than the host's newest", { contract: 5 }, "contract-too-new"],
    ["older, and works with newer ones", { contract: 1, contracts: { minimum: 1, maximum: 3 } }, 3],
    ["newer, and works with older ones", { contract: 6, contracts: { minimum: 3, maximum: 6 } }, 4],
    ["a range that ends before the host's", { contract: 1, contracts: { minimum: 1, maximum: 1 } }, "contract-too-old"],
    [
      "a range that begins behind the host's",
      { contract: 7, contracts: { minimum: 5, maximum: 9 } },
      "contract-too-new"
    ],
    ["a range without its own contract", { contract: 3, contracts: { minimum: 4, maximum: 5 } }, "contract-malformed"],
    ["a range that is upside down", { contract: 3, contracts: { minimum: 4, maximum: 2 } }, "contract-malformed"],
    ["a range of words", { contract: 3, contracts: { minimum: "1", maximum: "9" } }, "contract-malformed"],
    ["no contract", { contract: undefined }, "contract-malformed"],
    ["half a contract", { contract: 2.5 }, "contract-malformed"],
    ["contract nought", { contract: 0 }, "contract-malformed"]
  ] as const
  it.each(table)("of a plugin for %s is agreed or refused by name", (_, given, expected) => {
    assert.strictEqual(answer(negotiate({ id: "acme", ...given }, host)), expected)
  })

  it("names both sides and what to do where there is none in common", () => {
    const result = negotiate({ id: "acme", contract: 5 }, host)
    assert.strictEqual(
      Result.isFailure(result) ? result.failure.message : "",
      '"acme" needs contract 5; this host speaks contracts 2 to 4. Update the host, or use an older version of the plugin.'
    )
  })

  it("reaches from the first to the present one in this host", () => {
    assert.deepStrictEqual(hostContracts, { minimum: 1, maximum: contractVersion })
  })
})

describe("a manifest", () => {
  const table: ReadonlyArray<readonly [string, unknown, string]> = [
    ["that is no object", "manifest", "manifest-unreadable"],
    ["without an id", { ...manifest, id: undefined }, "manifest-unreadable"],
    ["whose id is a path", { ...manifest, id: "../acme" }, "manifest-unreadable"],
    ["whose version is no number", { ...manifest, version: "latest" }, "manifest-unreadable"],
    [
      "of a contract to come, whatever else it holds",
      { id: "acme", version: "9.0.0", contract: 99 },
      "contract-too-new"
    ],
    ["that lacks what the contract asks for", { ...manifest, webhook: undefined }, "manifest-unreadable"],
    [
      "whose test webhooks are no expression",
      { ...manifest, webhook: { ...manifest.webhook, testValue: "(" } },
      "manifest-unreadable"
    ],
    [
      "whose file names are no expression",
      { ...manifest, webhook: { ...manifest.webhook, fileRecord: "[" } },
      "manifest-unreadable"
    ],
    [
      "whose webhook field is no expression",
      { ...manifest, webhook: { ...manifest.webhook, required: [{ name: "Record ID", aliases: [], pattern: "*" }] } },
      "manifest-unreadable"
    ],
    [
      "whose credential is no expression",
      { ...manifest, credentials: [{ ...manifest.credentials[0], pattern: "(?<" }] },
      "manifest-unreadable"
    ],
    [
      "whose field keys are no expression",
      { ...manifest, fields: { ...manifest.fields, keys: { ...manifest.fields!.keys, pattern: "\\" } } },
      "manifest-unreadable"
    ],
    [
      "whose expression is a book",
      { ...manifest, webhook: { ...manifest.webhook, testValue: "a?".repeat(600) } },
      "manifest-unreadable"
    ],
    [
      "whose expression repeats what repeats",
      { ...manifest, webhook: { ...manifest.webhook, testValue: "^(a+)+$" } },
      "manifest-unreadable"
    ],
    ["whose origin has no TLS", { ...manifest, origins: { api: "http://crm.example/" } }, "permissions-differ"],
    ["whose origin has no path", { ...manifest, origins: { api: "https://crm.example" } }, "permissions-differ"],
    ["whose origin is any host", { ...manifest, origins: { api: "https://{root}/" } }, "permissions-differ"],
    ["whose origin is any domain", { ...manifest, origins: { api: "https://{root}.com/" } }, "permissions-differ"],
    ["whose domain is a setting", { ...manifest, origins: { api: "https://api.{root}.com/" } }, "permissions-differ"],
    ["whose origin is an address", { ...manifest, origins: { api: "https://10.0.0.1/" } }, "permissions-differ"],
    [
      "whose permissions name a host that nothing needs",
      { ...manifest, permissions: { hosts: ["evil.example", "{root}.crm.example"], documents: true } },
      "permissions-differ"
    ],
    [
      "whose permissions leave out a host",
      { ...manifest, permissions: { hosts: [], documents: true } },
      "permissions-differ"
    ],
    [
      "whose permissions leave out documents",
      { ...manifest, permissions: { hosts: ["{root}.crm.example"], documents: false } },
      "permissions-differ"
    ]
  ]
  it.each(table)("%s is refused", (_, given, code) => {
    assert.strictEqual(answer(readManifest(given)), code)
  })

  it("is taken or refused by name, whatever it holds", () =>
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(manifest), "contracts", "more"), fc.anything(), (key, value) => {
        const result = readManifest({ ...manifest, [key]: value })
        if (Result.isFailure(result)) assert.match(result.failure.message, /^[A-Z"].*\. [A-Z].*\.$/s)
      }),
      { numRuns: 1000 }
    ))

  it("is taken with and without its permissions in words", () => {
    assert.deepStrictEqual(answer(readManifest(manifest)), manifest)
    const said = { ...manifest, permissions: { hosts: ["{root}.crm.example"], documents: true } }
    assert.deepStrictEqual(answer(readManifest(said)), said)
  })

  it("is brought from an older contract to the present one before it is judged", () => {
    const { webhook, ...old } = manifest
    const raise = (given: unknown, contract: number) => ({ ...(given as object), webhook, name: `from ${contract}` })
    assert.deepStrictEqual(answer(readManifest(old, { minimum: 1, maximum: 2 }, raise)), {
      ...manifest,
      name: "from 1"
    })
  })

  it("made by definePlugin says its permissions in words", () => {
    const crm = () => {
      throw new Error("not called")
    }
    assert.deepStrictEqual(definePlugin({ manifest, crm }).manifest.permissions, {
      hosts: ["{root}.crm.example"],
      documents: true
    })
    assert.throws(
      () => definePlugin({ manifest: { ...manifest, origins: { api: "https://{root}/" } }, crm }),
      'the manifest of "rehearsal": The origin "api" does not name the domain that it leads to.'
    )
  })
})
