/** Imports of history and of files: requests translated to the core, plans, verbs and result files back. */
import { Effect, Layer, Option, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import { caseFileBytes } from "@casewire/api/Imports"
import { CaseImport, type CaseSheetRefused } from "@casewire/core/CaseImport"
import type { SheetProblem } from "@casewire/core/domain/CaseSheet"
import type { RunVerb } from "@casewire/core/domain/ImportRun"
import type { Run, RunId, RunRow } from "@casewire/core/domain/Run"
import { HistoryImport } from "@casewire/core/HistoryImport"
import { ImportRuns, type RunNotFound, type RunRefused } from "@casewire/core/ImportRuns"
import { type ConnectionNotFound, ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import type { CrmError } from "@casewire/core/ports/Crm"
import { Plugins } from "@casewire/core/ports/Plugins"
import { RunStore } from "@casewire/core/ports/RunStore"
import { SheetReader, type SheetUnreadable } from "@casewire/core/ports/SheetReader"
import { SheetWriter } from "@casewire/core/ports/SheetWriter"
import { csvAnswer } from "./CsvAnswer.ts"
import { crmFailed, notFound, problem } from "./Problems.ts"
import { uploadedFile, type UploadRefused } from "./SheetUpload.ts"
import { runView } from "./Views.ts"

const refusals = {
  ConnectionNotFound: (error: ConnectionNotFound) => Effect.fail(notFound(error)),
  CrmError: (error: CrmError) => Effect.fail(crmFailed(error)),
  RunNotFound: (_: RunNotFound) => Effect.fail(problem("not-found")),
  RunRefused: ({ reason, state }: RunRefused) =>
    Effect.fail(
      reason === "expired"
        ? problem("plan-expired")
        : problem("run-state", { detail: reason === "no-import" ? "The run is no import." : `The import is ${state}.` })
    ),
  UploadRefused: ({ code }: UploadRefused) =>
    Effect.fail(problem("case-file-unreadable", { errors: [{ field: "file", code }] })),
  SheetUnreadable: ({ code, message }: SheetUnreadable) =>
    Effect.fail(problem("case-file-unreadable", { detail: message, errors: [{ field: "file", code }] })),
  CaseSheetRefused: ({ invalid, problems, rows }: CaseSheetRefused) =>
    Effect.fail(
      problem("case-file-invalid", {
        ...(invalid === 0 ? {} : { detail: `${invalid} of ${rows} rows are at fault; nothing was imported.` }),
        errors: problems.map(placed)
      })
    )
}

/** Rows and columns by number, from one; never what stands in them. */
const placed = ({ code, column, row }: SheetProblem) => ({
  field:
    [...(row === undefined ? [] : [`row ${row}`]), ...(column === undefined ? [] : [`column ${column}`])].join(", ") ||
    "file",
  code
})

export const layerImportHandlers = HttpApiBuilder.group(
  Api,
  "imports",
  Effect.fn(function* (handlers) {
    const caseImport = yield* CaseImport
    const connections = yield* ConnectionStore
    const history = yield* HistoryImport
    const imports = yield* ImportRuns
    const plugins = yield* Plugins
    const reader = yield* SheetReader
    const runs = yield* RunStore
    const writer = yield* SheetWriter

    const ask = Effect.fnUntraced(function* (id: RunId, verb: RunVerb, first?: number) {
      const { firmId } = yield* CurrentFirm
      const run = yield* imports
        .ask(firmId, id, verb, first)
        .pipe(Effect.catchTags({ RunNotFound: refusals.RunNotFound, RunRefused: refusals.RunRefused }))
      return runView(run)
    })

    /** What the CRM calls its record's id. */
    const recordName = (run: Run) =>
      Effect.map(Effect.option(connections.get(run.firmId, run.connectionId)), (connection) =>
        Option.match(
          Option.flatMap(connection, ({ plugin }) => plugins.manifest(plugin)),
          { onNone: () => "Record ID", onSome: ({ webhook }) => webhook.record }
        )
      )

    return handlers.handleAll({
      planHistory: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const { caseTypes = [], documents = false, from = null, maximum = null, notes = false, to = null } = payload
        if (from !== null && to !== null && from > to)
          return yield* Effect.fail(problem("request-invalid", { errors: [{ field: "to", code: "before-from" }] }))
        const run = yield* history
          .plan(firmId, params.id, { from, to, caseTypes, maximum, notes, documents }, name)
          .pipe(Effect.catchTags({ ConnectionNotFound: refusals.ConnectionNotFound, CrmError: refusals.CrmError }))
        const { calls, seconds } = run.scope
        return { ...runView(run), estimate: { calls: Number(calls), seconds: Number(seconds) } }
      }),
      planCases: Effect.fn(function* ({ params, payload, query }) {
        const { firmId, name } = yield* CurrentFirm
        yield* connections
          .get(firmId, params.id)
          .pipe(Effect.catchTag("ConnectionNotFound", refusals.ConnectionNotFound))
        const { duplicates = "skip", invalid = "refuse", ...rest } = query
        const plan = yield* Effect.gen(function* () {
          const file = yield* uploadedFile(payload, caseFileBytes)
          const sheets = yield* reader.cases(file)
          return yield* caseImport.plan(
            firmId,
            params.id,
            { fileName: file.fileName, sheets },
            { duplicates, invalid, ...rest },
            name
          )
        }).pipe(
          Effect.catchTags({
            ConnectionNotFound: refusals.ConnectionNotFound,
            UploadRefused: refusals.UploadRefused,
            SheetUnreadable: refusals.SheetUnreadable,
            CaseSheetRefused: refusals.CaseSheetRefused
          })
        )
        const { columns, counts, problems, run } = plan
        return { ...runView(run), columns, counts, problems: problems.map(placed) }
      }),
      start: ({ params, payload }) => ask(params.id, "start", payload.first),
      pause: ({ params }) => ask(params.id, "pause"),
      resume: ({ params }) => ask(params.id, "resume"),
      cancel: ({ params }) => ask(params.id, "cancel"),
      result: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* runs.get(firmId, params.id)
        if (Option.isNone(found)) return yield* Effect.fail(problem("not-found"))
        const run = found.value
        const head = ["Row", yield* recordName(run), "Outcome", "Reason", "Case"]
        const lines = Stream.paginate(0, (after) =>
          Effect.map(runs.rows(firmId, run.id, { after, limit: rowsAtOnce }), (rows) => {
            const last = rows.at(-1)
            return [
              rows.map(cellsOf),
              last === undefined || rows.length < rowsAtOnce ? Option.none<number>() : Option.some(last.number)
            ] as const
          })
        )
        return csvAnswer(writer, `result-${run.id}`, head, lines)
      })
    })
  })
).pipe(Layer.provide([CaseImport.layer, HistoryImport.layer, ImportRuns.layer]))

const rowsAtOnce = 500

const cellsOf = ({ detail, number, state, verdict }: RunRow): ReadonlyArray<string> => [
  String(number),
  detail["externalCaseId"] ?? detail["externalId"] ?? "",
  state === "waiting" ? "waiting" : verdict,
  detail["reason"] ?? detail["outcome"] ?? "",
  detail["caseId"] ?? ""
]
