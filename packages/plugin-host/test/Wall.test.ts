import { describe, expect, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const probe = fileURLToPath(new URL("./wall/Probe.ts", import.meta.url))
const major = Number(process.versions.node.split(".")[0])
const denied = "ERR_ACCESS_DENIED"
/** Denied from Node 26 on; before, the hurdle in front of the wall has to do. */
const sockets = major >= 26 ? denied : "open"

const expected = {
  "reads its own folder": "open",
  "reads a file elsewhere": denied,
  "reads the folder where the host was started": denied,
  "writes a file": denied,
  "starts a process": denied,
  "starts a thread": denied,
  "opens the inspector": denied,
  "loads an add-on": "ERR_DLOPEN_DISABLED",
  "opens SQLite": "ERR_UNKNOWN_BUILTIN_MODULE",
  "uses WASI": denied,
  "reaches Node's bindings": denied,
  "writes a heap snapshot": denied,
  "changes the working directory": "ERR_WORKER_UNSUPPORTED_OPERATION",
  "finds the host's environment": "absent",
  connects: sockets,
  "looks up a name": sockets,
  // What no flag of Node closes; the lock-down takes the modules away that these need, and SECURITY.md says so.
  "uses descriptors that others opened": "open",
  "signals the process": "open"
}

describe("the rights of a plugin's thread, without the lock-down", () => {
  it("are what SECURITY.md says, and no more", () => {
    const found = execFileSync(process.execPath, [probe], {
      env: { ...process.env, CASEWIRE_PROBE: "secret" },
      encoding: "utf8"
    })
    expect(JSON.parse(found)).toEqual(expected)
  })
})
