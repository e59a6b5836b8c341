/**
 * The connection of a plugin that is being developed: to its own sandbox, signed in, every switch on that the plugin
 * can follow, and the sandbox told where to post. Found again by its plugin; the webhook token is new each time.
 */
import type { Connection } from "@casewire/core/domain/Connection"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { Setup } from "@casewire/core/Setup"
import type { StartedSandbox } from "@casewire/plugin-kit/SandboxProcess"
import { Effect, Redacted, Stream } from "effect"
import { demoFirm } from "./DemoFirm.ts"
import { StartRefused } from "./Settings.ts"

export const offerConnection = Effect.fn("DevConnection.offer")(
  function* (
    manifest: PluginManifest,
    sandbox: StartedSandbox,
    hostUrl: string
  ): Effect.fn.Return<
    { readonly connection: Connection; readonly failed: ReadonlyArray<string> },
    unknown,
    Setup | ConnectionStore
  > {
    const setup = yield* Setup
    const connections = yield* ConnectionStore
    const known = (yield* connections.list(demoFirm)).find(({ plugin }) => plugin === manifest.id)
    const connection = known ?? (yield* made(manifest, sandbox.credentials))
    const checks = yield* Stream.runCollect(setup.verify(demoFirm, connection.id))
    const token = yield* setup.issueWebhookToken(demoFirm, connection.id, 0)
    yield* sandbox.postWebhooksTo(`${hostUrl}/webhooks/${manifest.id}?token=${Redacted.value(token)}`)
    return { connection, failed: [...checks].filter(({ ok }) => !ok).map(({ detail, label }) => `${label}: ${detail}`) }
  },
  (effect) =>
    Effect.mapError(
      effect,
      (cause) =>
        new StartRefused({ message: `the connection to the sandbox could not be made: ${String(cause)}`, exit: 1 })
    )
)

const made = Effect.fnUntraced(function* (
  { capabilities, id, name }: PluginManifest,
  values: Readonly<Record<string, string>>
) {
  const setup = yield* Setup
  const input = { plugin: id, name: `${name} (sandbox)`, sandbox: true, callLimit: 6000, values }
  const connection = yield* setup.connect(demoFirm, input)
  const can = (capability: keyof typeof capabilities) => capabilities[capability] === null
  return yield* setup.setToggles(demoFirm, connection.id, {
    enabled: true,
    receive: true,
    send: true,
    sendFields: can("fields"),
    sendMessages: can("notes"),
    sendCalls: can("notes"),
    sendDocuments: false,
    syncStatuses: can("statuses")
  })
})
