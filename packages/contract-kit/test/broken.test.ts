/**
 * Every law can fail: here it is run against an adapter that breaks its promise, and has to notice. A law that is not
 * in the tables below, or a name that is no law any more, fails the last tests.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { Database } from "@casewire/core/memory/Database"
import { layer as memory } from "@casewire/core/memory/Memory"
import { caseStoreLaws } from "../src/CaseStore.ts"
import { connectionStoreLaws } from "../src/ConnectionStore.ts"
import { documentStoreLaws } from "../src/DocumentStore.ts"
import { runDurableLaw, runLaw, type Ports } from "../src/Law.ts"
import { mappingStoreLaws } from "../src/MappingStore.ts"
import { queueLaws } from "../src/Queue.ts"
import { storageLaws } from "../src/Storage.ts"
import { broken, reopenMemory, type Mutant } from "./Breaking.ts"
import { caseMutants } from "./CaseMutants.ts"
import { connectionMutants } from "./ConnectionMutants.ts"
import { documentMutants } from "./DocumentMutants.ts"
import { mappingMutants } from "./MappingMutants.ts"
import { queueMutants } from "./QueueMutants.ts"
import { storageMutants } from "./StorageMutants.ts"

const mutants: Record<string, Mutant> = {
  ...queueMutants,
  ...storageMutants,
  ...caseMutants,
  ...connectionMutants,
  ...documentMutants,
  ...mappingMutants
}

/** Which broken adapter each law notices. */
const noticed: Record<string, Record<string, string | ReadonlyArray<string>>> = {
  Queue: {
    "a job cannot be claimed or found before its transaction commits": "enqueues outside the transaction",
    "a job can be claimed once its transaction has committed": "forgets what is enqueued",
    "a transaction that rolls back leaves no job, and its ids are free again": "commits what fails",
    "a transaction sees the jobs it enqueued": "enqueues outside the transaction",
    "enqueue outside a transaction is a defect and leaves no job": "enqueues without a transaction",
    "the same id again changes nothing and is no error": "takes a known id for a new job",
    "the id of a job that is done is not enqueued a second time": "takes a known id for a new job",
    "the same id twice in one call makes one job": "takes a known id for a new job",
    "a job keeps all that it was enqueued with": ["knows no priority", "knows one lane a case"],
    "a job enqueued as held waits with its reason and holds nobody up": "queues what is held",
    "a job with a time is never early, and due at its millisecond": "knows no time",
    "a time between two milliseconds is kept as the later one": "rounds times down",
    "five jobs of one key in one transaction start in the order of the calls": "enqueues the last job first",
    "of two transactions of a case, the one that held its lock first is first, also when it wrote last":
      "writes the first transaction's jobs after the second's",
    "jobs are found in order of enqueue, and only by their own firm": "finds jobs in the order of their ids",
    "jobs are found the newest first where that is asked, and on behind the last one that was seen": [
      "finds the oldest first whatever is asked",
      "forgets where the reader was"
    ],
    "a lane has one job running at a time, in order of enqueue": "knows no lanes",
    "nothing overtakes a head that waits for its retry": ["knows no lanes", "retries at once"],
    "nothing overtakes a head that was given back": "knows no lanes",
    "nothing overtakes a head whose time has not come": "knows no lanes",
    "other keys go on while one runs or waits": "knows one key",
    "the state lane and the feed lane of a case go on side by side": "knows one lane a case",
    "the same key of two connections is two lanes": "knows one connection",
    "a job that became done leaves its lane, and the next starts": "keeps settled jobs in their lane",
    "a job that became dead leaves its lane, and the next starts": "keeps settled jobs in their lane",
    "a job that became held leaves its lane, and the next starts": "keeps settled jobs in their lane",
    "a job that became uncertain leaves its lane, and the next starts": "keeps settled jobs in their lane",
    "a job that became skipped leaves its lane, and the next starts": "keeps settled jobs in their lane",
    "holding or skipping the head frees its lane": "ignores verbs",
    "a released job goes to the end of its lane": "puts jobs back before the others of their lane",
    "a replayed job goes to the end of its lane": "puts jobs back before the others of their lane",
    "the most urgent priority goes first": "knows no priority",
    "within a priority the oldest goes first, across connections": "claims the newest first",
    "a claim takes no more than its limit, and the next claim the rest": "claims without limit",
    "no more of a connection run at a time than the claim allows, counting earlier claims": "caps no connection",
    "a lapsed lease counts no longer against its connection": "counts lapsed leases against the cap",
    "a connection that runs all it may does not stop another": "caps all connections together",
    "jobs that are done together are claimed together, and count as one": "claims one by one",
    "no more are claimed together than their size, and the next claim takes the rest": "claims together without limit",
    "jobs of two connections are never claimed together": "claims whatever waits together",
    "what is claimed together is due, at the head of its lane and under no lease":
      "knows no time when it claims together",
    "jobs that run together leave room for others of their connection": "claims one by one",
    "claims at the same moment never share a job": "gives one job to two",
    "a claim alone changes neither state nor attempts, but the job counts as running": "sends with the claim",
    "a lease is not taken over before it ends": "gives leases for a moment",
    "a lapsed lease is taken over under a higher fence and counts an attempt": [
      "gives leases for ever",
      "counts no attempt for a lapsed lease"
    ],
    "the late settlement of a lease that was taken over is refused and changes nothing": "accepts late settlements",
    "the late mark of a lease that was taken over is refused and changes nothing": "accepts late marks",
    "a lapsed lease that nobody took over can still be settled": "refuses lapsed leases that nobody took",
    "a lease is settled once; the second settlement is refused": "accepts late settlements",
    "a mark renews the lease": "marks nothing",
    "a mark with a time makes the job sending, for everybody to see": "marks nothing",
    "a mark of progress is kept and does not change the state": "marks nothing",
    "a sending job whose lease lapses is claimed as sending, with its time and progress":
      "forgets the intent with the lease",
    "a retry counts an attempt, keeps its reason and progress, and clears the time of sending":
      "retries without counting",
    "a retry with an unknown outcome stays sending with its time": "forgets that a request left",
    "giving a job back counts no attempt and queues it again": "counts what is given back",
    "giving a sending job back keeps the intent for its quiet period": "gives back at once",
    "a job that was given back is under no lease: it is claimed without an attempt": "counts what is given back",
    "a settlement rolls back with its transaction": "settles outside the transaction",
    "a settlement and the jobs that follow from it commit together": "commits what fails",
    "the outcome and its reason are kept with the job": "loses reasons",
    "hold makes queued, retry jobs held, answers their ids, and leaves all others alone": "takes one verb for another",
    "release makes held jobs queued, answers their ids, and leaves all others alone": "takes one verb for another",
    "replay makes dead, uncertain, skipped jobs queued, answers their ids, and leaves all others alone":
      "takes one verb for another",
    "skip makes queued, retry, held, dead, uncertain jobs skipped, answers their ids, and leaves all others alone":
      "takes one verb for another",
    "confirm makes uncertain jobs done, answers their ids, and leaves all others alone": "takes one verb for another",
    "no verb reaches a job that is running": "takes running jobs away",
    "a verb voids a lapsed lease: its late settlement is refused": "accepts late settlements",
    "a replayed job keeps its id and starts with no attempts, due at once": "counts an attempt for every claim",
    "a replayed job still knows when it was sent and which parts are there": "forgets the intent with the lease",
    "a released job starts with no attempts, due at once": "counts an attempt for every claim",
    "jobs that go back in one call keep their order among each other": "puts the last back first",
    "a verb touches no job of another firm, even by its id": "knows no firms",
    "a verb takes only what matches its filter, the oldest first up to its limit": "knows no filters",
    "a verb rolls back with its transaction": "resolves outside the transaction",
    "every part of a filter narrows what is found": "knows no filters",
    "find shows no job of another firm": "knows no firms",
    "dead jobs stay, with last reason and attempts, until a person replays them": "deletes dead jobs",
    "statistics count every state, per connection of the firm": "counts nothing",
    "statistics say since when the oldest due job waits": "counts nothing",
    "statistics count the lanes that wait behind a retry": "counts nothing",
    "the first call after an idle time leaves at once": "keeps no slot free for the first call",
    "calls that queue up are a whole interval apart, also after an idle time: no burst": "paces with a token bucket",
    "a slot that was taken is not taken back when the clock reaches it": "paces nothing",
    "the whole limit can be used": "uses half of the limit",
    "no window of the declared length holds more than its limit, whenever the calls are asked for":
      "paces with a token bucket",
    "a Retry-After moves the next slot of the whole account": "ignores Retry-After",
    "a Retry-After that is over moves nothing, least of all forward": "takes Retry-After for the slot",
    "a reservation of no call moves the next slot and takes none": "takes a slot for no call",
    "another budget counts from the last slot on, faster or slower": "paces by yesterday's budget",
    "accounts do not wait for each other": "paces all accounts together",
    "reservations at the same moment get different slots": "paces nothing",
    "a tick fires for one caller, at its first call and then once an interval": "ticks for everybody",
    "ticks that were missed fire once": "never ticks",
    "ticks of different names do not touch each other": "ticks under one name",
    "whoever waits for work wakes when a job commits, without the clock": "only polls",
    "a wake-up that was lost costs at most the poll interval": "never wakes",
    "in 200 random sequences of operations the queue does what its reference does":
      "puts jobs back before the others of their lane"
  },
  Storage: {
    "what stores and queue do in a transaction commits together, and the answer comes out": "loses the answer",
    "a transaction that fails leaves nothing, and its failure comes out": "commits what fails",
    "a transaction that dies leaves nothing": "commits what fails",
    "a transaction that is interrupted leaves nothing, and the next one begins": "saves cases outside the transaction",
    "a roll-back restores what was there before": "commits what fails",
    "a transaction sees its own writes": "saves cases outside the transaction",
    "nobody sees what a transaction wrote before it commits": "saves cases outside the transaction",
    "a transaction inside a transaction is a defect": "nests transactions",
    "transactions of a case follow one another: none builds on a state that another changes": "locks no case",
    "a transaction of a case rolls back like any other": "locks no case",
    "a receipt is stored whole, with the next receive number, and its jobs with it": [
      "loses the jobs of receipts",
      "trims bodies"
    ],
    "receive numbers rise in the order of arrival, also when receipts share a moment": "counts receipts backwards",
    "a batch that arrives during a domain transaction which then rolls back survives":
      "loses what arrives during a transaction",
    "to receive inside a transaction is a defect, not a deadlock": "receives inside a transaction",
    "receipts are listed newest first, up to the limit, and on from the last one seen":
      "lists the oldest receipts first",
    "every part of a filter narrows the list of receipts": "filters no receipts",
    "every disposition comes back as it was stored": "knows no disposition",
    "judging a receipt replaces what became of it, and never its body or number": "judges nothing",
    "a judgement rolls back with its transaction": "judges outside the transaction",
    "no firm sees or judges a receipt of another": "shows receipts to all",
    "an idempotency key is bound once and answers its operation from then on": "binds no keys",
    "the operation of a key can be asked for, by its own firm, without binding it": "binds a key that is asked for",
    "idempotency keys of different firms do not meet": "binds keys for all firms",
    "a key is free again when the transaction that bound it rolls back": "binds keys outside the transaction",
    "of many that bind one key at the same moment, one does": "binds no keys",
    "the backlog of a firm is what waits for it: nothing held, nothing done, nothing of another firm":
      "counts every job as waiting",
    "an open store is writable": "is never writable"
  },
  CaseStore: {
    "a case comes back as it was saved": "saves no fields",
    "a case that was never saved is not there": "invents cases",
    "saving a case again replaces it whole": "never replaces a case",
    "a case is found by its connection and external id": "finds no external id",
    "external ids are compared as they are: case and zeros count": "folds external ids",
    "the same external id may stand in two connections": "looks in one connection",
    "a second case with the same connection and external id is a defect and changes nothing": "swallows a second case",
    "cases are listed newest first, up to the limit, and on from the last one seen": "lists the oldest cases first",
    "saving an old case again does not move it in the list": "lists by the last change",
    "a list can be narrowed to a connection": "filters no cases",
    "a list can be narrowed to cases that wait for a read, or to those that do not": "filters no cases",
    "no firm sees a case of another, by id, external id or list": "shows cases to all",
    "saving under the id of another firm's case changes nothing of theirs": "lets firms write each other's records",
    "a client comes back as it was saved, by id and by external id, and is replaced whole": "loses clients",
    "clients with the same phone and e-mail stay apart": "finds clients by phone",
    "no firm sees or changes a client of another": "shows cases to all",
    "history comes oldest first and only of its case": "tells history backwards",
    "events of one moment keep the order in which they were recorded": "tells history backwards",
    "an event that is there already is left alone": "records an event twice",
    "conflicts are those events that ask a person to look, newest first, up to the limit":
      "lists the oldest conflicts first",
    "a conflict that was settled is listed no more, and is found by its id all the same": "finds open conflicts only",
    "only a conflict is found as one, and only by its own firm": "takes any event for a conflict",
    "no firm sees the history or the conflicts of another": "shows cases to all",
    "case, client and history roll back together": "records outside the transaction"
  },
  ConnectionStore: {
    "a firm is kept, and a known id is left alone": "renames firms",
    "a connection comes back as it was saved": "loses the cursor",
    "saving a connection again replaces it whole": "merges settings",
    "an unknown connection is not found": "invents connections",
    "a list holds all connections of the firm and no others": "lists the connections of all",
    "no firm finds, reads or updates a connection of another": "shows credentials to all",
    "saving under the id of another firm's connection changes nothing of theirs":
      "lets firms write each other's connections",
    "credentials come back as they were, blanks, quotes and umlauts included": "trims credentials",
    "credentials come out redacted": "hands credentials out in the open",
    "a connection saved without credentials has none": "invents credentials",
    "saving a connection without credentials keeps those it has": "forgets credentials with a save",
    "new credentials replace the old ones as a whole": "merges credentials",
    "an update answers and keeps the changed connection": "forgets updates",
    "the log of switches has its lines as they were added, the last one first, up to a limit": [
      "forgets the log of switches",
      "shows the log of switches the oldest first"
    ],
    "the log of switches is each connection's own, and no other firm's": "shows one log of switches to all",
    "a line in the log of switches is there within its transaction, and goes when that is rolled back":
      "logs switches outside the transaction",
    "updates at the same moment all count": "updates in two steps",
    "saves and updates roll back with their transaction": "saves connections outside the transaction",
    "a change that throws is a defect and changes nothing": "swallows a change that throws",
    "a webhook token finds its connection as it is now": "remembers connections as they were",
    "a token holds at least 32 bytes, differs each time, and fits into an address": "makes short tokens",
    "a token that was never issued, in whole or in part, finds nothing": "compares the beginning of tokens",
    "a new webhook token revokes the earlier ones of its connection at once": "revokes no tokens",
    "where an overlap is asked for, earlier webhook tokens live until its end": "knows no overlap",
    "a webhook token keeps what its URL fixes, one value as long as nothing changes, and no other token has it":
      "fixes nothing",
    "an overlap gives no token a longer life than it had": "revives tokens",
    "a new token leaves the tokens of other connections and of the API alone": "keeps one token",
    "an API token finds its firm and name, a webhook token none": "finds no tokens",
    "an API token keeps the scopes that it was issued with, none among them": "forgets scopes",
    "an API token finds no connection": "takes any token for a webhook's"
  },
  MappingStore: {
    "a catalog comes back as it was saved, with its time": "forgets when a catalog was fetched",
    "a connection whose catalog was never saved has none": "has one catalog for all connections",
    "a catalog that is saved again is replaced whole": "never replaces a catalog",
    "no firm sees the catalog of another": "shows mappings to all",
    "a version comes back as it was saved, with transforms and option maps": "loses option maps",
    "the highest version of each case type and campaign is the current one": "takes the oldest version",
    "versions are counted as numbers, not as texts": "compares version numbers as texts",
    "current mappings come by case type, the company's default first": "lists mappings backwards",
    "versions come newest first, up to the limit": "lists the oldest versions first",
    "versions are those of one case type and campaign and no others": "knows no campaigns",
    "a second version with the same number is a defect and changes nothing": "swallows a second version",
    "mappings of two connections stay apart": "mixes the mappings of connections",
    "no firm sees the mappings of another": "shows mappings to all",
    "a draft comes back as it was saved, and is replaced whole": "keeps the first draft",
    "a draft that was never saved is not there": "finds some draft",
    "drafts come newest first and only of their connection": "lists the oldest drafts first",
    "no firm sees a draft of another, by id or list": "shows mappings to all",
    "status tables come back as they were saved, by case type": "lists status tables backwards",
    "saving a status table replaces that of its case type whole": "merges status links",
    "no firm sees the status tables of another, and connections keep theirs apart": "shows mappings to all",
    "a catalog, a version, a draft and a status table roll back with their transaction":
      "saves mappings outside the transaction"
  },
  DocumentStore: {
    "a document comes back byte for byte, its chunks in order": "mixes chunks up",
    "what is known of a document comes back as it was given, with its size and time": "loses the content type",
    "the digest is the SHA-256 of the bytes in lower-case hexadecimal, however they are cut":
      "writes digests in capitals",
    "an empty document is a document": "refuses empty documents",
    "a buffer that is used again after its chunk was taken does not change the document":
      "keeps the buffers it is given",
    "a document of exactly the limit is stored": "allows one byte less",
    "one byte above the limit is refused with the limit, and nothing is left": "knows no limit",
    "the limit ends an endless stream": "knows no limit",
    "a stream that fails comes out with its failure, and nothing is left": "keeps what came before a failure",
    "an upload that is interrupted leaves nothing": "makes the document before its bytes",
    "a document that is put again is replaced": "never replaces a document",
    "a replacement that fails leaves the document as it was": "makes the document before its bytes",
    "a name is data and never a path": "keeps the end of names",
    "the documents of an owner come oldest first, and no others": "lists the newest documents first",
    "an unknown document has no data and no bytes": "opens what is not there",
    "a document that was removed is gone, with its bytes": "removes nothing",
    "to remove what is not there does nothing": "dies where there is nothing to remove",
    "no firm sees, opens or removes a document of another": "shows documents to all",
    "putting under the id of another firm's document changes nothing of theirs":
      "lets firms write each other's documents",
    "usage counts the documents and bytes of the firm alone": "counts the documents of all",
    "a document can be opened many times at once": "opens a document once",
    "what is known of a document can be changed, and its bytes and its time stay": "describes nothing",
    "describing what is not there, or another firm's, is nothing and changes nothing": "describes for all firms",
    "a description rolls back with its transaction": "describes outside the transaction"
  }
}

