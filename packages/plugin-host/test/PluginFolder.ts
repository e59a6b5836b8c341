/** Folders with a plugin's sources, as an author has them, without any package installed. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import { manifest } from "./Packed.ts"

const made: Array<string> = []
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

/** A folder of its own, which is gone when the file's tests have ended. */
export const tempFolder = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "casewire-plugins-")))
  made.push(folder)
  return folder
}

export const writeAll = (folder: string, files: Readonly<Record<string, string>>): string => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

export const sources = (change: object = {}, more = "") => ({
  "package.json": JSON.stringify({ name: "acme-plugin", type: "module", exports: { ".": "./src/index.ts" } }),
  "src/index.ts": `import { name } from "./name.ts"
${more}
const manifest: object = { ...${JSON.stringify({ ...manifest, ...change })}, name }
export default { manifest, crm: () => { throw new Error("not used") } }
`,
  "src/name.ts": `export const name = "Acme CRM"\n`
})

export const pluginFolder = (change: object = {}, more = ""): string => writeAll(tempFolder(), sources(change, more))
