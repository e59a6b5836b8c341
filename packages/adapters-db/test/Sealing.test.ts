import { describe, it } from "@effect/vitest"
import { deepStrictEqual, strictEqual } from "node:assert"
import { randomBytes } from "node:crypto"
import { readFileSync, readdirSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { Cause, Effect, Exit, Layer, Option, Redacted, Stream } from "effect"
import { CaseEvent, CaseId, Case, Client, ClientId, ExternalCaseId, ExternalClientId } from "@casewire/core/domain/Case"
import type { Connection } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import { JobId } from "@casewire/core/domain/Job"
import { unknownValue } from "@casewire/core/domain/Merge"
import { allOff } from "@casewire/core/domain/Toggles"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { Queue } from "@casewire/core/ports/Queue"
import { Storage } from "@casewire/core/ports/Storage"
import { layerDatabase, layerSqlite, rotateKek } from "../src/Sqlite.ts"
import { Database } from "../src/Database.ts"
import { StorageFailure, StoreLocked } from "../src/StorageFailure.ts"
import { connectionId, firmId, job, receipt, tempOptions } from "./TempStore.ts"

const connection: Connection = {
  id: connectionId,
  firmId,
  plugin: "any",
  name: "Main",
  state: "new",
  sandbox: false,
  settings: { root: "acme" },
  callLimit: null,
  toggles: allOff,
  caseTypeLinks: [],
  aliases: {},
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: 1,
  updatedAt: 1
}

const client: Client = {
  id: ClientId.make("client-1"),
  firmId,
  connectionId,
  externalId: ExternalClientId.make("7"),
  standing: "verified",
  firstName: "Rosalind",
  lastName: "Quackenbush",
  fullName: "Rosalind Quackenbush",
  email: "rosalind@canary.example",
  phone: "+12125550143",
  updatedAt: 1
}

const value: Case = {
  id: CaseId.make("case-1"),
  firmId,
  connectionId,
  externalId: ExternalCaseId.make("42"),
  clientId: client.id,
  standing: "verified",
  name: "Quackenbush v. Canary",
  caseType: { name: "Mass Tort" },
  status: unknownValue,
  reported: null,
  values: {},
  fields: { note: ["limps on Tuesdays"] },
  dirtySince: null,
  receiveNumber: 1,
  createdAt: 1,
  updatedAt: 1,
  externalCreatedAt: null,
  externalUpdatedAt: null,
  verifiedAt: null
}

const event: CaseEvent = {
  id: "event-1",
  firmId,
  caseId: value.id,
  at: 1,
  kind: "client-changed",
  cause: "r1",
  before: "Rosalind Quackenbush",
  after: "+12125550143"
}

const planted = [
  "Rosalind",
  "Quackenbush",
  "canary.example",
  "2125550143",
  "limps",
  "hunter2-secret",
  "whisper",
  "contract.pdf",
  "sister called"
]

/** Puts something planted into every place that holds client data or secrets; answers the webhook's token. */
const plant = Effect.gen(function* () {
  const connections = yield* ConnectionStore
  const cases = yield* CaseStore
  const storage = yield* Storage
  const documents = yield* DocumentStore
  yield* connections.saveFirm({ id: firmId, name: "Acme", createdAt: 1 })
  yield* connections.save(connection, { password: Redacted.make("hunter2-secret") })
  const token = yield* connections.issueToken({ _tag: "Webhook", firmId, connectionId })
  yield* cases.saveClient(client)
  yield* cases.save(value)
  yield* cases.record(event)
  yield* storage.receive(
    receipt("r1", { body: "first=Rosalind&phone=%2B12125550143", query: [["x", "Quackenbush"]] }),
    [
      job("j1", {
        work: {
          _tag: "AddNote",
          caseId: value.id,
          externalCaseId: value.externalId,
          source: "message",
          eventId: "e1",
          parts: [{ text: "whisper to Rosalind", marker: "m" }]
        }
      })
    ]
  )
  const said = "Rosalind’s sister called, wait"
  yield* (yield* Queue).resolve(firmId, { ids: [JobId.make("j1")] }, "hold", said)
  yield* documents.put(
    { id: "d1", firmId, name: "Quackenbush contract.pdf", contentType: "application/pdf", owner: "r1" },
    Stream.make(Buffer.from("whisper ".repeat(20_000))),
    1_000_000
  )
  return Redacted.value(token)
})

const bytesBelow = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
  )

