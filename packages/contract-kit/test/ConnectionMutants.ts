/** Connection stores that break one promise each. */
import { Clock, Effect, Option, Redacted } from "effect"
import { connection, firm } from "../src/samples.ts"
import { escaped, inConnections, ofAll, type Mutant } from "./Breaking.ts"

export const connectionMutants: Record<string, Mutant> = {
  "renames firms": inConnections((own) => {
    const names = new Map<string, string>()
    return {
      saveFirm: (value) =>
        Effect.andThen(
          own.saveFirm(value),
          Effect.sync(() => names.set(value.id, value.name))
        ),
      firms: Effect.map(own.firms, (firms) => firms.map((each) => ({ ...each, name: names.get(each.id) ?? each.name })))
    }
  }),
  "loses the cursor": inConnections((own) => ({
    save: (value, secrets) => own.save({ ...value, cursor: null }, secrets)
  })),
  "merges settings": inConnections((own) => ({
    save: (value, secrets) =>
      Effect.flatMap(Effect.option(own.get(value.firmId, value.id)), (before) =>
        own.save(
          Option.isSome(before) ? { ...value, settings: { ...before.value.settings, ...value.settings } } : value,
          secrets
        )
      )
  })),
  "invents connections": inConnections((own) => ({
    get: (firmId, id) => Effect.catch(own.get(firmId, id), () => Effect.succeed(connection))
  })),
  "lists the connections of all": inConnections((own) => ({ list: () => ofAll((firmId) => own.list(firmId)) })),
  "shows credentials to all": inConnections((own) => ({
    credentials: (firmId, id) => Effect.catch(own.credentials(firmId, id), () => own.credentials(firm.id, id))
  })),
  "lets firms write each other's connections": inConnections((own) => ({
    save: (value, secrets) =>
      Effect.flatMap(Effect.option(own.get(firm.id, value.id)), (owner) =>
        own.save(Option.isSome(owner) ? { ...value, firmId: firm.id } : value, secrets)
      )
  })),
  "trims credentials": inConnections((own) => ({
    credentials: (firmId, id) =>
      Effect.map(own.credentials(firmId, id), (kept) =>
        Object.fromEntries(
          Object.entries(kept).map(([name, value]) => [name, Redacted.make(Redacted.value(value).trim())])
        )
      )
  })),
  "hands credentials out in the open": inConnections((own) => ({
    credentials: (firmId, id) =>
      Effect.map(own.credentials(firmId, id), (kept) =>
        Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, Redacted.value(value) as never]))
      )
  })),
  "invents credentials": inConnections((own) => ({
    credentials: (firmId, id) =>
      Effect.map(own.credentials(firmId, id), (kept) => ({ user: Redacted.make("admin"), ...kept }))
  })),
  "forgets credentials with a save": inConnections((own) => ({
    save: (value, secrets = {}) => own.save(value, secrets)
  })),
  "merges credentials": inConnections((own) => ({
    save: (value, secrets) =>
      Effect.flatMap(Effect.option(own.credentials(value.firmId, value.id)), (before) =>
        own.save(value, secrets === undefined ? secrets : { ...Option.getOrElse(before, () => ({})), ...secrets })
      )
  })),
  "forgets updates": inConnections((own) => ({
    update: (firmId, id, change) => Effect.map(own.get(firmId, id), change)
  })),
  "updates in two steps": inConnections((own) => ({
    update: (firmId, id, change) =>
      Effect.gen(function* () {
        const changed = change(yield* own.get(firmId, id))
        yield* Effect.yieldNow
        yield* own.save(changed)
        return changed
      })
  })),
  "saves connections outside the transaction": inConnections((own) => ({
    save: (value, secrets) => escaped(own.save(value, secrets))
  })),
  "swallows a change that throws": inConnections((own) => ({
    update: (firmId, id, change) => Effect.catchDefect(own.update(firmId, id, change), () => own.get(firmId, id))
  })),
  "forgets the log of switches": inConnections(() => ({ logSwitches: () => Effect.void })),
  "shows the log of switches the oldest first": inConnections((own) => ({
    switchLog: (firmId, id, { limit }) =>
      Effect.map(own.switchLog(firmId, id, { limit: 1000 }), (lines) => lines.toReversed().slice(0, limit))
  })),
  "shows one log of switches to all": inConnections((own) => ({
    switchLog: (_, __, options) => own.switchLog(firm.id, connection.id, options)
  })),
  "logs switches outside the transaction": inConnections((own) => ({
    logSwitches: (firmId, id, change) => escaped(own.logSwitches(firmId, id, change))
  })),
  "finds no tokens": inConnections(() => ({
    connectionOfToken: () => Effect.succeed(Option.none()),
    firmOfToken: () => Effect.succeed(Option.none())
  })),
  "forgets scopes": inConnections((own) => ({
    firmOfToken: (token) =>
      Effect.map(
        own.firmOfToken(token),
        Option.map((caller) => ({ ...caller, scopes: null }))
      )
  })),
  "makes short tokens": inConnections((own) => {
    const tokens = new Map<string, string>()
    return {
      issueToken: (owner, options) =>
        Effect.map(own.issueToken(owner, options), (token) => {
          const short = Redacted.value(token).slice(0, 12)
          tokens.set(short, Redacted.value(token))
          return Redacted.make(short)
        }),
      connectionOfToken: (token) => own.connectionOfToken(tokens.get(token) ?? "")
    }
  }),
  "compares the beginning of tokens": inConnections((own) => {
    const tokens: Array<string> = []
    return {
      issueToken: (owner, options) =>
        Effect.tap(own.issueToken(owner, options), (token) => Effect.sync(() => tokens.push(Redacted.value(token)))),
      connectionOfToken: (token) => own.connectionOfToken(tokens.find((each) => each.startsWith(token)) ?? "")
    }
  }),
  "revokes no tokens": inConnections((own) => ({
    issueToken: (owner) => own.issueToken(owner, { earlierUntil: Number.MAX_SAFE_INTEGER })
  })),
  "fixes nothing": inConnections((own) => ({
    issueToken: (owner, options) => {
      if (owner._tag === "Api") return own.issueToken(owner, options)
      const { locked: _, ...rest } = owner
      return own.issueToken(rest, options)
    }
  })),
  "knows no overlap": inConnections((own) => ({ issueToken: (owner) => own.issueToken(owner) })),
  "revives tokens": inConnections((own) => {
    const until = new Map<string, number>()
    return {
      issueToken: (owner, options) =>
        Effect.tap(own.issueToken(owner, options), (token) =>
          Effect.sync(() => {
            for (const each of until.keys()) until.set(each, options?.earlierUntil ?? 0)
            until.set(Redacted.value(token), Infinity)
          })
        ),
      connectionOfToken: (token) =>
        Effect.map(Clock.currentTimeMillis, (now) =>
          (until.get(token) ?? 0) > now ? Option.some(connection) : Option.none()
        )
    }
  }),
  "keeps one token": inConnections((own) => {
    let last = ""
    return {
      issueToken: (owner, options) =>
        Effect.tap(own.issueToken(owner, options), (token) => Effect.sync(() => (last = Redacted.value(token)))),
      connectionOfToken: (token) => (token === last ? own.connectionOfToken(token) : Effect.succeed(Option.none()))
    }
  }),
  "takes any token for a webhook's": inConnections((own) => ({
    connectionOfToken: (token) =>
      Effect.flatMap(own.firmOfToken(token), (caller) =>
        Option.isSome(caller) ? Effect.succeed(Option.some(connection)) : own.connectionOfToken(token)
      )
  })),
  "remembers connections as they were": inConnections((own) => ({
    connectionOfToken: (token) =>
      Effect.map(
        own.connectionOfToken(token),
        Option.map(({ id }) => ({ ...connection, id }))
      )
  }))
}
