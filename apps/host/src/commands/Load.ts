/**
 * What only one command needs is loaded when that command runs: nobody waits for a database and a server to read a
 * help text, or to pack a folder.
 */
import { Effect } from "effect"

export const load = <Module>(module: () => Promise<Module>): Effect.Effect<Module> => Effect.promise(module)
