/**
 * One process per store. The proof is an exclusive SQLite lock on a file beside it: the system drops it when the
 * process dies, however it dies, so there is never a stale one. The owner's pid stands in a second file, for the
 * message only.
 */
import { chmodSync, readFileSync, statfsSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import SqliteConnection from "better-sqlite3"
import { StoreOwned, StoreUnfit } from "./StorageFailure.ts"

/** Takes the store or throws `StoreOwned`; answers the release. */
export const takeOwnership = (file: string): (() => void) => {
  refuseNetwork(dirname(file))
  const lock = new SqliteConnection(`${file}.lock`, { timeout: 500 })
  try {
    chmodSync(`${file}.lock`, 0o600)
    lock.pragma("journal_mode = delete")
    lock.exec("begin exclusive")
  } catch (thrown) {
    lock.close()
    if (thrown instanceof SqliteConnection.SqliteError && thrown.code.startsWith("SQLITE_BUSY"))
      throw new StoreOwned({ file, pid: ownerOf(file) })
    throw thrown
  }
  writeFileSync(`${file}.owner`, `${process.pid}\n`, { mode: 0o600 })
  return () => lock.close()
}

const ownerOf = (file: string): number => {
  try {
    const pid = Number.parseInt(readFileSync(`${file}.owner`, "utf8"), 10)
    return Number.isSafeInteger(pid) ? pid : 0
  } catch {
    return 0
  }
}

/** Magic numbers of statfs(2). Locks over these lie, and a shared memory file cannot be shared. */
const network = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB2"],
  [0xff534d42, "CIFS"],
  [0x01021997, "9P"],
  [0x00c36400, "Ceph"],
  [0x5346414f, "AFS"]
])

const refuseNetwork = (folder: string): void => {
  if (process.platform !== "linux") return
  const found = network.get(Number(statfsSync(folder).type) >>> 0)
  if (found !== undefined) throw new StoreUnfit({ setting: "file system", expected: "a local one", found })
}
