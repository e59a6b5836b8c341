/** The sandbox is an imitation with a life of its own: it shares no code with the plugin that is tested against it. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const sources = (folder: string) =>
  readdirSync(join(import.meta.dirname, "..", folder)).map((name) =>
    readFileSync(join(import.meta.dirname, "..", folder, name), "utf8")
  )

it("the sandbox imports nothing of the plugin, nor the plugin of the sandbox", () => {
  for (const source of sources("sandbox")) expect(source).not.toMatch(/from "\.\.\//)
  for (const source of sources("src")) expect(source).not.toMatch(/from "\.\.\//)
})
