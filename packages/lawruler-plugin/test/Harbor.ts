/** The plugin opened against the seeded portal "harbor" of its sandbox, with one of its own for each law. */
import type { CrmConnect } from "@casewire/contract-kit/CrmLaws"
import { connectTo } from "@casewire/plugin-kit/Connect"
import sandbox from "../sandbox/index.ts"
import plugin from "../src/index.ts"

export const harbor: CrmConnect = connectTo(plugin, sandbox, { clientTimeoutMs: 600, lateCommitMs: 400 })
