/**
 * The ready-made rehearsal connection of `casewire start`: a firm, a connection to the sandbox that is verified and
 * switched on, and a webhook row in the sandbox that points back here. Made once; the sandbox forgets everything when
 * it stops, so the row is registered anew at each start, with a fresh token.
 */
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Setup } from "@casewire/core/Setup"
import type { Connection } from "@casewire/core/domain/Connection"
import type { Rehearsal } from "@casewire/api/Session"
import { demoPortal } from "@casewire/lawruler-sandbox"
import { Effect, Redacted, Stream } from "effect"
import { demoFirm } from "./DemoFirm.ts"
import { StartRefused } from "./Settings.ts"

/** What the console's connect form is filled in with by whoever wants to try it. */
export const rehearsalWith = (sandboxUrl: string): Rehearsal => {
  const { clientSecret, key, password, root, username } = demoPortal
  return {
    plugin: "law-ruler",
    name: "Harbor Law (sandbox)",
    url: sandboxUrl,
    callLimit: 600,
    values: { username, password, clientRoot: root, clientSecret, key }
  }
}

const findOrMake = Effect.fnUntraced(function* () {
  const connections = yield* ConnectionStore
  const setup = yield* Setup
  const known = (yield* connections.list(demoFirm)).find(({ sandbox }) => sandbox)
  if (known !== undefined) return known
  const { url: _, ...input } = rehearsalWith("")
  const made = yield* setup.connect(demoFirm, { ...input, sandbox: true })
  return yield* setup.setToggles(demoFirm, made.id, {
    enabled: true,
    receive: true,
    send: true,
    sendFields: true,
    sendMessages: true,
    sendCalls: true,
    sendDocuments: false,
    syncStatuses: true
  })
})

/** Connects the sandbox: sign-in checked, webhook registered. Answers the connection. */
export const offerDemo = Effect.fn("DemoConnection.offerDemo")(
  function* (options: {
    readonly sandboxUrl: string
    readonly hostUrl: string
  }): Effect.fn.Return<Connection, unknown, Setup | ConnectionStore> {
    const setup = yield* Setup
    const connection = yield* findOrMake()
    yield* post(options.sandboxUrl, "settings", {
      rateLimit: { limit: 600, windowSeconds: 60, retryAfterHeader: true }
    })
    yield* Stream.runDrain(setup.verify(demoFirm, connection.id))
    const token = yield* setup.issueWebhookToken(demoFirm, connection.id, 0)
    yield* post(options.sandboxUrl, "webhooks", {
      name: "Casewire",
      url: `${options.hostUrl}/webhooks/law-ruler?token=${Redacted.value(token)}`,
      caseTypes: "all",
      statuses: "all"
    })
    return connection
  },
  (effect) =>
    Effect.mapError(
      effect,
      (cause) => new StartRefused({ message: `the demo connection could not be made: ${String(cause)}`, exit: 1 })
    )
)

const post = (sandboxUrl: string, what: string, body: unknown) =>
  Effect.tryPromise(async () => {
    const response = await fetch(`${sandboxUrl}/_sandbox/portals/${demoPortal.root}/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body)
    })
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} for ${what}`)
  })
