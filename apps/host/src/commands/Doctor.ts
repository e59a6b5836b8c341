/**
 * `casewire doctor`: what is wrong, and what to do. It asks the running host by its API; where none runs, it opens the
 * store itself and says so. Ends with 0 where nothing is an error, else with 1.
 */
import { ConnectionReport, HostReportView } from "@casewire/api/Doctor"
import { hostReportView, isHealthy } from "@casewire/adapters-http/DoctorHandlers"
import { Doctor } from "@casewire/core/Doctor"
import type { Finding } from "@casewire/core/domain/Diagnosis"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Console, Effect, Option, Redacted, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { demoFirm } from "../DemoFirm.ts"
import { readSettings, type Settings, StartRefused } from "../Settings.ts"
import { load } from "./Load.ts"

interface ConnectionFindings {
  readonly id: string
  readonly name: string
  readonly findings: ReadonlyArray<Finding>
}

interface Report {
  /** Where the answer comes from, in a sentence. */
  readonly source: string
  readonly host: HostReportView
  readonly connections: ReadonlyArray<ConnectionFindings>
}

export const doctor = Command.make(
  "doctor",
  { json: Flag.Boolean("json").pipe(Flag.withDescription("Print the findings as JSON"), Flag.withDefault(false)) },
  Effect.fn(function* ({ json }) {
    const settings = yield* readSettings
    const url = `http://${settings.host === "0.0.0.0" ? "127.0.0.1" : settings.host}:${settings.port}`
    const report = (yield* isHostAt(url)) ? yield* askHost(url, settings) : yield* readStore(settings)
    yield* Console.log(json ? yield* asJson(report) : asText(report))
    const errors = [report.host, ...report.connections].flatMap(({ findings }) =>
      findings.filter(({ severity }) => severity === "error")
    )
    if (errors.length > 0)
      return yield* new StartRefused({
        message: `${errors.length} ${errors.length === 1 ? "error" : "errors"} found`,
        exit: 1
      })
  })
).pipe(Command.withDescription("Look for what is wrong and say what to do; works with the host running or stopped"))

const isHostAt = (url: string) =>
  Effect.tryPromise(async () => {
    const answer = await fetch(`${url}/livez`, { signal: AbortSignal.timeout(3000) })
    return Schema.is(Schema.Struct({ live: Schema.Literal(true) }))(await answer.json())
  }).pipe(Effect.orElseSucceed(() => false))

const Connections = Schema.Struct({
  connections: Schema.Array(Schema.Struct({ id: Schema.String, name: Schema.String }))
})

const askHost = Effect.fnUntraced(function* (url: string, settings: Settings) {
  const file = join(resolve(settings.data), "api-token")
  const token = Option.getOrUndefined(settings.apiToken)
  if (token === undefined && !existsSync(file))
    return yield* new StartRefused({
      message: `the host at ${url} is running: set CASEWIRE_API_TOKEN to a token of the API, so that it can be asked`,
      exit: 78
    })
  const bearer = token === undefined ? readFileSync(file, "utf8").trim() : Redacted.value(token)
  const get = <T, E>(path: string, schema: Schema.Codec<T, E>) =>
    Effect.tryPromise({
      try: async () => {
        const answer = await fetch(`${url}/api/v1${path}`, { headers: { authorization: `Bearer ${bearer}` } })
        if (!answer.ok) throw new Error(`the host answered ${answer.status} to ${path}`)
        return await answer.json()
      },
      catch: (cause) => new StartRefused({ message: cause instanceof Error ? cause.message : "no answer", exit: 1 })
    }).pipe(
      Effect.flatMap((answer) =>
        Effect.mapError(
          Schema.decodeUnknownEffect(schema)(answer),
          () =>
            new StartRefused({
              message: `the host's answer to ${path} cannot be read: it may be of another version`,
              exit: 1
            })
        )
      )
    )
  const { connections } = yield* get("/connections", Connections)
  return {
    source: `Asked the running host at ${url}.`,
    host: yield* get("/doctor", HostReportView),
    connections: yield* Effect.forEach(connections, ({ id, name }) =>
      Effect.map(get(`/connections/${id}/doctor`, ConnectionReport), ({ findings }) => ({ id, name, findings }))
    )
  } satisfies Report
})

const readStore = Effect.fnUntraced(function* (settings: Settings) {
  const folder = resolve(settings.data)
  // Opening would make one, with a key of its own.
  if (!existsSync(join(folder, "casewire.db")))
    return yield* new StartRefused({
      message: `there is no store in ${folder}, and no host is running: set CASEWIRE_DATA, or start the host`,
      exit: 78
    })
  const { layerDoctor } = yield* load(() => import("../Host.ts"))
  return yield* Effect.gen(function* () {
    const connections = yield* ConnectionStore
    const service = yield* Doctor
    const firms = yield* connections.firms
    const reports = yield* Effect.forEach(firms.length === 0 ? [demoFirm] : firms.map(({ id }) => id), service.host)
    const found: Array<ConnectionFindings> = []
    for (const { id: firmId } of firms)
      for (const { id, name } of yield* connections.list(firmId))
        found.push({ id, name, findings: yield* Effect.orDie(service.connection(firmId, id)) })
    return {
      source: `No host is running; read the store in ${folder}.`,
      host: together(reports.map(hostReportView)),
      connections: found
    } satisfies Report
  }).pipe(Effect.provide(layerDoctor(settings)))
})

/** One report of all firms: what concerns the machine is the same in each, and jobs add up. */
const together = (reports: ReadonlyArray<HostReportView>): HostReportView => {
  const findings = [
    ...new Map(
      reports.flatMap((report) => report.findings.map((each) => [`${each.code} ${each.explanation}`, each]))
    ).values()
  ]
  const sum = (count: "waiting" | "dead" | "uncertain") => reports.reduce((total, { jobs }) => total + jobs[count], 0)
  const due = reports.flatMap(({ jobs }) => (jobs.oldestDue === null ? [] : [jobs.oldestDue]))
  return {
    ...reports[0]!,
    findings,
    healthy: isHealthy(findings),
    jobs: {
      waiting: sum("waiting"),
      dead: sum("dead"),
      uncertain: sum("uncertain"),
      oldestDue: due.length === 0 ? null : Math.min(...due)
    }
  }
}

const asJson = ({ connections, host, source }: Report) =>
  Effect.map(Effect.orDie(Schema.encodeEffect(HostReportView)(host)), (encoded) =>
    JSON.stringify(
      {
        healthy: isHealthy([host, ...connections].flatMap(({ findings }) => findings)),
        source,
        host: encoded,
        connections: connections.map((each) => ({ ...each, healthy: isHealthy(each.findings) })),
        supportContact: host.supportContact
      },
      undefined,
      2
    )
  )

const asText = ({ connections, host, source }: Report): string =>
  [
    source,
    "",
    ...section(`Host (Node ${host.node.version}, ${host.jobs.waiting} jobs wait)`, host.findings),
    ...connections.flatMap(({ findings, id, name }) => section(`Connection "${name}" (${id})`, findings)),
    "Each code is explained in docs/troubleshooting.md.",
    ...(host.supportContact === null ? [] : [`Support: ${host.supportContact}`])
  ].join("\n")

const section = (title: string, findings: ReadonlyArray<Finding>): ReadonlyArray<string> => [
  title,
  ...(findings.length === 0
    ? ["  all is well"]
    : findings.flatMap(({ code, explanation, fix, severity }) => [
        `  ${severity.padEnd(8)} ${code}`,
        `           ${explanation}`,
        `           ${fix}`
      ])),
  ""
]
