import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { type Pin, pinnedDigest, PluginDigest, type PinTarget } from "@casewire/core/domain/PluginSwap"
import { assert, describe, it } from "@effect/vitest"
import { movedPins } from "../src/MovedPins.ts"

const [old, fresh, third] = ["a", "b", "c"].map((letter) => PluginDigest.make(letter.repeat(64))) as [
  PluginDigest,
  PluginDigest,
  PluginDigest
]
const [harbor, mesa] = [FirmId.make("harbor"), FirmId.make("mesa")]
const id = ConnectionId.make("one")
const pin = (target: PinTarget, digest: PluginDigest): Pin => ({ pluginId: "tiny", target, digest })
const everyone = (digest: PluginDigest) => pin({ _tag: "Everyone" }, digest)
const firm = (firmId: FirmId, digest: PluginDigest) => pin({ _tag: "Firm", firmId }, digest)
const worksOn = (pins: ReadonlyArray<Pin>, firmId: FirmId) => pinnedDigest(pins, { firmId, connectionId: id })

describe("who works on what after a swap", () => {
  it("the firms that are moved, and nobody else", () => {
    const pins = movedPins("tiny", [everyone(old)], [harbor], fresh)
    assert.strictEqual(worksOn(pins, harbor), fresh)
    assert.strictEqual(worksOn(pins, mesa), old)
  })

  it("one firm after another", () => {
    const first = movedPins("tiny", [everyone(old)], [harbor], fresh)
    const second = movedPins("tiny", first, [mesa], fresh)
    assert.strictEqual(worksOn(second, harbor), fresh)
    assert.strictEqual(worksOn(second, mesa), fresh)
    assert.strictEqual(worksOn(second, FirmId.make("third")), old)
  })

  it("everyone, also a firm that had a pin of its own", () => {
    const pins = movedPins("tiny", [everyone(old), firm(harbor, third)], [], fresh)
    assert.deepStrictEqual(pins, [everyone(fresh)])
  })

  it("a firm as a whole, its connections that were pinned one by one with it", () => {
    const own = pin({ _tag: "Connection", firmId: harbor, connectionId: id }, third)
    assert.strictEqual(worksOn(movedPins("tiny", [everyone(old), own], [harbor], fresh), harbor), fresh)
  })

  it("everyone where nothing served before, whatever share was named", () => {
    assert.deepStrictEqual(movedPins("tiny", [], [harbor], fresh), [everyone(fresh)])
  })
})
