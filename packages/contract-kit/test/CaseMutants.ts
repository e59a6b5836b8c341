/** Case stores that break one promise each. */
import { Effect, Option } from "effect"
import type { Case, CaseEvent, Client } from "@casewire/core/domain/Case"
import { newId, type FirmId } from "@casewire/core/domain/Ids"
import { connection, makeCase } from "../src/samples.ts"
import { escaped, inCases, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

/** Saves to whoever owns the id now, whoever asks. */
const stealing =
  <A extends { readonly firmId: FirmId }>(
    find: (firmId: FirmId) => Effect.Effect<Option.Option<A>>,
    save: (value: A) => Effect.Effect<void>
  ) =>
  (value: A) =>
    Effect.flatMap(ofAny(find), (owner) =>
      save(Option.isSome(owner) ? { ...value, firmId: owner.value.firmId } : value)
    )

export const caseMutants: Record<string, Mutant> = {
  "saves no fields": inCases((own) => ({ save: (value) => own.save({ ...value, fields: {} }) })),
  "invents cases": inCases((own) => ({
    get: (firmId, id) =>
      Effect.flatMap(own.get(firmId, id), (found) =>
        Effect.map(makeCase(), (made) => Option.orElseSome(found, () => made))
      )
  })),
  "never replaces a case": inCases((own) => ({
    save: (value) =>
      Effect.flatMap(own.get(value.firmId, value.id), (found) => (Option.isSome(found) ? Effect.void : own.save(value)))
  })),
  "finds no external id": inCases(() => ({ findExternal: () => Effect.succeed(Option.none()) })),
  "folds external ids": inCases((own) => ({
    findExternal: (firmId, connectionId, id) =>
      own.findExternal(firmId, connectionId, id.toLowerCase().replace(/^0+/, "") as typeof id)
  })),
  "looks in one connection": inCases((own) => ({
    findExternal: (firmId, _, id) => own.findExternal(firmId, connection.id, id)
  })),
  "swallows a second case": inCases((own) => ({
    save: (value) => Effect.catchDefect(own.save(value), () => Effect.void)
  })),
  "lists the oldest cases first": inCases((own) => ({ list: (firmId, filter) => reversed(own.list(firmId, filter)) })),
  "lists by the last change": inCases((own) => ({
    list: (firmId, filter) =>
      Effect.map(own.list(firmId, filter), (cases) => cases.toSorted((a, b) => b.updatedAt - a.updatedAt))
  })),
  "filters no cases": inCases((own) => ({ list: (firmId, { limit }) => own.list(firmId, { limit }) })),
  "shows cases to all": inCases((own) => ({
    get: (_, id) => ofAny((firmId) => own.get(firmId, id)),
    findExternal: (_, connectionId, id) => ofAny((firmId) => own.findExternal(firmId, connectionId, id)),
    client: (_, id) => ofAny((firmId) => own.client(firmId, id)),
    history: (_, id) => ofAll((firmId) => own.history(firmId, id)),
    conflicts: (_, filter) => ofAll((firmId) => own.conflicts(firmId, filter))
  })),
  "lets firms write each other's records": inCases((own) => ({
    save: (value) => stealing<Case>((firmId) => own.get(firmId, value.id), own.save)(value),
    saveClient: (value) => stealing<Client>((firmId) => own.client(firmId, value.id), own.saveClient)(value)
  })),
  "loses clients": inCases(() => ({ saveClient: () => Effect.void })),
  "finds clients by phone": inCases((own) => {
    const byPhone = new Map<string, Client>()
    return {
      saveClient: (client) =>
        Effect.andThen(
          own.saveClient(client),
          Effect.sync(() => byPhone.set(client.phone, client))
        ),
      client: (firmId, id) =>
        Effect.map(
          own.client(firmId, id),
          Option.map((client) => byPhone.get(client.phone) ?? client)
        )
    }
  }),
  "tells history backwards": inCases((own) => ({ history: (firmId, id) => reversed(own.history(firmId, id)) })),
  "records an event twice": inCases((own) => ({
    record: (event: CaseEvent) =>
      Effect.andThen(
        own.record(event),
        Effect.flatMap(newId, (id) => own.record({ ...event, id }))
      )
  })),
  "lists the oldest conflicts first": inCases((own) => ({
    conflicts: (firmId, filter) => reversed(own.conflicts(firmId, filter))
  })),
  "finds open conflicts only": inCases((own) => ({
    conflicts: (firmId, { id, limit }) =>
      Effect.map(own.conflicts(firmId, { limit }), (found) =>
        found.filter((event) => id === undefined || event.id === id)
      )
  })),
  "takes any event for a conflict": inCases((own) => {
    const events = new Map<string, CaseEvent>()
    return {
      record: (event) =>
        Effect.andThen(
          own.record(event),
          Effect.sync(() => events.set(event.id, event))
        ),
      conflicts: (firmId, filter) =>
        Effect.map(own.conflicts(firmId, filter), (found) => {
          const event = filter.id === undefined ? undefined : events.get(filter.id)
          return event?.firmId === firmId ? [event] : found
        })
    }
  }),
  "records outside the transaction": inCases((own) => ({ record: (event) => escaped(own.record(event)) }))
}
