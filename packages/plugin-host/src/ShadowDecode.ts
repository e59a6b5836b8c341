/**
 * The same receipts decoded by two versions, and where the answers differ. Told are receipts and the places in them,
 * never a value: what a firm's clients wrote does not belong into a history of swaps.
 */
import type { ConnectionReceipts } from "@casewire/core/RecentReceipts"
import { Crm } from "@casewire/core/ports/Crm"
import { Effect, Exit, Layer } from "effect"
import { remoteCrm } from "./RemoteCrm.ts"
import type { RunningPlugin } from "./RunningPlugin.ts"
import { nobody, shutDoor } from "./SelfTest.ts"

export interface ShadowResult {
  readonly compared: number
  /** One line for each receipt that is read in another way. */
  readonly differences: ReadonlyArray<string>
}

export const shadowDecode = Effect.fn("ShadowDecode.run")(function* (
  before: RunningPlugin,
  after: RunningPlugin,
  recent: ReadonlyArray<ConnectionReceipts>
) {
  const differences: Array<string> = []
  let compared = 0
  for (const { connection, receipts } of recent) {
    if (receipts.length === 0) continue
    const decoded = (running: RunningPlugin) => {
      // Settings may matter to decoding; secrets never do, and a version that is not trusted yet gets none.
      const { secrets } = nobody(running.version.manifest)
      const seat = { connectionId: connection.id, settings: connection.settings, secrets }
      return Effect.exit(
        Effect.flatMap(Crm, (crm) => crm.decode({ receipts })).pipe(
          Effect.provide(remoteCrm(running, seat).pipe(Layer.provide(shutDoor)))
        )
      )
    }
    const [old, fresh] = yield* Effect.all([decoded(before), decoded(after)], { concurrency: 2 })
    // What the old version cannot read, the new one cannot read worse.
    if (Exit.isFailure(old)) continue
    compared += receipts.length
    if (Exit.isFailure(fresh)) {
      differences.push(`${receipts.length} receipts of connection ${connection.id}: the new version fails`)
      continue
    }
    for (const [index, { receiptId }] of receipts.entries()) {
      const places = differing(old.value[index], fresh.value[index])
      if (places.length > 0) differences.push(`receipt ${receiptId}: ${places.slice(0, 5).join(", ")}`)
    }
  }
  return { compared, differences } satisfies ShadowResult
})

/** Paths at which two decoded changes are not equal. */
export const differing = (old: unknown, fresh: unknown, path = ""): ReadonlyArray<string> => {
  if (Object.is(old, fresh)) return []
  if (typeof old !== "object" || typeof fresh !== "object" || old === null || fresh === null)
    return [path === "" ? "everything" : path]
  const names = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].sort()
  return names.flatMap((name) =>
    differing(Reflect.get(old, name), Reflect.get(fresh, name), path === "" ? name : `${path}.${name}`)
  )
}
