/**
 * What it takes to let a connection go: everything that came from it or belongs to it, wherever the stores keep it.
 *
 * One port for all stores, because the promise is one: afterwards nothing is left of this connection, and nothing is
 * missing of any other. Things go in steps, so that a large connection neither holds up webhooks nor has to be begun
 * again after a crash: whoever asks again goes on where it stopped.
 */
import { Context, Effect } from "effect"
import type { ConnectionId } from "../domain/Connection.ts"
import type { FirmId } from "../domain/Ids.ts"
import type { Inventory } from "../domain/Inventory.ts"
import type { RunId } from "../domain/Run.ts"

export class ConnectionRemoval extends Context.Service<
  ConnectionRemoval,
  {
    /** Takes the connection's credentials and all its webhook tokens away; everything else stays. */
    readonly disarm: (firmId: FirmId, id: ConnectionId) => Effect.Effect<void>
    readonly inventory: (firmId: FirmId, id: ConnectionId) => Effect.Effect<Inventory>
    /**
     * Removes some of what the connection has, about `limit` things in transactions of its own, and answers how many
     * went. Zero: nothing is left but jobs that are being done just now, and the run that is named. Inside a transaction
     * it is a defect: files cannot be rolled back.
     */
    readonly erase: (
      firmId: FirmId,
      id: ConnectionId,
      options: { readonly limit: number; readonly except: RunId }
    ) => Effect.Effect<number>
    /**
     * Removes the connection itself, if nothing is left of it but the run that is named; else answers false and changes
     * nothing. True also for one that is gone. Joins the transaction it is called in.
     */
    readonly end: (firmId: FirmId, id: ConnectionId, options: { readonly except: RunId }) => Effect.Effect<boolean>
    /**
     * Makes what was removed unreadable for somebody who has the store's file, too. False: that would hold up everybody
     * now. What was not done after an `end` is done when the store is opened next.
     */
    readonly scrub: Effect.Effect<boolean>
  }
>()("@casewire/core/ports/ConnectionRemoval") {}
