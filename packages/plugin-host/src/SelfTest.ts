/**
 * What every version must show before anybody is served by it: it can make a connection, answers what needs no CRM, and
 * says so in the contract's words where the CRM cannot be reached. The door is shut: nothing leaves.
 */
import type { PluginConnection, PluginManifest } from "@casewire/core/CrmPlugin"
import { Crm, CrmError, CrmUnreachable } from "@casewire/core/ports/Crm"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Effect, Exit, Layer, Redacted, Schema } from "effect"
import { remoteCrm } from "./RemoteCrm.ts"
import type { RunningPlugin } from "./RunningPlugin.ts"

export class SelfTestFailed extends Schema.TaggedError<SelfTestFailed>()("SelfTestFailed", {
  message: Schema.String
}) {}

/** A door that leads nowhere. */
export const shutDoor: Layer.Layer<CrmHttp> = Layer.succeed(CrmHttp, {
  send: () => Effect.fail(new CrmError({ reason: new CrmUnreachable({ message: "this is a test of the plugin" }) }))
})

/** Values that fit the plugin's form where its placeholders do, and are nobody's. */
export const nobody = (manifest: PluginManifest): PluginConnection => {
  const values = (isSecret: boolean) =>
    manifest.credentials
      .filter(({ secret }) => secret === isSecret)
      .map(({ name, placeholder }) => [name, placeholder === "" ? "self-test" : placeholder] as const)
  return {
    connectionId: "self-test",
    settings: Object.fromEntries(values(false)),
    secrets: Object.fromEntries(values(true).map(([name, value]) => [name, Redacted.make(value)]))
  }
}

export const selfTest = Effect.fn("SelfTest.run")(function* (running: RunningPlugin) {
  const { manifest } = running.version
  const faultsBefore = running.faults()
  const required = manifest.webhook.required.map((field) => [field.name, "1"] as const)
  yield* Effect.gen(function* () {
    const crm = yield* Crm
    const none = yield* crm.decode({ receipts: [] })
    if (none.length !== 0) return yield* failed("it made something of no receipts")
    const receipt = { receiptId: "self-test", receivedAt: 0, entries: required, aliases: {} }
    const one = yield* crm.decode({ receipts: [receipt] })
    if (one.length !== 1) return yield* failed("it did not answer one change for one receipt")
    const catalog = yield* Effect.exit(crm.catalog({}))
    if (Exit.isFailure(catalog) && running.faults() > faultsBefore)
      return yield* failed("it did not say in the contract's words that the CRM cannot be reached")
  }).pipe(
    Effect.provide(remoteCrm(running, nobody(manifest)).pipe(Layer.provide(shutDoor))),
    Effect.catchTag("CrmError", ({ message }) => failed(message))
  )
  if (running.faults() > faultsBefore) return yield* failed("it failed while it was tested")
})

const failed = (message: string) => Effect.fail(new SelfTestFailed({ message }))