/** What is built again over the same database keeps its leases alive. */
const keepsLeases = (): Layer.Layer<Ports> => {
  const database = Database.make()
  database.jobs.voidLeases = () => {}
  return reopenMemory(database)
}
const forgetsAll = (): Layer.Layer<Ports> => memory
const outliving = (name: string) => (): Layer.Layer<Ports> => broken(mutants[name]!, reopenMemory())

/** Which broken restart each durable law notices. */
const noticedAtRestart: Record<string, ReadonlyArray<() => Layer.Layer<Ports>>> = {
  "jobs outlive a restart, in their lanes and in order": [forgetsAll, outliving("enqueues the last job first")],
  "the leases of the process before are void at once, under a higher fence": [forgetsAll, keepsLeases],
  "what was marked outlives a restart: sending, its time and the progress": [forgetsAll, outliving("marks nothing")],
  "what was settled outlives a restart": [forgetsAll, outliving("retries without counting")],
  "a tick that fired before a restart does not fire again after it": [forgetsAll],
  "what a transaction rolled back does not come back with a restart": [forgetsAll, outliving("commits what fails")],
  "receipts and their jobs outlive a restart, and receive numbers go on rising": [
    forgetsAll,
    outliving("counts receipts backwards")
  ],
  "an idempotency key outlives a restart": [forgetsAll, outliving("binds keys outside the transaction")],
  "cases, clients and history outlive a restart": [forgetsAll, outliving("saves no fields")],
  "connections, credentials and firms outlive a restart": [forgetsAll, outliving("loses the cursor")],
  "the log of switches outlives a restart": [forgetsAll, outliving("forgets the log of switches")],
  "tokens outlive a restart": [forgetsAll, outliving("makes short tokens")],
  "catalogs, mappings, drafts and status tables outlive a restart": [forgetsAll, outliving("takes the oldest version")],
  "documents outlive a restart, and what was removed does not come back": [forgetsAll, outliving("removes nothing")]
}

