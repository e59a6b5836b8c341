/**
 * Imports of a firm's past from the CRM, and of files of cases: counted first, started when a person has seen the
 * count, paused, gone on with, cancelled. Their progress and rows are those of the run.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { FieldProblem } from "@casewire/core/domain/Receipt"
import { RunId } from "@casewire/core/domain/Run"
import { Access, Decoding, scoped } from "./Access.ts"
import { Conflict, CrmFailed, Invalid, NotFound } from "./Problem.ts"
import { RunView } from "./Runs.ts"
import { Time } from "./Time.ts"

const params = { id: ConnectionId }
const ofRun = { id: RunId }
const Name = Schema.NonEmptyString.check(Schema.isMaxLength(200))

/** The largest file of cases that is read, and what may come with a form around it. */
export const caseFileBytes = 50 * 1024 * 1024
export const caseUploadBytes = caseFileBytes + 65_536

const HistoryPlan = Schema.Struct({
  ...RunView.fields,
  /** At the connection's present call budget, if nothing else asks for calls. */
  estimate: Schema.Struct({ calls: Schema.Int, seconds: Schema.Int })
})

const CasePlan = Schema.Struct({
  ...RunView.fields,
  /** Columns from 1, and what each is taken for; `field` is a field of the platform by the column's name. */
  columns: Schema.Array(Schema.Struct({ column: Schema.Int, header: Schema.String, use: Schema.String })),
  counts: Schema.Struct({ new: Schema.Int, duplicate: Schema.Int, invalid: Schema.Int }),
  /** Of rows that are left out: where, and a code. */
  problems: Schema.Array(FieldProblem)
})

const verb = <const N extends string>(name: N, summary: string) =>
  HttpApiEndpoint.post(name, `/runs/:id/${name}`, {
    params: ofRun,
    success: RunView,
    error: [NotFound, Conflict]
  })
    .annotate(OpenApi.Summary, summary)
    .annotateMerge(scoped("write"))

export class ImportsGroup extends HttpApiGroup.make("imports")
  .add(
    HttpApiEndpoint.post("planHistory", "/connections/:id/history-imports", {
      params,
      payload: Schema.Struct({
        /** By last change in the CRM, both ends included. */
        from: Schema.optionalKey(Time),
        to: Schema.optionalKey(Time),
        /** Ids or names in the CRM; none: all. */
        caseTypes: Schema.optionalKey(Schema.Array(Name).check(Schema.isMaxLength(100))),
        maximum: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))),
        /** Also take the notes, or the documents, of every case: calls of their own for each. */
        notes: Schema.optionalKey(Schema.Boolean),
        documents: Schema.optionalKey(Schema.Boolean)
      }),
      success: HistoryPlan.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Invalid, CrmFailed]
    })
      .annotate(OpenApi.Summary, "Count a part of the CRM's past; nothing is imported before the run is started")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.post("planCases", "/connections/:id/case-imports", {
      params,
      query: {
        /** What becomes of a row whose record has a case. Default `skip`; `create` makes a second, plain case. */
        duplicates: Schema.optionalKey(Schema.Literals(["skip", "update", "create"])),
        /** Rows at fault refuse the file (default), or are left out. */
        invalid: Schema.optionalKey(Schema.Literals(["refuse", "leave-out"])),
        /** For rows that do not say theirs. */
        caseType: Schema.optionalKey(Name),
        /** Which sheet of a workbook. */
        sheet: Schema.optionalKey(Name)
      },
      /** One file part: `.xlsx`, `.csv` or `.tsv`. */
      payload: Schema.Struct({ file: Schema.Unknown }).pipe(
        HttpApiSchema.asMultipartStream({ maxParts: 5, maxTotalSize: caseUploadBytes })
      ),
      success: CasePlan.pipe(HttpApiSchema.status(201)),
      error: [NotFound, Invalid]
    })
      .annotate(OpenApi.Summary, "Read and count a file of cases; no case is made before the run is started")
      .annotateMerge(scoped("write")),
    HttpApiEndpoint.post("start", "/runs/:id/start", {
      params: ofRun,
      payload: Schema.Struct({
        /** Import so many, then wait to be resumed, so that a person can look at them. */
        first: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })))
      }),
      success: RunView,
      error: [NotFound, Conflict]
    })
      .annotate(OpenApi.Summary, "Start an import that was counted")
      .annotateMerge(scoped("write")),
    verb("pause", "Pause an import after the record under way"),
    verb("resume", "Go on with a paused import where it stood"),
    verb("cancel", "End an import; what was imported stays"),
    HttpApiEndpoint.get("result", "/runs/:id/result.csv", {
      params: ofRun,
      success: HttpApiSchema.StreamUint8Array({ contentType: "text/csv" }),
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What became of each record or row, as a file; safe to open in a spreadsheet program")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
