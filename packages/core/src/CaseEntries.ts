/**
 * Cases and clients that the platform itself enters, without a CRM: plain cases, until a person or an import links one
 * to its record in a CRM. Linking never guesses by phone or e-mail, and never gives one record two cases.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import {
  type Case,
  type CaseEntry,
  CaseId,
  type Client,
  type ClientId,
  type CaseEvent,
  type ExternalCaseId,
  isLinked,
  noConnection
} from "./domain/Case.ts"
import { type ConnectionId, isErasing } from "./domain/Connection.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { Priority } from "./domain/Job.ts"
import { plainCase, plainClient } from "./domain/PlainCase.ts"
import { FieldProblem } from "./domain/Receipt.ts"
import { CaseNotFound } from "./Outbox.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

export class EntryInvalid extends Schema.TaggedError<EntryInvalid>()("EntryInvalid", {
  errors: Schema.Array(FieldProblem)
}) {}
/** The record has a case already, or this case has a record. */
export class AlreadyLinked extends Schema.TaggedError<AlreadyLinked>()("AlreadyLinked", { caseId: CaseId }) {}

export type ClientInput = Pick<Client, "firstName" | "lastName" | "email" | "phone">

export interface CaseInput {
  readonly name?: string
  readonly caseType: string
  readonly status?: string
  readonly client: ClientInput | { readonly id: ClientId }
  readonly entry: CaseEntry
}

export class CaseEntries extends Context.Service<
  CaseEntries,
  {
    readonly createClient: (firmId: FirmId, input: ClientInput) => Effect.Effect<Client, EntryInvalid>
    /** `by` is the person or import that entered it. */
    readonly createCase: (firmId: FirmId, input: CaseInput, by: string) => Effect.Effect<Case, EntryInvalid>
    /** Gives a plain case its record in a CRM and has it read. */
    readonly link: (
      firmId: FirmId,
      id: CaseId,
      to: { readonly connectionId: ConnectionId; readonly externalId: ExternalCaseId },
      by: string
    ) => Effect.Effect<Case, CaseNotFound | ConnectionNotFound | AlreadyLinked>
  }
>()("@casewire/core/CaseEntries") {
  static readonly layer = Layer.effect(
    CaseEntries,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const projection = yield* Projection
      const storage = yield* Storage

      const clientOf = Effect.fnUntraced(function* (firmId: FirmId, input: ClientInput) {
        const [firstName, lastName] = [input.firstName.trim(), input.lastName.trim()]
        const errors = [
          ...(firstName === "" ? [{ field: "client.firstName", code: "empty" }] : []),
          ...(lastName === "" ? [{ field: "client.lastName", code: "empty" }] : [])
        ]
        if (errors.length > 0) return yield* new EntryInvalid({ errors })
        const words = {
          firstName,
          lastName,
          fullName: `${firstName} ${lastName}`,
          email: input.email.trim(),
          phone: input.phone.trim()
        }
        const client = plainClient(firmId, yield* newId, words, yield* Clock.currentTimeMillis)
        return client
      })

      const createClient = Effect.fn("CaseEntries.createClient")(function* (firmId: FirmId, input: ClientInput) {
        const client = yield* clientOf(firmId, input)
        yield* cases.saveClient(client)
        return client
      })

      const createCase = Effect.fn("CaseEntries.createCase")(function* (firmId: FirmId, input: CaseInput, by: string) {
        const fresh = "id" in input.client ? undefined : yield* clientOf(firmId, input.client)
        const known =
          "id" in input.client ? Option.getOrUndefined(yield* cases.client(firmId, input.client.id)) : undefined
        const client = fresh ?? known
        if (client === undefined) return yield* new EntryInvalid({ errors: [{ field: "client.id", code: "unknown" }] })
        const now = yield* Clock.currentTimeMillis
        const { caseType, entry, name = "", status = null } = input
        const created = plainCase(client, yield* newId, { name: name.trim(), caseType, status, entry }, now)
        const made: Omit<CaseEvent, "id" | "firmId" | "caseId" | "at"> = {
          kind: "created",
          cause: by,
          before: null,
          after: null
        }
        yield* storage.withCase(
          { connectionId: noConnection, externalCaseId: created.id },
          Effect.gen(function* () {
            if (fresh !== undefined) yield* cases.saveClient(fresh)
            yield* cases.save(created)
            yield* projection.record(created, made)
          })
        )
        return created
      })

      const link: CaseEntries["Service"]["link"] = Effect.fn("CaseEntries.link")(function* (firmId, id, to, by) {
        const { connectionId, externalId } = to
        const connection = yield* connections.get(firmId, connectionId)
        if (isErasing(connection)) return yield* new ConnectionNotFound({ connectionId })
        return yield* storage.withCase(
          { connectionId, externalCaseId: externalId },
          Effect.gen(function* () {
            const present = Option.getOrUndefined(yield* cases.get(firmId, id))
            if (present === undefined) return yield* new CaseNotFound({ caseId: id })
            if (isLinked(present)) return yield* new AlreadyLinked({ caseId: id })
            const owner = yield* cases.findExternal(firmId, connectionId, externalId)
            if (Option.isSome(owner)) return yield* new AlreadyLinked({ caseId: owner.value.id })
            const now = yield* Clock.currentTimeMillis
            const linked: Case = { ...present, connectionId, externalId, awaitsFirstSync: true, updatedAt: now }
            yield* cases.save(linked)
            yield* projection.record(linked, { kind: "linked", cause: by, before: null, after: externalId })
            yield* projection.markDirty(connection, externalId, linked, Priority.person)
            return { ...linked, dirtySince: now }
          })
        )
      })

      return CaseEntries.of({ createClient, createCase, link })
    })
  )
}
