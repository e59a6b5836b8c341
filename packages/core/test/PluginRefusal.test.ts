/** Every refusal is a name, a sentence with what to do, and a line of the operator's page. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { type PluginRefusalCode, pluginRefusals, rejected } from "@casewire/core/domain/PluginRefusal"

const page = readFileSync(join(import.meta.dirname, "../../../docs/plugins.md"), "utf8")
const codes = Object.keys(pluginRefusals) as ReadonlyArray<PluginRefusalCode>

describe("a refused plugin", () => {
  it.each(codes)("%s says what to do, and stands in docs/plugins.md", (code) => {
    assert.match(pluginRefusals[code], /^[A-Z].*\.$/)
    assert.include(page, `\`${code}\``)
    assert.strictEqual(rejected(code, "It is so.").message, `It is so. ${pluginRefusals[code]}`)
  })

  it("has no line on the page that the code does not know", () => {
    const list = page.slice(page.indexOf("| code | meaning |"), page.indexOf("## When the contract changes"))
    const named = [...list.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z-]+)`/g)].map(([, code]) => code)
    )
    assert.sameMembers(named, [...codes])
  })
})
