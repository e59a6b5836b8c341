/**
 * The operations of one connection, asked of a running plugin's thread. What the plugin makes for the connection is
 * closed with the layer.
 */
import type { PluginConnection } from "@casewire/core/CrmPlugin"
import { Crm, type CrmError } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Context, Effect, Layer, Option, Redacted, Stream } from "effect"
import type { Seat } from "./PluginRpcs.ts"
import type { PluginClient } from "./PluginThread.ts"
import type { RunningPlugin } from "./RunningPlugin.ts"

type Place = { readonly seat: Seat; readonly call: number }

let seats = 0

export const remoteCrm = (
  plugin: RunningPlugin,
  connection: PluginConnection
): Layer.Layer<Crm | CrmDocuments, never, CrmHttp> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const http = yield* CrmHttp
      seats += 1
      const seat = seatOf(connection, `${connection.connectionId} ${seats}`)
      yield* Effect.addFinalizer(() => plugin.tell((client) => client.leave({ handle: seat.handle })))

      const ask = <A>(operation: string, invoke: (client: PluginClient, place: Place) => Effect.Effect<A, unknown>) =>
        plugin.ask({ seat, http, operation }, invoke)

      /** One element a call: the next is asked for when the one before was taken. */
      const pulled = <A>(
        operation: string,
        next: (client: PluginClient, place: Place) => Effect.Effect<A | null, unknown>
      ): Stream.Stream<A, CrmError> =>
        Stream.unwrap(
          Effect.gen(function* () {
            const within = yield* plugin.begin({ seat, http })
            let isEnded = false
            yield* Effect.addFinalizer(() =>
              isEnded ? Effect.void : plugin.tell((client) => client.endStream({ stream: within.call.id }))
            )
            return Stream.paginate(undefined, () =>
              Effect.map(plugin.ask({ seat, http, operation, within }, next), (element) => {
                if (element !== null) return [[element], Option.some(undefined)] as const
                isEnded = true
                return [[], Option.none()] as const
              })
            )
          })
        )

      const crm = Crm.of({
        verify: pulled("verify", (client, place) => client.verify(place)),
        changes: (cursor, scope) =>
          pulled("changes", (client, place) => client.changes({ ...place, cursor, scope: scope ?? null })),
        catalog: (value) => ask("catalog", (client, place) => client.catalog({ ...place, value })),
        decode: (value) => ask("decode", (client, place) => client.decode({ ...place, value })),
        read: (value) => ask("read", (client, place) => client.read({ ...place, value })),
        notes: (value) => ask("notes", (client, place) => client.notes({ ...place, value })),
        addNote: (value) => ask("addNote", (client, place) => client.addNote({ ...place, value })),
        updateFields: (value) => ask("updateFields", (client, place) => client.updateFields({ ...place, value })),
        setStatus: (value) => ask("setStatus", (client, place) => client.setStatus({ ...place, value }))
      })
      const documents = CrmDocuments.of({
        list: (value) => ask("list", (client, place) => client.list({ ...place, value })),
        open: (value) => ask("open", (client, place) => client.open({ ...place, value })),
        upload: (value) => ask("upload", (client, place) => client.upload({ ...place, value }))
      })
      return Context.make(Crm, crm).pipe(Context.add(CrmDocuments, documents))
    })
  )

const seatOf = ({ connectionId, secrets, settings }: PluginConnection, handle: string): Seat => ({
  handle,
  connectionId,
  settings: { ...settings },
  secrets: Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, Redacted.value(secret)]))
})
