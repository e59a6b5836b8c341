/**
 * Writes what the CRM said into cases and clients: the one place where a case is made, read into or marked.
 *
 * Everything here runs inside the case's transaction, which the caller opened. A hint never changes what a read
 * confirmed; a read changes statuses only by the merge table, and whatever loses is recorded.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import { CaseMapping } from "./CaseMapping.ts"
import {
  type Case,
  type CaseEvent,
  CaseId,
  type Client,
  ClientId,
  type ExternalCaseId,
  ExternalClientId,
  noConnection
} from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import type { CrmCase } from "./domain/CrmChange.ts"
import { mergeFields } from "./domain/FieldSync.ts"
import { newId } from "./domain/Ids.ts"
import { type Job, JobId, Priority } from "./domain/Job.ts"
import { decide, type TwoWay, unknownValue } from "./domain/Merge.ts"
import { statusToCrm, statusToPlatform } from "./domain/StatusLinks.ts"
import { sameStatus } from "./domain/StatusSync.ts"
import { isOutboundEffective, rebased } from "./domain/StatusResume.ts"
import { isStatusInboundEffective } from "./domain/Toggles.ts"
import { ListRouter } from "./ListRouter.ts"
import { changeOf, clientDetails, detailsOf } from "./domain/Provenance.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { Queue } from "./ports/Queue.ts"
import { ReadGathering, ReadPacing } from "./ReadPacing.ts"

export class Projection extends Context.Service<
  Projection,
  {
    /** Marks a case for reading and makes the job, unless one is waiting already. */
    readonly markDirty: (
      connection: Connection,
      externalId: ExternalCaseId,
      present: Case | undefined,
      priority: number
    ) => Effect.Effect<void>
    /** Makes a case that only a payload has named so far, with its client. */
    readonly insertReported: (connection: Connection, hint: CrmCase, cause: string) => Effect.Effect<Case>
    /** Takes a verified read into a case. Answers the case as saved. */
    readonly applyRead: (
      connection: Connection,
      present: Case | undefined,
      read: CrmCase,
      cause: string
    ) => Effect.Effect<Case>
    /** The status a case has after the CRM was seen to hold this one, by the merge table. */
    readonly mergeStatus: (
      connection: Connection,
      present: Case,
      read: CrmCase,
      cause: string
    ) => Effect.Effect<{ readonly status: TwoWay; readonly review: NonNullable<Case["review"]> | null }>
    /** Appends to the case's history. */
    readonly record: (of: Case, event: Omit<CaseEvent, "id" | "firmId" | "caseId" | "at">) => Effect.Effect<void>
  }
