import { Console, Effect, Layer, Redacted } from "effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { layer as layerServer, ListeningAddress } from "@casewire/adapters-http/Server"
import { layerCore } from "../src/Host.ts"
import { readSettings } from "../src/Settings.ts"
import { Setup } from "@casewire/core/Setup"
import { FirmId } from "@casewire/core/domain/Ids"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
const data = mkdtempSync(join(tmpdir(), "bench-"))
process.env["CASEWIRE_DATA"] = data
const main = Effect.gen(function* () {
  const settings = { ...(yield* readSettings), data, port: 0 } as any
  const program = Effect.gen(function* () {
    const { url } = yield* ListeningAddress
    const setup = yield* Setup
    const cs = yield* ConnectionStore
    const firmId = FirmId.make("bench")
    yield* cs.saveFirm({ id: firmId, name: "x", createdAt: 1 })
    const c = yield* setup.connect(firmId, { plugin: "law-ruler", name: "x", sandbox: false, callLimit: null, values: { username: "u", password: "p", clientRoot: "harbor", clientSecret: "s", key: "k" } })
    yield* setup.setToggles(firmId, c.id, { enabled: true, receive: true, send: true, sendFields: true, sendMessages: true, sendCalls: true, sendDocuments: false, syncStatuses: true })
    const t = yield* setup.issueWebhookToken(firmId, c.id, 0)
    writeFileSync("/tmp/bench-host.json", JSON.stringify({ url: `${url}/webhooks/law-ruler?token=${Redacted.value(t)}`, pid: process.pid }))
    yield* Console.log("up", url)
    return yield* Effect.never
  })
  yield* Effect.provide(program, layerServer({ host: "127.0.0.1", port: 0 }).pipe(Layer.provideMerge(layerCore(settings))))
})
Effect.runPromise(main as any).catch((e) => { console.error(e); process.exit(1) })
process.on("SIGINT", () => process.exit(0))
