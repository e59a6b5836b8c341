/**
 * What the plugin made for each connection: built at the first call that names it, closed when the host says so, and
 * built again after a restart, because every call brings what is needed for it.
 */
import type { DefinedPlugin } from "@casewire/core/CrmPlugin"
import { Crm, CrmError, CrmOriginRefused } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp, type CrmRequest, type CrmResponse } from "@casewire/core/ports/CrmHttp"
import { negotiate } from "@casewire/core/PluginContract"
import { Context, Effect, Exit, Layer, Result, Scope } from "effect"
import { lowerDoor, raiseOperations } from "../ContractSteps.ts"
import type { Seat } from "../PluginRpcs.ts"
import { CurrentCall } from "./CurrentCall.ts"

export interface Seated {
  readonly crm: Crm["Service"]
  readonly documents: CrmDocuments["Service"]
}

type Send = (request: {
  readonly call: number
  readonly handle: string
  readonly request: CrmRequest
}) => Effect.Effect<CrmResponse, CrmError>

export interface Seats {
  readonly of: (seat: Seat) => Effect.Effect<Seated>
  readonly leave: (handle: string) => Effect.Effect<void>
}

export const makeSeats = (plugin: DefinedPlugin, send: Send): Seats => {
  const contract = Result.getOrThrow(negotiate(plugin.manifest))
  const seats = new Map<string, { readonly scope: Scope.Closeable; readonly seated: Effect.Effect<Seated> }>()

  const leave = (handle: string) =>
    Effect.suspend(() => {
      const known = seats.get(handle)
      seats.delete(handle)
      return known === undefined ? Effect.void : Scope.close(known.scope, Exit.void)
    })

  const build = ({ connectionId, handle, secrets, settings }: Seat, scope: Scope.Scope) =>
    Effect.suspend(() => {
      const made = plugin.crmOfPlain({ connectionId, settings, secrets })
      const door = CrmHttp.of({ send: (request) => inName(handle, request, send) })
      return Layer.buildWithScope(Layer.provide(made, Layer.succeed(CrmHttp, lowerDoor(door, contract))), scope)
    }).pipe(
      Effect.map((context) =>
        raiseOperations({ crm: Context.get(context, Crm), documents: Context.get(context, CrmDocuments) }, contract)
      ),
      // What could not be built is tried again at the next call, not remembered.
      Effect.tapCause(() => Effect.ignore(leave(handle)))
    )

  const of = (seat: Seat) =>
    Effect.suspend(() => {
      const known = seats.get(seat.handle)
      if (known !== undefined) return known.seated
      return Effect.gen(function* () {
        const scope = yield* Scope.make()
        const seated = yield* Effect.cached(build(seat, scope))
        seats.set(seat.handle, { scope, seated })
        return yield* seated
      })
    })

  return { of, leave }
}

const inName = (handle: string, request: CrmRequest, send: Send) =>
  Effect.flatMap(CurrentCall, (call) =>
    call === undefined
      ? Effect.fail(
          new CrmError({
            reason: new CrmOriginRefused({ field: "call", message: "a request belongs to a call that is under way" })
          })
        )
      : send({ call, handle, request })
  )