const ports = [queueLaws, storageLaws, caseStoreLaws, connectionStoreLaws, documentStoreLaws, mappingStoreLaws]

describe("a broken adapter is noticed", () => {
  for (const { laws, port } of ports) {
    for (const law of laws) {
      for (const name of [noticed[port]?.[law.title] ?? []].flat()) {
        it.effect(`${port}: ${law.title} (${name})`, () => expectFailure(runLaw(law, broken(mutants[name]!))))
      }
    }
  }
})

describe("a broken restart is noticed", () => {
  for (const { durable, port } of ports) {
    for (const law of durable) {
      for (const [index, layer] of (noticedAtRestart[law.title] ?? []).entries()) {
        it.effect(`${port}: ${law.title} (${index + 1})`, () => expectFailure(runDurableLaw(law, Effect.sync(layer))))
      }
    }
  }
})

describe("the tables are whole", () => {
  it("every law stands in a table, and nothing else does", () => {
    for (const { laws, port } of ports) {
      assert.sameMembers(
        Object.keys(noticed[port]!),
        laws.map(({ title }) => title)
      )
    }
    assert.sameMembers(
      Object.keys(noticedAtRestart),
      ports.flatMap(({ durable }) => durable.map(({ title }) => title))
    )
  })
  it("every law has at least one broken adapter, and every broken adapter is used", () => {
    const used = Object.values(noticed).flatMap((table) => Object.values(table))
    for (const names of used) assert.isNotEmpty([names].flat())
    assert.sameMembers([...new Set(used.flat())], Object.keys(mutants))
  })
  it("no two laws of a port have the same title", () => {
    for (const { durable, laws } of ports) {
      const titles = [...laws, ...durable].map(({ title }) => title)
      assert.strictEqual(new Set(titles).size, titles.length)
    }
  })
})

const expectFailure = (run: Effect.Effect<void, unknown>) =>
  Effect.map(Effect.exit(run), (exit) => assert.isTrue(Exit.isFailure(exit), "the law did not notice"))
