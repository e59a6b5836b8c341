/** Which version may take the place of which, and who must have read what. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type KeptVersion, PluginDigest } from "@casewire/core/domain/PluginSwap"
import { admit, type Admission } from "@casewire/core/PluginAdmission"
import { manifest } from "./RehearsalManifest.ts"

const kept = (
  digit: string,
  change: Partial<PluginManifest> = {},
  kind: KeptVersion["origin"]["kind"] = "file"
): KeptVersion => ({
  pluginId: change.id ?? manifest.id,
  version: change.version ?? manifest.version,
  digest: PluginDigest.make(digit.repeat(64)),
  manifest: { ...manifest, ...change },
  origin: { kind, location: "x" },
  signedBy: null,
  keptAt: 1,
  keptBy: "test"
})

const serving = kept("a")
const wider = { version: "1.1.0", origins: { api: "https://{root}.crm.example/", more: "https://more.example/" } }

const answer = (given: Partial<Admission>) => {
  const result = admit({ serving, offered: kept("b"), confirmed: [], isRollback: false, ...given })
  return Result.isSuccess(result)
    ? result.success.map(({ key }) => key)
    : [result.failure.code, ...result.failure.unconfirmed]
}

const table: ReadonlyArray<readonly [string, Partial<Admission>, ReadonlyArray<string>]> = [
  ["a newer version that may do no more", { offered: kept("b", { version: "1.0.1" }) }, ["version-changed"]],
  ["a version that may do more", { offered: kept("b", wider) }, ["confirmation-missing", "host-added more.example"]],
  [
    "a version that may do more, which was confirmed by name",
    { offered: kept("b", wider), confirmed: ["host-added more.example"] },
    ["version-changed", "host-added more.example"]
  ],
  [
    "a version that may do more, where something else was confirmed",
    { offered: kept("b", wider), confirmed: ["host-added other.example", "host-added"] },
    ["confirmation-missing", "host-added more.example"]
  ],
  ["an older version", { offered: kept("b", { version: "0.9.0" }) }, ["downgrade", "downgrade 0.9.0"]],
  [
    "an older version that was confirmed",
    { offered: kept("b", { version: "0.9.0" }), confirmed: ["downgrade 0.9.0"] },
    ["downgrade 0.9.0"]
  ],
  [
    "an older version by roll-back",
    { offered: kept("b", { version: "0.9.0" }), isRollback: true },
    ["downgrade 0.9.0"]
  ],
  [
    "an older version by roll-back that may do more",
    { offered: kept("b", { ...wider, version: "0.9.0" }), isRollback: true },
    ["confirmation-missing", "host-added more.example"]
  ],
  ["the same number with other files", {}, ["version-reused"]],
  ["the same number with other files that came with the host", { offered: kept("b", {}, "built-in") }, []],
  ["the same number with other files of a package", { offered: kept("b", {}, "npm") }, ["version-reused"]],
  ["the same number with other files from a folder", { offered: kept("b", {}, "folder") }, []],
  ["the same version", { offered: serving }, []],
  ["another plugin", { offered: kept("b", { id: "other" }) }, ["other-plugin"]],
  ["a new plugin", { serving: null }, ["confirmation-missing", "host-added {root}.crm.example", "documents-added"]]
]

describe("the place of a plugin that serves", () => {
  it.each(table)("is given or refused to %s", (_, given, expected) => {
    assert.deepStrictEqual(answer(given), [...expected])
  })

  it("is refused in a sentence that names what is to be confirmed", () => {
    const result = admit({ serving, offered: kept("b", wider), confirmed: [], isRollback: false })
    assert.strictEqual(
      Result.isFailure(result) ? result.failure.message : "",
      "May call more.example. Read what changes and confirm it: `casewire plugin show` lists it."
    )
  })
})
