/**
 * Imports a file of cases whose rows may carry the id of their record in the CRM.
 *
 * A row with such an id becomes the case of that record, unverified until the CRM was read, so that a later webhook or
 * pull finds it; a row without one is a plain case until somebody links it. Nothing is ever matched by name, phone or
 * e-mail. A file with rows at fault is refused whole, unless the firm chose to leave them out. What was uploaded is kept
 * sealed as the run's rows, each only until it has its outcome.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { type Case, ExternalCaseId, noConnection } from "./domain/Case.ts"
import { type CaseColumn, type CaseRole, type CaseRow, readCaseSheet, type SheetProblem } from "./domain/CaseSheet.ts"
import { type Connection, type ConnectionId, isErasing } from "./domain/Connection.ts"
import { type FirmId, newId } from "./domain/Ids.ts"
import { afterStep, counted, planLifeMs, room } from "./domain/ImportRun.ts"
import { Priority, type Work } from "./domain/Job.ts"
import { unknownValue } from "./domain/Merge.ts"
import { plainCase, plainClient } from "./domain/PlainCase.ts"
import { plannedRun, type Run, RunId, type RunRow } from "./domain/Run.ts"
import type { SheetRows } from "./domain/SheetHeader.ts"
import { importJob } from "./ImportRuns.ts"
import { Outbox } from "./Outbox.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { type Lease, type LeaseLost, Queue } from "./ports/Queue.ts"
import { RunStore } from "./ports/RunStore.ts"
import { Storage } from "./ports/Storage.ts"
import { Projection } from "./Projection.ts"

/** Not one row was kept: the file, its header, or some of its rows are at fault. */
export class CaseSheetRefused extends Schema.TaggedError<CaseSheetRefused>()("CaseSheetRefused", {
  problems: Schema.Array(
    Schema.Struct({
      row: Schema.optionalKey(Schema.Int),
      column: Schema.optionalKey(Schema.Int),
      code: Schema.String
    })
  ),
  /** How many rows are at fault, of how many; both 0 where the file as a whole is. */
  invalid: Schema.Int,
  rows: Schema.Int
}) {}

export interface CaseImportOptions {
  /** What becomes of a row whose record has a case: `create` makes a second, plain one and links nothing. */
  readonly duplicates: "skip" | "update" | "create"
  /** Rows at fault refuse the file, or are left out. */
  readonly invalid: "refuse" | "leave-out"
  readonly caseType?: string
  readonly sheet?: string
}

export interface CaseImportPlan {
  readonly run: Run
  readonly columns: ReadonlyArray<CaseColumn>
  readonly counts: { readonly new: number; readonly duplicate: number; readonly invalid: number }
  /** Of rows that are left out; a hundred at most. */
  readonly problems: ReadonlyArray<SheetProblem>
}

export class CaseImport extends Context.Service<
  CaseImport,
  {
    /** Reads and counts; no case is made. */
    readonly plan: (
      firmId: FirmId,
      id: ConnectionId,
      file: { readonly fileName: string; readonly sheets: ReadonlyArray<SheetRows> },
      options: CaseImportOptions,
      startedBy: string
    ) => Effect.Effect<CaseImportPlan, CaseSheetRefused | ConnectionNotFound>
    /** Takes some rows in and asks for the next. */
    readonly step: (
      connection: Connection,
      lease: Lease,
      work: Extract<Work, { _tag: "ImportCases" }>
    ) => Effect.Effect<void, LeaseLost>
  }
