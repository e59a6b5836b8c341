/** Findings about the host and its connections: the core's doctor translated to the API. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import type { HostReportView } from "@casewire/api/Doctor"
import { Doctor, type HostReport } from "@casewire/core/Doctor"
import type { Finding } from "@casewire/core/domain/Diagnosis"
import { notFound } from "./Problems.ts"

export const isHealthy = (findings: ReadonlyArray<Finding>): boolean =>
  findings.every(({ severity }) => severity !== "error")

export const hostReportView = ({
  at,
  findings,
  isWritable,
  jobs,
  machine,
  supportContact
}: HostReport): HostReportView => ({
  healthy: isHealthy(findings),
  findings,
  at,
  storage: { writable: isWritable, settings: machine.store },
  node: { version: machine.nodeVersion, deniesPluginSockets: machine.deniesPluginSockets },
  clockStepMs: machine.clockStepMs,
  disk: machine.disk,
  jobs,
  supportContact
})

export const layerDoctorHandlers = HttpApiBuilder.group(
  Api,
  "doctor",
  Effect.fn(function* (handlers) {
    const doctor = yield* Doctor
    return handlers.handleAll({
      host: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        return hostReportView(yield* doctor.host(firmId))
      }),
      connection: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const findings = yield* doctor.connection(firmId, params.id).pipe(Effect.mapError(notFound))
        return { healthy: isHealthy(findings), findings }
      })
    })
  })
)
