/** Making API tokens: whoever makes one gives away no more than they have. */
import { Effect, Redacted } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { notTheirs } from "@casewire/core/domain/TokenScope"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { scopeMissing } from "./Problems.ts"

export const layerTokenHandlers = HttpApiBuilder.group(
  Api,
  "tokens",
  Effect.fn(function* (handlers) {
    const connections = yield* ConnectionStore
    return handlers.handleAll({
      issue: Effect.fn(function* ({ payload }) {
        const { firmId, scopes: own } = yield* CurrentFirm
        const { name } = payload
        const scopes = payload.scopes === undefined ? own : [...new Set(payload.scopes)]
        const missing = notTheirs(own, scopes)
        if (missing.length > 0) return yield* Effect.fail(scopeMissing(...missing))
        const token = yield* connections.issueToken({ _tag: "Api", firmId, name, scopes })
        return { token: Redacted.value(token), name, scopes }
      })
    })
  })
)
