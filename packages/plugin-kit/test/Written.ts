/** A plugin freshly written into a throw-away folder, with a change or two, as an author might make them. */
import { Effect } from "effect"
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { lend } from "../src/Lend.ts"
import { type NewPlugin, writePlugin } from "../src/Scaffold.ts"

export const acme: NewPlugin = {
  id: "acme-crm",
  name: "Acme CRM",
  address: "https://{account}.acme.com/api/v2/",
  calls: 120
}

/** Replaces the first text by the second in a file, which must hold it. */
export type Edit = readonly [file: string, from: string, to: string]

export const inWritten = async (edits: ReadonlyArray<Edit>, use: (folder: string) => Promise<void>): Promise<void> => {
  const parent = throwAway()
  try {
    const folder = await Effect.runPromise(writePlugin(parent, acme, "0.1.0"))
    for (const [file, from, to] of edits) {
      const text = readFileSync(join(folder, file), "utf8")
      if (!text.includes(from)) throw new Error(`${file} holds no ${from}`)
      writeFileSync(
        join(folder, file),
        text.replace(from, () => to)
      )
    }
    await Effect.runPromise(lend(folder))
    await use(folder)
  } finally {
    rmSync(parent, { recursive: true, force: true })
  }
}

export const throwAway = (): string => realpathSync(mkdtempSync(join(tmpdir(), "casewire-plugin-")))
