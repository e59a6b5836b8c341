/** One of everything that a connection can have, planted through the ports, and a look at all of it. */
import { Effect, Exit, Option, Stream } from "effect"
import {
  type Case,
  type Client,
  ClientId,
  ExternalCaseId,
  ExternalClientId,
  noConnection
} from "@casewire/core/domain/Case"
import type { Connection } from "@casewire/core/domain/Connection"
import { newId } from "@casewire/core/domain/Ids"
import { JobId } from "@casewire/core/domain/Job"
import { DraftId } from "@casewire/core/domain/MappingVersion"
import { plannedRun, RunId } from "@casewire/core/domain/Run"
import { SubscriptionId, WebhookId } from "@casewire/core/domain/Subscription"
import { allOff } from "@casewire/core/domain/Toggles"
import { TimelineEntryId } from "@casewire/core/domain/TimelineEntry"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ConnectionRemoval } from "@casewire/core/ports/ConnectionRemoval"
import { DocumentStore } from "@casewire/core/ports/DocumentStore"
import { ListStore } from "@casewire/core/ports/ListStore"
import { MappingStore } from "@casewire/core/ports/MappingStore"
import { Queue } from "@casewire/core/ports/Queue"
import { RunStore } from "@casewire/core/ports/RunStore"
import { Storage } from "@casewire/core/ports/Storage"
import { SubscriptionStore } from "@casewire/core/ports/SubscriptionStore"
import { Timeline } from "@casewire/core/ports/Timeline"
import {
  makeCase,
  makeClient,
  makeEvent,
  makeJob,
  makeListEvent,
  makeMembership,
  makeReceipt,
  start
} from "./samples.ts"

/** The run that tells of a removal. */
export const telling = RunId.make("019b8d6a-0009-7000-8000-0000000000ff")

/** Plants one case with all that can hang on it, one that a file brought and no read confirmed, and the settings. */
export const plant = Effect.fnUntraced(function* ({ firmId, id: connectionId }: Connection) {
  const [cases, storage, queue, timeline] = [yield* CaseStore, yield* Storage, yield* Queue, yield* Timeline]
  const [documents, lists, mappings] = [yield* DocumentStore, yield* ListStore, yield* MappingStore]
  const [runs, subscriptions, connections] = [yield* RunStore, yield* SubscriptionStore, yield* ConnectionStore]
  yield* connections.logSwitches(firmId, connectionId, { at: start, by: "Ana", before: allOff, after: allOff })
  const own = { firmId, connectionId }
  const client = yield* makeClient({ ...own })
  const of = yield* makeCase({ ...own, clientId: client.id })
  const enteredId = ClientId.make(yield* newId)
  const entered = yield* makeClient({
    firmId,
    connectionId: noConnection,
    id: enteredId,
    externalId: ExternalClientId.make(enteredId),
    standing: "unverified"
  })
  const imported = yield* makeCase({
    ...own,
    externalId: ExternalCaseId.make("1002"),
    clientId: entered.id,
    standing: "unverified",
    verifiedAt: null
  })
  for (const value of [client, entered]) yield* cases.saveClient(value)
  for (const value of [of, imported]) yield* cases.save(value)
  const line = yield* makeEvent({ firmId, caseId: of.id, kind: "status-superseded" })
  yield* cases.record(line)
  const receipt = yield* makeReceipt(own)
  const job = yield* makeJob({ ...own, key: "1001" })
  yield* storage.receive(receipt, [job])
  const held = yield* makeJob({ ...own, key: "1002", held: "by hand" })
  yield* storage.atomically(queue.enqueue([held]))
  const [eventId, dropped, incoming] = [yield* newId, yield* newId, yield* newId]
  yield* storage.claimKey(firmId, `event ${eventId}`, job.id)
  // Of an event whose switch was off: a key, and no job.
  yield* storage.claimKey(firmId, `event ${dropped}`, JobId.make(yield* newId))
  yield* storage.claimKey(firmId, `document ${connectionId} 1001 77`, JobId.make(incoming))
  const entryId = TimelineEntryId.make(yield* newId)
  yield* timeline.append({
    ...own,
    id: entryId,
    caseId: of.id,
    kind: "message",
    at: start,
    recordedAt: start,
    source: "platform",
    cause: dropped,
    externalId: null,
    content: { _tag: "Message", channel: "sms", direction: "outbound", subject: null, text: "How is the knee?" }
  })
  const put = (documentId: string, owner: string) =>
    documents.put(
      { id: documentId, firmId, name: "retainer.pdf", contentType: "application/pdf", owner },
      Stream.make(new TextEncoder().encode(`bytes of ${documentId}`)),
      1000
    )
  const files = [
    yield* put(yield* newId, of.id),
    yield* put(yield* newId, receipt.id),
    yield* put(incoming, "incoming")
  ]
  const targetId = yield* newId
  yield* lists.saveMembership(makeMembership({ firmId, targetId, caseId: of.id }), [
    yield* makeListEvent({ firmId, targetId, caseId: of.id })
  ])
  yield* mappings.saveCatalog({ ...own, fetchedAt: start, catalog: { caseTypes: [], statuses: [], fields: [] } })
  yield* mappings.saveVersion({
    ...own,
    caseType: "7",
    campaignId: null,
    number: 1,
    entries: [],
    savedAt: start,
    savedBy: "Ana",
    origin: null
  })
  const statusTable = { caseType: "7", statuses: [], links: [], terminal: [], updatedAt: start, updatedBy: "Ana" }
  yield* mappings.saveStatuses({ ...own, ...statusTable })
  const draftId = DraftId.make(yield* newId)
  const draft = { sheets: [], rows: [], fields: [], state: "open" as const, createdBy: "Ana" }
  yield* mappings.saveDraft({ ...own, ...draft, id: draftId, createdAt: start, updatedAt: start })
  const runId = RunId.make(yield* newId)
  const scope = { file: "cases.csv" }
  const run = plannedRun({ ...own, id: runId, kind: "case-import", scope, total: 1, startedBy: "Ana" }, start, 1000)
  yield* runs.save(run)
  yield* runs.saveRows(firmId, runId, [
    { number: 1, key: "1", state: "waiting", verdict: "new", detail: { firstName: "Zoë" } }
  ])
  const webhookId = WebhookId.make(`msg_${yield* newId}`)
  yield* subscriptions.record({
    id: webhookId,
    firmId,
    subscriptionId: SubscriptionId.make("019b8d6a-0006-7000-8000-000000000001"),
    type: "case_created",
    caseId: of.id,
    body: "{}",
    state: "waiting",
    attempts: [],
    createdAt: start,
    updatedAt: start
  })
  return {
    own,
    client,
    of,
    entered,
    imported,
    receipt,
    job,
    held,
    eventId,
    dropped,
    entryId,
    files,
    targetId,
    draftId,
    runId,
    webhookId
  }
})

