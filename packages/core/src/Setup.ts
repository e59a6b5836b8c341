/**
 * Setting a connection up: credentials, named checks, the webhook's token, switches, case-type links and aliases.
 *
 * Credentials are checked by the plugin's declaration before anything is stored or any socket opened. Switching intake
 * back on reads every lead whose webhook was ignored meanwhile.
 */
import { Clock, Context, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { CatchUp } from "./CatchUp.ts"
import { CrmConnections } from "./CrmConnections.ts"
import { callBudget, checkCredentials, type PluginManifest } from "./CrmPlugin.ts"
import { callBudgetCheck, callLimitRange } from "./domain/CallBudget.ts"
import { type Connection, ConnectionId, isEnded, isErasing } from "./domain/Connection.ts"
import type { FlatRecord } from "./domain/FlatRecord.ts"
import { holderOf } from "./domain/Held.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { type CaseTypeLink, checkLinks } from "./domain/Mapping.ts"
import { FieldProblem } from "./domain/Receipt.ts"
import { afterToggles } from "./domain/StatusResume.ts"
import { allOff, switched, type Toggles } from "./domain/Toggles.ts"
import { normaliseKey } from "./domain/WebhookFields.ts"
import { ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmCheck, type CrmError } from "./ports/Crm.ts"
import { CrmGateway } from "./ports/CrmHttp.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Queue } from "./ports/Queue.ts"
import { Storage } from "./ports/Storage.ts"

/** What the caller sent cannot be saved; every problem names its field. */
export class SetupInvalid extends Schema.TaggedError<SetupInvalid>()("SetupInvalid", {
  subject: Schema.Literals(["connection", "links", "aliases"]),
  errors: Schema.Array(FieldProblem)
}) {}

export interface NewConnection {
  readonly plugin: string
  readonly name: string
  readonly sandbox: boolean
  readonly callLimit: number | null
  readonly values: Readonly<Record<string, string>>
}

export class Setup extends Context.Service<
  Setup,
  {
    /** Saves a new connection with every switch off. Nothing is called. */
    readonly connect: (firmId: FirmId, input: NewConnection) => Effect.Effect<Connection, SetupInvalid>
    /** Replaces credentials; calls that were stopped by a failed sign-in go on after the next `verify`. */
    readonly reconnect: (
      firmId: FirmId,
      id: ConnectionId,
      values: Readonly<Record<string, string>>
    ) => Effect.Effect<Connection, SetupInvalid | ConnectionNotFound>
    /** Runs the CRM's named checks, each shown as it ends; at the end the connection's state is what they found. */
    readonly verify: (firmId: FirmId, id: ConnectionId) => Stream.Stream<CrmCheck, CrmError | ConnectionNotFound>
    /**
     * `locked`: options that the token's URL fixes. Earlier tokens end after `overlapMs`; with `beside` they stay valid,
     * so that each of several webhooks of the CRM has a URL of its own.
     */
    readonly issueWebhookToken: (
      firmId: FirmId,
      id: ConnectionId,
      overlapMs: number,
      options?: { readonly locked?: FlatRecord; readonly beside?: boolean }
    ) => Effect.Effect<Redacted.Redacted<string>, ConnectionNotFound>
    /** What changes is written into the log of switches in the same transaction; `by` is who asked for it. */
    readonly setToggles: (
      firmId: FirmId,
      id: ConnectionId,
      toggles: Toggles,
      by?: string
    ) => Effect.Effect<Connection, ConnectionNotFound>
    readonly setLinks: (
      firmId: FirmId,
      id: ConnectionId,
      links: ReadonlyArray<CaseTypeLink>
    ) => Effect.Effect<Connection, SetupInvalid | ConnectionNotFound>
    /** Calls in the plugin's window; null takes the plugin's own limit. Calls that wait already keep to it. */
    readonly setCallLimit: (
      firmId: FirmId,
      id: ConnectionId,
      callLimit: number | null
    ) => Effect.Effect<Connection, SetupInvalid | ConnectionNotFound>
    readonly setAliases: (
      firmId: FirmId,
      id: ConnectionId,
      aliases: Readonly<Record<string, ReadonlyArray<string>>>
    ) => Effect.Effect<Connection, SetupInvalid | ConnectionNotFound>
  }
>()("@casewire/core/Setup") {
  static readonly layer = Layer.effect(
    Setup,
    Effect.gen(function* () {
      const catchUp = yield* CatchUp
      const connections = yield* ConnectionStore
      const crms = yield* CrmConnections
      const gateway = yield* CrmGateway
      const plugins = yield* Plugins
      const queue = yield* Queue
      const storage = yield* Storage

      const checked = Effect.fnUntraced(function* (plugin: string, values: Readonly<Record<string, string>>) {
        const manifest = plugins.manifest(plugin)
        if (Option.isNone(manifest)) return yield* invalid([{ field: "plugin", code: "unknown" }])
        const errors = checkCredentials(manifest.value, values)
        return errors.length > 0 ? yield* invalid(errors) : manifest.value
      })

      /** A connection that can be set up; one that is being erased is not there any more. */
      const live = Effect.fnUntraced(function* (firmId: FirmId, id: ConnectionId) {
        const connection = yield* connections.get(firmId, id)
        return isErasing(connection) ? yield* new ConnectionNotFound({ connectionId: id }) : connection
      })
      const update = Effect.fnUntraced(function* (
        firmId: FirmId,
        id: ConnectionId,
        change: (connection: Connection) => Connection
      ) {
        yield* live(firmId, id)
        return yield* connections.update(firmId, id, (present) => (isErasing(present) ? present : change(present)))
      })

      // The gateway proves that the settings stay within the plugin's origins; a label that passes the pattern and
      // still leads elsewhere is refused here, before it is stored.
      const proven = (connection: Connection, manifest: PluginManifest) =>
        gateway
          .open(connection, manifest)
          .pipe(
            Effect.mapError(({ reason }) =>
              reason._tag === "CrmOriginRefused"
                ? new SetupInvalid({ subject: "connection", errors: [{ field: reason.field, code: "origin-refused" }] })
                : new SetupInvalid({ subject: "connection", errors: [{ field: "connection", code: reason._tag }] })
            )
          )

      const connect = Effect.fn("Setup.connect")(function* (firmId: FirmId, input: NewConnection) {
        const manifest = yield* checked(input.plugin, input.values)
        yield* checkCallLimit(input.callLimit)
        const now = yield* Clock.currentTimeMillis
        const connection: Connection = {
          id: ConnectionId.make(yield* newId),
          firmId,
          plugin: input.plugin,
          name: input.name.trim() === "" ? manifest.name : input.name.trim(),
          state: "new",
          sandbox: input.sandbox,
          settings: publicValues(manifest, input.values),
          callLimit: input.callLimit,
          toggles: allOff,
          caseTypeLinks: [],
          aliases: {},
          cursor: null,
          health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
          createdAt: now,
          updatedAt: now
        }
        yield* proven(connection, manifest)
        yield* connections.save(connection, secretValues(manifest, input.values))
        return connection
      })

      const reconnect = Effect.fn("Setup.reconnect")(function* (
        firmId: FirmId,
        id: ConnectionId,
        values: Readonly<Record<string, string>>
      ) {
        const before = yield* live(firmId, id)
        const manifest = yield* checked(before.plugin, values)
        const now = yield* Clock.currentTimeMillis
        const renewed = (present: Connection): Connection => ({
          ...present,
          settings: publicValues(manifest, values),
          state: "new",
          updatedAt: now
        })
        yield* proven(renewed(before), manifest)
        const after = yield* storage.atomically(
          Effect.gen(function* () {
            const present = renewed(yield* live(firmId, id))
            yield* connections.save(present, secretValues(manifest, values))
            return present
          })
        )
        yield* crms.forget(id)
        return after
      })

      const verify = (firmId: FirmId, id: ConnectionId) =>
        Stream.unwrap(
          Effect.gen(function* () {
            yield* live(firmId, id)
            // A fresh sign-in: what was cached may hold yesterday's password.
            yield* crms.forget(id)
            let isWorking = true
            const conclude = connections.update(firmId, id, (connection) => ({
              ...connection,
              // A firm that ended it meanwhile did not mean to have it back.
              ...(isEnded(connection) ? {} : { state: isWorking ? "connected" : "reconnect-needed" })
            }))
            // Counted by the host, over every connection of the account; shown also where the CRM refuses more calls.
            const budget = Stream.fromEffect(
              Effect.gen(function* () {
                const connection = yield* connections.get(firmId, id)
                const manifest = Option.getOrThrow(plugins.manifest(connection.plugin))
                const usage = yield* gateway.usage(connection, manifest)
                const limit = callBudget(connection, manifest)
                return callBudgetCheck(limit, connection.callLimit !== null, usage, yield* Clock.currentTimeMillis)
              })
            )
            return Stream.unwrap(Effect.map(Crm, (crm) => crm.verify)).pipe(
              Stream.catchTag("CrmError", (error) =>
                error.reason._tag === "CrmRateLimited" ? Stream.concat(budget, Stream.fail(error)) : Stream.fail(error)
              ),
              Stream.concat(budget),
              Stream.tap((check) =>
                Effect.sync(() => {
                  if (check.required && !check.ok) isWorking = false
                })
              ),
              Stream.concat(Stream.drain(Stream.fromEffect(conclude))),
              Stream.provide(crms.get(firmId, id))
            )
          })
        )

      const issueWebhookToken = Effect.fn("Setup.issueWebhookToken")(function* (
        firmId: FirmId,
        id: ConnectionId,
        overlapMs: number,
        { beside = false, locked = [] }: { readonly locked?: FlatRecord; readonly beside?: boolean } = {}
      ) {
        yield* live(firmId, id)
        const now = yield* Clock.currentTimeMillis
        const token = yield* connections.issueToken(
          { _tag: "Webhook", firmId, connectionId: id, ...(locked.length === 0 ? {} : { locked }) },
          { earlierUntil: beside ? lastInstant : now + overlapMs }
        )
        yield* update(firmId, id, (present) => ({ ...present, webhookTokenAt: now }))
        return token
      })

      const setToggles = Effect.fn("Setup.setToggles")(function* (
        firmId: FirmId,
        id: ConnectionId,
        toggles: Toggles,
        by = "casewire"
      ) {
        const now = yield* Clock.currentTimeMillis
        const held = yield* queue.find(firmId, { connectionId: id, states: ["held"], work: ["PushStatus"] })
        const waits = held.some(({ reason }) => holderOf(reason) === "switch")
        const after = yield* storage.atomically(
          Effect.gen(function* () {
            const { toggles: before } = yield* live(firmId, id)
            const changed = yield* update(firmId, id, (connection) =>
              afterToggles(connection, { ...connection, toggles, updatedAt: now, catchUpDue: now }, waits, now)
            )
            const { off, on } = switched({ before, after: toggles })
            if (on.length + off.length > 0)
              yield* connections.logSwitches(firmId, id, { at: now, by, before, after: toggles })
            return changed
          })
        )
        yield* catchUp.run(after)
        return after
      })

      const setLinks = Effect.fn("Setup.setLinks")(function* (
        firmId: FirmId,
        id: ConnectionId,
        links: ReadonlyArray<CaseTypeLink>
      ) {
        const problems = checkLinks(links)
        if (problems.length > 0) {
          const errors = problems.map(({ code, index }) => ({ field: `links[${index}]`, code }))
          return yield* new SetupInvalid({ subject: "links", errors })
        }
        return yield* update(firmId, id, (connection) => ({ ...connection, caseTypeLinks: links }))
      })

      const setCallLimit = Effect.fn("Setup.setCallLimit")(function* (
        firmId: FirmId,
        id: ConnectionId,
        callLimit: number | null
      ) {
        yield* checkCallLimit(callLimit)
        const now = yield* Clock.currentTimeMillis
        return yield* update(firmId, id, (connection) => ({ ...connection, callLimit, updatedAt: now }))
      })

      const setAliases = Effect.fn("Setup.setAliases")(function* (
        firmId: FirmId,
        id: ConnectionId,
        aliases: Readonly<Record<string, ReadonlyArray<string>>>
      ) {
        const connection = yield* live(firmId, id)
        const manifest = Option.getOrThrow(plugins.manifest(connection.plugin))
        const errors = checkAliases(manifest, aliases)
        if (errors.length > 0) return yield* new SetupInvalid({ subject: "aliases", errors })
        return yield* update(firmId, id, (present) => ({ ...present, aliases }))
      })

      return Setup.of({ connect, reconnect, verify, issueWebhookToken, setToggles, setLinks, setCallLimit, setAliases })
    })
  ).pipe(Layer.provide(CatchUp.layer))
}

const invalid = (errors: ReadonlyArray<FieldProblem>) => new SetupInvalid({ subject: "connection", errors })

const checkCallLimit = (callLimit: number | null) =>
  callLimit !== null &&
  !(Number.isInteger(callLimit) && callLimit >= callLimitRange.minimum && callLimit <= callLimitRange.maximum)
    ? invalid([{ field: "callLimit", code: "out-of-range" }])
    : Effect.void

const publicValues = (manifest: PluginManifest, values: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    manifest.credentials.flatMap(({ name, secret }) =>
      secret || values[name] === undefined ? [] : [[name, values[name]]]
    )
  )

const secretValues = (manifest: PluginManifest, values: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    manifest.credentials.flatMap(({ name, secret }) =>
      secret && values[name] !== undefined ? [[name, Redacted.make(values[name])]] : []
    )
  )

/** An alias must name a required field, be usable as a key, and not mean another field already. */
export const checkAliases = (
  manifest: PluginManifest,
  aliases: Readonly<Record<string, ReadonlyArray<string>>>
): ReadonlyArray<FieldProblem> => {
  const taken = new Map<string, string>()
  for (const field of manifest.webhook.required)
    for (const key of [field.name, ...field.aliases]) taken.set(normaliseKey(key), field.name)
  for (const option of manifest.webhook.options) taken.set(normaliseKey(option), option)
  return Object.entries(aliases).flatMap(([field, keys]): ReadonlyArray<FieldProblem> => {
    if (!manifest.webhook.required.some(({ name }) => name === field))
      return [{ field: "aliases", code: "unknown-field" }]
    return keys.flatMap((key): ReadonlyArray<FieldProblem> => {
      const normal = normaliseKey(key)
      if (normal === "" || key.length > 100) return [{ field, code: "unusable-key" }]
      const owner = taken.get(normal)
      if (owner !== undefined && owner !== field) return [{ field, code: "key-means-another-field" }]
      taken.set(normal, field)
      return []
    })
  })
}

/** The last moment that a clock can show. */
const lastInstant = 8_640_000_000_000_000
