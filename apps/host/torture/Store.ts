/** Looks into the store of a host that is not running: job states and soundness. Client data stays sealed. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** A copy, so that the host itself, and nobody before it, recovers its store after the kill. */
const onCopy = <A>(data: string, look: (database: DatabaseSync) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), "casewire-look-"))
  try {
    for (const name of ["casewire.db", "casewire.db-wal"])
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(folder, name))
    const database = new DatabaseSync(join(folder, "casewire.db"))
    try {
      return look(database)
    } finally {
      database.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const jobsInSending = (data: string): number =>
  onCopy(data, (database) => {
    const row = database.prepare("select count(*) as n from jobs where state = 'sending'").get()
    return Number(row?.["n"])
  })

export const integrity = (data: string): string =>
  onCopy(data, (database) => String(database.prepare("pragma integrity_check").get()?.["integrity_check"]))