export type Planted = Effect.Success<ReturnType<typeof plant>>

/** Whatever the ports still show of it, by name; nothing where all of it is gone. */
export const remains = Effect.fnUntraced(function* (planted: Planted) {
  const { connectionId, firmId } = planted.own
  const [cases, storage, queue, timeline] = [yield* CaseStore, yield* Storage, yield* Queue, yield* Timeline]
  const [documents, lists, mappings] = [yield* DocumentStore, yield* ListStore, yield* MappingStore]
  const [runs, subscriptions, removal] = [yield* RunStore, yield* SubscriptionStore, yield* ConnectionRemoval]
  const found: Record<string, unknown> = {}
  const see = (name: string, value: unknown) => {
    const isNothing = value === undefined || (Array.isArray(value) && value.length === 0)
    if (!isNothing) found[name] = value
  }
  const option = <A>(name: string, effect: Effect.Effect<Option.Option<A>>) =>
    Effect.map(effect, (value) => see(name, Option.getOrUndefined(value)))
  const cased = (of: Case, client: Client, name: string) =>
    Effect.all([
      option(name, cases.get(firmId, of.id)),
      option(`${name} by the CRM's id`, cases.findExternal(firmId, connectionId, of.externalId)),
      option(`${name}'s client`, cases.client(firmId, client.id))
    ])
  yield* cased(planted.of, planted.client, "case")
  yield* cased(planted.imported, planted.entered, "imported case")
  see("history", yield* cases.history(firmId, planted.of.id))
  yield* option("receipt", storage.receipt(firmId, planted.receipt.id))
  see("receipts", yield* storage.receipts(firmId, { connectionId, limit: 10 }))
  see("receipts of the case", yield* storage.receipts(firmId, { connectionId, externalCaseId: "1001", limit: 10 }))
  see("jobs", yield* queue.find(firmId, { connectionId }))
  for (const key of [`event ${planted.eventId}`, `event ${planted.dropped}`, `document ${connectionId} 1001 77`])
    yield* option(key, storage.operation(firmId, key))
  yield* option("entry", timeline.get(firmId, planted.entryId))
  see("timeline", yield* timeline.ofCase(firmId, planted.of.id, { limit: 10 }))
  for (const [index, { id }] of planted.files.entries()) {
    yield* option(`document ${index}`, documents.get(firmId, id))
    const bytes = yield* Effect.exit(Stream.runCollect(documents.open(firmId, id)))
    see(`bytes ${index}`, Exit.isSuccess(bytes) ? bytes.value.length : undefined)
  }
  see("memberships", yield* lists.membershipsOf(firmId, planted.of.id))
  see("list events", yield* lists.events(firmId, { caseId: planted.of.id, limit: 10 }))
  yield* option("catalog", mappings.catalog(firmId, connectionId))
  see("mappings", yield* mappings.current(firmId, connectionId))
  see("statuses", yield* mappings.statuses(firmId, connectionId))
  yield* option("draft", mappings.draft(firmId, planted.draftId))
  yield* option("run", runs.get(firmId, planted.runId))
  see("run rows", yield* runs.rows(firmId, planted.runId, { limit: 10 }))
  yield* option("webhook", subscriptions.delivery(firmId, planted.webhookId))
  const connections = yield* ConnectionStore
  see("log of switches", yield* connections.switchLog(firmId, connectionId, { limit: 10 }))
  const inventory = yield* removal.inventory(firmId, connectionId)
  for (const [kind, count] of Object.entries(inventory)) see(`counted ${kind}`, count === 0 ? undefined : count)
  return found
})

/** In steps until nothing more goes; answers how many went in each. */
export const eraseAll = Effect.fnUntraced(function* ({ firmId, id }: Connection, limit = 100) {
  const removal = yield* ConnectionRemoval
  const steps: Array<number> = []
  for (;;) {
    const count = yield* removal.erase(firmId, id, { limit, except: telling })
    if (count === 0) return steps
    steps.push(count)
    if (steps.length > 1000) return yield* Effect.die(new Error("a removal that finds no end"))
  }
})