>()("@casewire/core/CaseImport") {
  static readonly layer = Layer.effect(
    CaseImport,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const outbox = yield* Outbox
      const plugins = yield* Plugins
      const projection = yield* Projection
      const queue = yield* Queue
      const runs = yield* RunStore
      const storage = yield* Storage

      /** Nothing is written for a connection that is being erased meanwhile. */
      const ifThere = (firmId: FirmId, id: ConnectionId, write: Effect.Effect<void>) =>
        storage.atomically(
          Effect.flatMap(connections.get(firmId, id), (present) =>
            isErasing(present) ? Effect.fail(new ConnectionNotFound({ connectionId: id })) : write
          )
        )

      const plan: CaseImport["Service"]["plan"] = Effect.fn("CaseImport.plan")(
        function* (firmId, id, file, options, startedBy) {
          const connection = yield* connections.get(firmId, id)
          const { record, required, fillers } = Option.getOrThrow(plugins.manifest(connection.plugin)).webhook
          const field = required.find(({ name }) => name === record)
          const read = readCaseSheet(file.sheets, {
            recordNames: [record, ...(field?.aliases ?? []), ...(connection.aliases[record] ?? [])],
            ...(field?.pattern === undefined ? {} : { recordPattern: field.pattern }),
            fillers,
            ...(options.caseType === undefined ? {} : { caseType: options.caseType }),
            ...(options.sheet === undefined ? {} : { sheet: options.sheet })
          })
          if (read._tag === "Refused")
            return yield* new CaseSheetRefused({ problems: read.problems, invalid: 0, rows: 0 })
          const problems = [...read.invalid.values()].flat().slice(0, shownProblems)
          if (read.invalid.size > 0 && options.invalid === "refuse")
            return yield* new CaseSheetRefused({ problems, invalid: read.invalid.size, rows: read.rows.length })
          const rows = yield* judged(connection, read.rows, read.invalid)
          const count = (verdict: string) => rows.filter((row) => row.verdict === verdict).length
          const counts = { new: count("new"), duplicate: count("duplicate"), invalid: count("invalid") }
          const now = yield* Clock.currentTimeMillis
          const run = plannedRun(
            {
              id: RunId.make(yield* newId),
              firmId,
              connectionId: id,
              kind: "case-import",
              scope: {
                file: file.fileName,
                duplicates: options.duplicates,
                ...(options.caseType === undefined ? {} : { caseType: options.caseType }),
                ...Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, String(value)]))
              },
              total: rows.length,
              skipped: counts.invalid,
              startedBy
            },
            now,
            planLifeMs
          )
          // In parts, so that nothing else waits long. A run that is not planned yet offers nothing; where the host dies
          // or the connection is erased in between, its rows are found by it.
          yield* ifThere(
            firmId,
            id,
            runs.save({ ...run, state: "cancelled", reason: "the file was not read to its end" })
          )
          for (let from = 0; from < rows.length; from += rowsTogether)
            yield* ifThere(firmId, id, runs.saveRows(firmId, run.id, rows.slice(from, from + rowsTogether)))
          yield* ifThere(firmId, id, runs.save(run))
          return { run, columns: read.columns, counts, problems }
        }
      )

      const judged = Effect.fnUntraced(function* (
        { firmId, id }: Connection,
        rows: ReadonlyArray<CaseRow>,
        invalid: ReadonlyMap<number, ReadonlyArray<SheetProblem>>
      ) {
        const seen = new Set<string>()
        const found: Array<RunRow> = []
        for (const { fields, row, values } of rows) {
          const common = { number: row, key: String(row) }
          const faults = invalid.get(row)
          if (faults !== undefined) {
            const reason = faults.map(({ code, column }) => (column === undefined ? code : `column ${column}: ${code}`))
            found.push({ ...common, state: "skipped", verdict: "invalid", detail: { reason: reason.join(", ") } })
            continue
          }
          const { externalId } = values
          const isKnown =
            externalId !== undefined &&
            (seen.has(externalId) ||
              Option.isSome(yield* cases.findExternal(firmId, id, ExternalCaseId.make(externalId))))
          if (externalId !== undefined) seen.add(externalId)
          const detail = {
            ...values,
            ...Object.fromEntries(Object.entries(fields).map(([name, text]) => [`${fieldPrefix}${name}`, text]))
          }
          found.push({ ...common, state: "waiting", verdict: isKnown ? "duplicate" : "new", detail })
        }
        return found
      })

      const step: CaseImport["Service"]["step"] = Effect.fn("CaseImport.step")(function* (
        connection,
        lease,
        { runId: id }
      ) {
        const { firmId } = connection
        const run = Option.getOrUndefined(yield* runs.get(firmId, id))
        if (run?.state !== "running") return yield* queue.settle(lease, { _tag: "Done" })
        const rows = yield* runs.rows(firmId, id, { limit: rowsAtOnce, states: ["waiting"] })
        for (const row of rows) {
          const present = yield* take(connection, run, row)
          if (present === undefined || present.state !== "running" || room(present) <= 0) break
        }
        const now = yield* Clock.currentTimeMillis
        yield* storage.atomically(
          Effect.gen(function* () {
            const present = Option.getOrUndefined(yield* runs.get(firmId, id))
            if (present !== undefined) {
              const left = yield* runs.rows(firmId, id, { limit: 1, states: ["waiting"] })
              const next = afterStep(present, left.length === 0, now)
              yield* runs.save(next)
              if (next.state === "running") yield* queue.enqueue([importJob(next, yield* newId)])
            }
            yield* queue.settle(lease, { _tag: "Done" })
          })
        )
      })

      const take = Effect.fnUntraced(function* (connection: Connection, run: Run, row: RunRow) {
        const { externalId, fields } = contentOf(row)
        const find =
          externalId === undefined
            ? Effect.succeedNone
            : cases.findExternal(connection.firmId, connection.id, ExternalCaseId.make(externalId))
        const known = Option.getOrUndefined(yield* find)
        // An edit of fields goes the way of every edit; the same row again is the same edit.
        if (known !== undefined && run.scope["duplicates"] === "update" && Object.keys(fields).length > 0) {
          const present = Option.getOrUndefined(yield* runs.get(run.firmId, run.id))
          if (present?.state !== "running" || room(present) <= 0) return present
          yield* Effect.orDie(
            outbox.accept(run.firmId, {
              _tag: "FieldsChanged",
              eventId: `import ${run.id} ${row.number}`,
              caseId: known.id,
              fields: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, [text]])),
              changedBy: run.startedBy
            })
          )
        }
        const key =
          externalId === undefined
            ? { connectionId: noConnection, externalCaseId: `${run.id} ${row.number}` }
            : { connectionId: connection.id, externalCaseId: externalId }
        return yield* storage.withCase(
          key,
          Effect.gen(function* () {
            const present = Option.getOrUndefined(yield* runs.get(run.firmId, run.id))
            if (present === undefined || present.state !== "running" || room(present) <= 0) return present
            const waiting = Option.getOrUndefined(yield* runs.rowByKey(run.firmId, run.id, row.key))
            if (waiting?.state !== "waiting") return present
            const now = yield* Clock.currentTimeMillis
            const owner = Option.getOrUndefined(yield* find)
            // It came between: the next step takes it as the duplicate that it is now.
            if (owner !== undefined && known === undefined && run.scope["duplicates"] === "update") return present
            const { of, reason = "", verdict } = yield* bring(connection, run, waiting, owner)
            const state = verdict === "duplicate" ? ("skipped" as const) : ("done" as const)
            const detail = {
              ...(externalId === undefined ? {} : { externalCaseId: externalId }),
              caseId: of.id,
              reason
            }
            yield* runs.saveRows(run.firmId, run.id, [{ ...waiting, state, verdict, detail }])
            const next = counted(present, state, now)
            yield* runs.save(next)
            return next
          })
        )
      })

      const bring = Effect.fnUntraced(function* (
        connection: Connection,
        run: Run,
        row: RunRow,
        owner: Case | undefined
      ) {
        const { duplicates } = run.scope
        if (owner === undefined) return { verdict: "created", of: yield* enter(connection, run, row, true), reason: "" }
        if (duplicates === "create")
          return {
            verdict: "created",
            of: yield* enter(connection, run, row, false),
            reason: "the record has a case already, so this one is linked to none"
          }
        if (duplicates === "skip") return { verdict: "duplicate", of: owner, reason: "the record has a case already" }
        yield* update(connection, owner, row)
        const isTheirs = owner.standing === "verified"
        return {
          verdict: "updated",
          of: owner,
          ...(isTheirs ? { reason: "client and status are the CRM's and were left alone" } : {})
        }
      })

      const enter = Effect.fnUntraced(function* (connection: Connection, run: Run, row: RunRow, links: boolean) {
        const { externalId, fields, values } = contentOf(row)
        const { caseType = "", email = "", firstName = "", lastName = "", phone = "", status = null } = values
        const now = yield* Clock.currentTimeMillis
        const fullName = values.fullName ?? [firstName, lastName].filter((part) => part !== "").join(" ")
        const client = plainClient(run.firmId, yield* newId, { firstName, lastName, fullName, email, phone }, now)
        const isLinked = links && externalId !== undefined
        const source = { externalSource: connection.plugin.replaceAll("-", "_") }
        const plain = plainCase(
          client,
          yield* newId,
          {
            name: client.fullName === "" && caseType === "" && externalId !== undefined ? `Case ${externalId}` : "",
            caseType,
            // What a file says of a record's status is a report: the CRM is asked.
            status: isLinked ? null : status,
            entry: externalId === undefined || isLinked ? {} : { ...source, externalSourceId: externalId }
          },
          now
        )
        const of: Case = {
          ...plain,
          values: Object.fromEntries(
            Object.entries(fields).map(([name, text]) => [
              name,
              { ...unknownValue, platform: text, basePlatform: text }
            ])
          ),
          ...(isLinked
            ? {
                connectionId: connection.id,
                externalId: ExternalCaseId.make(externalId),
                awaitsFirstSync: true,
                reported: status === null ? null : { status: { name: status, raw: status }, receiptId: run.id, at: now }
              }
            : {})
        }
        yield* cases.saveClient(client)
        yield* cases.save(of)
        yield* projection.record(of, { kind: "created", cause: run.id, before: null, after: null })
        if (isLinked) yield* projection.markDirty(connection, of.externalId, of, Priority.history)
        return of
      })

      /** What the CRM confirmed is the CRM's; anything else takes what the file says, and a blank erases nothing. */
      const update = Effect.fnUntraced(function* (connection: Connection, owner: Case, row: RunRow) {
        const { values } = contentOf(row)
        const client = Option.getOrUndefined(yield* cases.client(owner.firmId, owner.clientId))
        if (client !== undefined && client.standing !== "verified" && owner.standing !== "verified") {
          const { email, firstName, lastName, phone } = values
          const name = [firstName ?? client.firstName, lastName ?? client.lastName]
            .filter((part) => part !== "")
            .join(" ")
          const isNamed = firstName !== undefined || lastName !== undefined
          yield* cases.saveClient({
            ...client,
            firstName: firstName ?? client.firstName,
            lastName: lastName ?? client.lastName,
            fullName: values.fullName ?? (isNamed ? name : client.fullName),
            email: email ?? client.email,
            phone: phone ?? client.phone,
            updatedAt: yield* Clock.currentTimeMillis
          })
        }
        yield* projection.markDirty(connection, owner.externalId, owner, Priority.history)
      })

      return CaseImport.of({ plan, step })
    })
  ).pipe(Layer.provide(Outbox.layer))
}

/** Rows of one step, each a transaction of its own. */
const rowsAtOnce = 50
const rowsTogether = 500
const shownProblems = 100
const fieldPrefix = "field "

const contentOf = ({ detail }: RunRow) => {
  const values: { -readonly [K in CaseRole]?: string } = {}
  const fields: Record<string, string> = {}
  for (const [name, text] of Object.entries(detail))
    if (name.startsWith(fieldPrefix)) fields[name.slice(fieldPrefix.length)] = text
    else values[name as CaseRole] = text
  return { externalId: values.externalId, values: values as Readonly<Partial<Record<CaseRole, string>>>, fields }
}
