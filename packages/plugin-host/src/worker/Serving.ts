/** The worker's answers to the host: each call of the contract is the plugin's own operation, at its connection's seat. */
import type { DefinedPlugin } from "@casewire/core/CrmPlugin"
import { CrmError } from "@casewire/core/ports/Crm"
import { Effect, Exit, Pull, Schema, Scope, Stream } from "effect"
import { PluginRpcs, type Seat } from "../PluginRpcs.ts"
import { CurrentCall } from "./CurrentCall.ts"
import type { Seated, Seats } from "./Seats.ts"

type Place = { readonly seat: Seat; readonly call: number }

export const serving = (plugin: DefinedPlugin, seats: Seats, bufferBytes: () => number) => {
  const streams = new Map<
    number,
    { readonly scope: Scope.Closeable; readonly next: Effect.Effect<unknown, CrmError> }
  >()

  const at = <A>({ call, seat }: Place, use: (seated: Seated) => Effect.Effect<A, CrmError>) =>
    seats.of(seat).pipe(
      Effect.flatMap((seated) => Effect.suspend(() => use(seated))),
      Effect.mapError(ownError),
      Effect.provideService(CurrentCall, call)
    )

  const endStream = (stream: number) =>
    Effect.suspend(() => {
      const known = streams.get(stream)
      streams.delete(stream)
      return known === undefined ? Effect.void : Scope.close(known.scope, Exit.void)
    })

  /** One more element. A stream's scope stays open between calls; its end, and any failure, closes it. */
  const next = <A>(
    place: Place,
    open: (seated: Seated) => Stream.Stream<A, CrmError>
  ): Effect.Effect<A | null, CrmError> =>
    at(place, (seated) =>
      Effect.gen(function* () {
        const known = streams.get(place.call)
        if (known !== undefined) return (yield* known.next) as A | null
        const scope = yield* Scope.make()
        const pull = yield* Stream.toPull(Stream.rechunk(open(seated), 1)).pipe(Scope.provide(scope))
        const one: Effect.Effect<A | null, CrmError> = pull.pipe(
          Effect.map(([element]) => element),
          Pull.catchDone(() => Effect.succeed(null))
        )
        streams.set(place.call, { scope, next: one })
        return yield* one
      })
    ).pipe(Effect.onExit((exit) => (Exit.isFailure(exit) || exit.value === null ? endStream(place.call) : Effect.void)))

  return PluginRpcs.toLayer({
    hello: () => Effect.succeed({ id: plugin.manifest.id, version: plugin.manifest.version }),
    ping: () => Effect.sync(() => ({ bufferBytes: bufferBytes() })),
    leave: ({ handle }) => seats.leave(handle),
    endStream: ({ stream }) => endStream(stream),
    verify: (place) => next(place, ({ crm }) => crm.verify),
    changes: (place) => next(place, ({ crm }) => crm.changes(place.cursor, place.scope ?? undefined)),
    catalog: (place) => at(place, ({ crm }) => crm.catalog(place.value)),
    decode: (place) => at(place, ({ crm }) => crm.decode(place.value)),
    read: (place) => at(place, ({ crm }) => crm.read(place.value)),
    notes: (place) => at(place, ({ crm }) => crm.notes(place.value)),
    addNote: (place) => at(place, ({ crm }) => crm.addNote(place.value)),
    updateFields: (place) => at(place, ({ crm }) => crm.updateFields(place.value)),
    setStatus: (place) => at(place, ({ crm }) => crm.setStatus(place.value)),
    list: (place) => at(place, ({ documents }) => documents.list(place.value)),
    open: (place) => at(place, ({ documents }) => documents.open(place.value)),
    upload: (place) => at(place, ({ documents }) => documents.upload(place.value))
  })
}

const readError = Schema.decodeUnknownSync(Schema.toCodecJson(CrmError))

/** A plugin brings its own copy of the error classes; what counts is their shape. */
const ownError = (error: CrmError): CrmError => {
  if (error instanceof CrmError) return error
  const reason: unknown = (error as { readonly reason?: unknown }).reason
  return readError({ _tag: "CrmError", reason: typeof reason === "object" && reason !== null ? plain(reason) : reason })
}

/** Of an error the message is not enumerable, so that a spread would lose it. */
const plain = (value: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.getOwnPropertyNames(value)
      .filter((name) => name !== "stack")
      .map((name) => [name, Reflect.get(value, name) as unknown])
  )
