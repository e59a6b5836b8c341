/** The firm of a host that was only just started, and its token. */
import { FirmId } from "@casewire/core/domain/Ids"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Clock, Effect, Redacted } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"

export const demoFirm = FirmId.make("demo-firm")

/** Gives the firm's API token; made at the first start and kept in a file that only this user can read. */
export const apiToken = Effect.fn("DemoFirm.apiToken")(function* (file: string) {
  const connections = yield* ConnectionStore
  yield* connections.saveFirm({ id: demoFirm, name: "Demo firm", createdAt: yield* Clock.currentTimeMillis })
  if (existsSync(file)) {
    const known = readFileSync(file, "utf8").trim()
    if ((yield* connections.firmOfToken(known))._tag === "Some") return known
  }
  const token = Redacted.value(yield* connections.issueToken({ _tag: "Api", firmId: demoFirm, name: "first start" }))
  writeFileSync(file, `${token}\n`, { mode: 0o600 })
  return token
})