describe("Sealing", () => {
  it.effect("keeps everything, and no name, phone, text or secret is readable on disk", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const token = yield* Effect.gen(function* () {
          const made = yield* plant
          const disk = bytesBelow(dirname(options.file))
          strictEqual(disk.length > 100_000, true)
          for (const word of [...planted, made]) strictEqual(disk.includes(word), false, word)
          return made
        }).pipe(Effect.provide(layerSqlite(options)))
        yield* Effect.gen(function* () {
          const connections = yield* ConnectionStore
          const cases = yield* CaseStore
          deepStrictEqual(yield* connections.connectionOfToken(token), Option.some(connection))
          deepStrictEqual(yield* connections.connectionOfToken(token), Option.some(connection))
          const secrets = yield* connections.credentials(firmId, connectionId)
          strictEqual(Redacted.value(secrets["password"]!), "hunter2-secret")
          deepStrictEqual(yield* cases.client(firmId, client.id), Option.some(client))
          deepStrictEqual(yield* cases.get(firmId, value.id), Option.some(value))
          deepStrictEqual(yield* cases.history(firmId, value.id), [event])
          const [found] = yield* (yield* Queue).find(firmId, {})
          strictEqual(found?.reason, "Rosalind’s sister called, wait")
          strictEqual(found?.work._tag === "AddNote" && found.work.parts[0]?.text, "whisper to Rosalind")
          const chunks = yield* Stream.runCollect((yield* DocumentStore).open(firmId, "d1"))
          strictEqual(Buffer.concat(chunks).toString(), "whisper ".repeat(20_000))
        }).pipe(Effect.provide(layerSqlite(options)))
        const disk = bytesBelow(dirname(options.file))
        for (const word of [...planted, token]) strictEqual(disk.includes(word), false, word)
      })
    )
  )

  it.effect("files are for their owner only", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Effect.gen(function* () {
          yield* plant
          for (const entry of readdirSync(dirname(options.file), { recursive: true, withFileTypes: true })) {
            const { mode } = statSync(join(entry.parentPath, entry.name))
            strictEqual(mode & 0o077, 0, entry.name)
          }
        }).pipe(Effect.provide(layerSqlite(options)))
      })
    )
  )

  it.effect("a row that was moved to another firm, or changed, does not open", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        const other = FirmId.make("firm-2")
        yield* Effect.gen(function* () {
          yield* plant
          yield* (yield* CaseStore).saveClient({ ...client, firmId: other, id: ClientId.make("theirs") })
        }).pipe(Effect.provide(layerSqlite(options)))
        yield* Effect.gen(function* () {
          const { connection } = yield* Database
          connection.exec("delete from clients where id = 'theirs'")
          connection.exec("update clients set firm_id = 'firm-2' where id = 'client-1'")
          connection.exec("update cases set body = zeroblob(length(body))")
        }).pipe(Effect.provide(layerDatabase(options)))
        yield* Effect.gen(function* () {
          const cases = yield* CaseStore
          const exits: ReadonlyArray<Exit.Exit<unknown>> = [
            yield* Effect.exit(cases.client(other, client.id)),
            yield* Effect.exit(cases.get(firmId, value.id))
          ]
          for (const exit of exits) {
            const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
            strictEqual(defect instanceof StorageFailure && defect.code, "sealed-value")
          }
        }).pipe(Effect.provide(layerSqlite(options)))
      })
    )
  )

  it.effect("another key does not open the store; a rotated one does", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const options = yield* tempOptions
        yield* Effect.asVoid(plant).pipe(Effect.provide(layerSqlite(options)))
        const next = Redacted.make<Uint8Array>(randomBytes(32))
        const refused = yield* Effect.flip(Layer.build(layerSqlite({ ...options, kek: next })))
        strictEqual(refused instanceof StoreLocked && refused.message, "key does not open this store")
        strictEqual(yield* rotateKek({ file: options.file, from: options.kek, to: next }), 1)
        strictEqual((yield* Effect.flip(Layer.build(layerSqlite(options)))) instanceof StoreLocked, true)
        yield* Effect.gen(function* () {
          deepStrictEqual(yield* (yield* CaseStore).client(firmId, client.id), Option.some(client))
        }).pipe(Effect.provide(layerSqlite({ ...options, kek: next })))
      })
    )
  )
})
