/** What is wrong with a connection or with the host, and what to do about it: every finding has a stable code. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { type FindingCode, severities } from "@casewire/core/domain/Diagnosis"
import { Access, Decoding, scoped } from "./Access.ts"
import { NotFound } from "./Problem.ts"
import { Time } from "./Time.ts"

export const FindingView = Schema.Struct({
  code: Schema.Literals(Object.keys(severities) as ReadonlyArray<FindingCode>),
  severity: Schema.Literals(["error", "warning", "info"]),
  explanation: Schema.String,
  fix: Schema.String
})
export interface FindingView extends Schema.Schema.Type<typeof FindingView> {}

/** True where no finding is an error. */
const healthy = Schema.Boolean
const findings = Schema.Array(FindingView)

export const ConnectionReport = Schema.Struct({ healthy, findings })

export const HostReportView = Schema.Struct({
  healthy,
  findings,
  at: Time,
  storage: Schema.Struct({
    writable: Schema.Boolean,
    settings: Schema.Array(
      Schema.Struct({ setting: Schema.String, expected: Schema.String, found: Schema.String, ok: Schema.Boolean })
    )
  }),
  node: Schema.Struct({ version: Schema.String, deniesPluginSockets: Schema.Boolean }),
  /** By how much the clock was moved since the host started. */
  clockStepMs: Schema.Number,
  disk: Schema.NullOr(Schema.Struct({ freeBytes: Schema.Number, totalBytes: Schema.Number })),
  /** Of this firm. */
  jobs: Schema.Struct({
    waiting: Schema.Int,
    dead: Schema.Int,
    uncertain: Schema.Int,
    oldestDue: Schema.NullOr(Time)
  }),
  supportContact: Schema.NullOr(Schema.String)
})
export interface HostReportView extends Schema.Schema.Type<typeof HostReportView> {}

export class DoctorGroup extends HttpApiGroup.make("doctor")
  .add(
    HttpApiEndpoint.get("host", "/doctor", { success: HostReportView })
      .annotate(OpenApi.Summary, "What is wrong with the host, and what to do")
      .annotateMerge(scoped("read")),
    HttpApiEndpoint.get("connection", "/connections/:id/doctor", {
      params: { id: ConnectionId },
      success: ConnectionReport,
      error: NotFound
    })
      .annotate(OpenApi.Summary, "What is wrong with a connection, and what to do; the CRM is not called")
      .annotateMerge(scoped("read"))
  )
  .middleware(Decoding)
  .middleware(Access)
  .prefix("/api/v1") {}
