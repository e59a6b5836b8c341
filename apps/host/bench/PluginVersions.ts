/** Packed versions of the real plugin that differ in their number only, and broken ones, each in another way. */
import { packed } from "@casewire/plugin-host/PluginSource"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const real = fileURLToPath(import.meta.resolve("@casewire/lawruler-plugin"))

/** `change`: statements that may replace what `plugin` is. */
const pack = async (version: string, change = ""): Promise<Uint8Array<ArrayBuffer>> => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-versions-"))
  try {
    mkdirSync(join(folder, "src"))
    writeFileSync(join(folder, "package.json"), JSON.stringify({ casewire: { plugin: "src/index.ts" } }))
    writeFileSync(
      join(folder, "src/index.ts"),
      `import real from ${JSON.stringify(real)}
let plugin = { ...real, manifest: { ...real.manifest, version: ${JSON.stringify(version)} } }
${change}
export default plugin\n`
    )
    return new Uint8Array(await Effect.runPromise(packed(folder)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const good = (version: string) => pack(version)

export const broken = (version: string, index: number) => pack(version, breakages[index % breakages.length])

const breakages = [
  // Makes nothing of a connection.
  "plugin = { ...plugin, crmOfPlain: () => { throw new Error('broken') } }",
  // Falls over as soon as it is asked for a connection's operations.
  "plugin = { ...plugin, crmOfPlain: () => { setTimeout(() => { throw new Error('broken') }); throw new Error('broken') } }",
  // Answers something that is none of the contract's.
  "plugin = { ...plugin, crmOfPlain: () => ({}) }"
]