>()("@casewire/core/Projection") {
  static readonly layer = Layer.effect(
    Projection,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const hooks = yield* PlatformHooks
      const mapping = yield* CaseMapping
      const lists = yield* ListRouter
      const queue = yield* Queue
      const pacing = new ReadPacing(yield* ReadGathering)

      const record = Effect.fnUntraced(function* (of: Case, event: Omit<CaseEvent, "id" | "firmId" | "caseId" | "at">) {
        const [id, at] = [yield* newId, yield* Clock.currentTimeMillis]
        const line: CaseEvent = { ...event, id, at, firmId: of.firmId, caseId: of.id }
        yield* cases.record(line)
        yield* hooks.recorded(of, line)
      })

      const markDirty = Effect.fnUntraced(function* (
        connection: Connection,
        externalId: ExternalCaseId,
        present: Case | undefined,
        priority: number
      ) {
        // A case that is dirty already has its read waiting in the lane: the mark is cleared before a read begins.
        if (present !== undefined && present.dirtySince !== null) return
        const now = yield* Clock.currentTimeMillis
        if (present !== undefined) yield* cases.save({ ...present, dirtySince: now })
        const isSingle = priority < Priority.poll
        const notBefore = priority === Priority.person ? now : pacing.startOf(connection.id, externalId, now, isSingle)
        yield* queue.enqueue([
          {
            id: JobId.make(yield* newId),
            firmId: connection.firmId,
            connectionId: connection.id,
            key: externalId,
            lane: "state",
            priority,
            notBefore,
            work: { _tag: "ReadCase", externalCaseId: externalId }
          }
        ])
      })

      /** Finds or makes the client. A hint never changes a client that a read confirmed. */
      const clientOf = Effect.fnUntraced(function* (
        connection: Connection,
        of: CrmCase,
        current: Client | undefined,
        standing: "provisional" | "verified"
      ) {
        const externalId = of.client.externalId ?? current?.externalId ?? ExternalClientId.make(`lead:${of.externalId}`)
        const known =
          current?.externalId === externalId
            ? current
            : Option.getOrElse(yield* cases.findExternalClient(connection.firmId, connection.id, externalId), () =>
                // A client that was entered by hand becomes the CRM's, once its case is linked.
                current?.connectionId === noConnection ? current : undefined
              )
        if (known !== undefined && standing === "provisional") return known
        const { email, firstName, fullName, lastName, phone } = of.client
        const client: Client = {
          id: known?.id ?? ClientId.make(yield* newId),
          firmId: connection.firmId,
          connectionId: connection.id,
          externalId,
          standing,
          firstName: firstName ?? known?.firstName ?? "",
          lastName: lastName ?? known?.lastName ?? "",
          fullName: fullName ?? known?.fullName ?? [firstName, lastName].filter(Boolean).join(" "),
          email: email ?? known?.email ?? "",
          phone: phone ?? known?.phone ?? "",
          updatedAt: yield* Clock.currentTimeMillis
        }
        yield* cases.saveClient(client)
        return client
      })

      const insert = Effect.fnUntraced(function* (
        connection: Connection,
        of: CrmCase,
        client: Client,
        standing: "provisional" | "verified",
        cause: string
      ) {
        const now = yield* Clock.currentTimeMillis
        const created: Case = {
          id: CaseId.make(yield* newId),
          firmId: connection.firmId,
          connectionId: connection.id,
          externalId: of.externalId,
          clientId: client.id,
          standing,
          name: nameOf(client, of),
          caseType: of.caseType ?? { name: "" },
          status: unknownValue,
          reported: null,
          fields: of.fields,
          values: {},
          dirtySince: null,
          receiveNumber: 0,
          createdAt: now,
          updatedAt: now,
          externalCreatedAt: of.createdAt ?? null,
          externalUpdatedAt: of.updatedAt ?? null,
          verifiedAt: null,
          awaitsFirstSync: true
        }
        yield* cases.save(created)
        yield* record(created, { kind: "created", cause, before: null, after: null })
        return created
      })

      const insertReported = Effect.fnUntraced(function* (connection: Connection, hint: CrmCase, cause: string) {
        const client = yield* clientOf(connection, hint, undefined, "provisional")
        return yield* insert(connection, hint, client, "provisional", cause)
      })

      const pushesOf = (of: Case) =>
        queue.find(of.firmId, {
          connectionId: of.connectionId,
          key: of.externalId,
          lane: "state",
          work: ["PushStatus"],
          states: ["queued", "retry", "sending", "held"]
        })

      const applyRead: Projection["Service"]["applyRead"] = Effect.fn("Projection.applyRead")(
        function* (connection, known, read, cause) {
          const now = yield* Clock.currentTimeMillis
          const current =
            known === undefined
              ? undefined
              : Option.getOrUndefined(yield* cases.client(connection.firmId, known.clientId))
          const client = yield* clientOf(connection, read, current, "verified")
          const present = known ?? (yield* insert(connection, read, client, "verified", cause))
          const { review, status } = yield* mergeStatus(connection, present, read, cause)
          const next: Case = {
            ...rebased(connection, present),
            baselinePending: false,
            clientId: client.id,
            standing: "verified",
            name: nameOf(client, read),
            caseType: read.caseType ?? present.caseType,
            status,
            statusReported: false,
            review,
            reported: null,
            fields: { ...present.fields, ...read.fields },
            values: yield* mergeValues(connection, present, read, cause),
            updatedAt: now,
            externalCreatedAt: read.createdAt ?? present.externalCreatedAt,
            externalUpdatedAt: read.updatedAt ?? present.externalUpdatedAt,
            verifiedAt: now,
            awaitsFirstSync: false
          }
          yield* cases.save(next)
          if (known !== undefined) yield* recordDetails(known, next, current, client, cause)
          if (known !== undefined && known.standing !== "verified")
            yield* record(next, { kind: "standing-changed", cause, before: known.standing, after: "verified" })
          yield* lists.afterRead(next, present.awaitsFirstSync === true, cause)
          return next
        }
      )

      /** What a read changed besides the status and mapped values, so that every value can say where it comes from. */
      const recordDetails = Effect.fnUntraced(function* (
        before: Case,
        after: Case,
        clientBefore: Client | undefined,
        client: Client,
        cause: string
      ) {
        const details = changeOf(detailsOf(before), detailsOf(after))
        if (details !== undefined) yield* record(before, { kind: "details-changed", cause, ...details })
        const changed =
          clientBefore === undefined ? undefined : changeOf(clientDetails(clientBefore), clientDetails(client))
        if (changed !== undefined) yield* record(before, { kind: "client-changed", cause, ...changed })
      })

      /** Mapped fields, each by the merge table; the reads of a case type that is not linked change none. */
      const mergeValues = Effect.fnUntraced(function* (
        connection: Connection,
        present: Case,
        read: CrmCase,
        cause: string
      ) {
        const found = yield* mapping.fieldsOf(connection, {
          caseType: read.caseType ?? present.caseType,
          values: present.values
        })
        if (found._tag === "NotMapped") return present.values
        const { effective, entries } = found
        const merged = mergeFields({ values: present.values, mapping: entries, read: read.fields, effective })
        for (const event of merged.events) yield* record(present, { ...event, cause })
        return merged.values
      })

      const mergeStatus = Effect.fnUntraced(function* (
        connection: Connection,
        present: Case,
        read: CrmCase,
        cause: string
      ) {
        const value = rebased(connection, present).status
        if (read.status === undefined) return { status: value, review: present.review ?? null }
        const name = read.status.name
        const caseType = read.caseType ?? present.caseType
        yield* mapping.learnStatus(connection, caseType, name)
        const table = yield* mapping.statusesOf(connection, caseType)
        const shown = statusToPlatform(table, name)
        // The first status of a case is a fact nobody has yet, whatever the switches say about syncing changes.
        if (value.platform === null) {
          yield* record(present, { kind: "status-applied", cause, before: null, after: shown })
          return merged({ platform: shown, basePlatform: shown, baseCrm: name, seenCrm: name })
        }
        // The sides may stay apart on purpose; a CRM that was not seen meanwhile is taken as it is now.
        if (rebased(connection, present).baselinePending === true)
          return merged({ platform: value.platform, basePlatform: value.platform, baseCrm: name, seenCrm: name })
        const pushes = yield* pushesOf(present)
        // A replayed push whose target the platform gave up since is not what is pending; it will be skipped.
        const isPending = pushes.some(
          ({ work }) => work._tag === "PushStatus" && sameStatus(work.target, value.platform)
        )
        const last = isPending ? pushes.at(-1)?.work : undefined
        const isStill = !isOutboundEffective(connection) || connection.replayPlan !== undefined
        const verdict = decide({
          value,
          read: name,
          ...(last?._tag === "PushStatus"
            ? { target: statusToCrm(table, last.target), targetOnPlatform: last.target }
            : { target: null }),
          toPlatform: () => shown,
          // While edits wait for the firm's answer, or are replayed by a plan, baselines stand still.
          effective: isStatusInboundEffective(connection.toggles) && !(isStill && pushes.length > 0),
          same: sameStatus
        })
        // A status that only a report has set gives way to the first read: to what the read shows where the CRM never
        // moved, or, while nothing may move, to what the sides were last settled on.
        const isReported = present.statusReported === true && pushes.length === 0
        const settled = value.baseCrm === null ? null : statusToPlatform(table, value.baseCrm)
        const givesWay = verdict._tag === "Nothing" || verdict._tag === "Remember"
        if (isReported && givesWay && settled !== null && !sameStatus(value.platform, settled)) {
          yield* record(present, { kind: "status-applied", cause, before: value.platform, after: settled })
          const status = { ...verdict.value, platform: settled, basePlatform: settled }
          return { status, review: present.review ?? null }
        }
        // A move that waits for a person waits on while nothing may change; it is over when the CRM comes back.
        if (verdict._tag === "Remember") return { status: verdict.value, review: present.review ?? null }
        if (verdict._tag !== "Apply") return merged(verdict.value)
        const from = value.basePlatform ?? value.platform
        if (yield* mapping.isTerminal(connection, caseType, from)) {
          if (present.review?.to !== shown)
            yield* record(present, { kind: "status-review", cause, before: from, after: shown })
          const at = yield* Clock.currentTimeMillis
          return { status: { ...value, seenCrm: name }, review: { from, to: shown, crm: name, at } }
        }
        yield* supersede(present, pushes, shown)
        yield* record(present, { kind: "status-applied", cause, before: value.platform, after: shown })
        return merged(verdict.value)
      })

      /** The CRM moved first: the local edits that wait lose, and each is listed. */
      const supersede = Effect.fnUntraced(function* (present: Case, pushes: ReadonlyArray<Job>, winner: string) {
        for (const { id, work } of pushes) {
          if (work._tag !== "PushStatus") continue
          yield* record(present, { kind: "status-superseded", cause: id, before: work.target, after: winner })
        }
        yield* queue.resolve(present.firmId, { ids: pushes.map(({ id }) => id) }, "skip", "superseded-by-crm")
      })

      return Projection.of({ markDirty, insertReported, applyRead, mergeStatus, record })
    })
  ).pipe(Layer.provide(ListRouter.layer), Layer.provide(CaseMapping.layer))
}

const merged = (status: TwoWay) => ({ status, review: null })

const nameOf = (client: Client, of: CrmCase): string =>
  [client.fullName, of.caseType?.name].filter((part) => part !== undefined && part !== "").join(" – ") ||
  `Case ${of.externalId}`
