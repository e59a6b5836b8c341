/** `casewire start`: host, sandbox and a ready-made connection in one process, to try things out. */
import { Console, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { apiToken } from "../DemoFirm.ts"
import { dataFolder, readSettings, type Settings } from "../Settings.ts"
import { load } from "./Load.ts"

export const start = Command.make(
  "start",
  {
    empty: Flag.Boolean("empty").pipe(
      Flag.withDescription("Leave the connection to you: the console leads through its set-up"),
      Flag.withDefault(false)
    )
  },
  Effect.fn(function* ({ empty }) {
    const given = yield* readSettings
    const { running } = yield* load(() => import("../Running.ts"))
    const { offerDemo, rehearsalWith } = yield* load(() => import("../DemoConnection.ts"))
    const { demoPortal, serve: serveSandbox } = yield* load(() => import("@casewire/lawruler-sandbox"))
    const sandbox = yield* serveSandbox({ port: given.sandboxPort, host: "127.0.0.1" })
    const settings: Settings = { ...given, sandboxOrigin: Option.some(sandbox.url) }
    const ready = Effect.fnUntraced(function* (url: string) {
      const { apiToken: file } = dataFolder(settings.data)
      const token = yield* apiToken(file)
      const connection = empty ? undefined : yield* offerDemo({ sandboxUrl: sandbox.url, hostUrl: url })
      yield* Console.log(
        welcome({ url, portal: demoPortal.root, sandbox: sandbox.url, file, token, connection: connection?.name })
      )
    })
    yield* running(settings, ready, rehearsalWith(sandbox.url))
  }, Effect.scoped)
).pipe(Command.withDescription("Run the host together with a sandbox and a ready-made connection to it"))

const welcome = (at: {
  url: string
  portal: string
  sandbox: string
  file: string
  token: string
  connection: string | undefined
}) => `
Casewire is running.

  console       ${at.url}/login#token=${at.token}
                (the link signs this browser in; keep it to yourself)
  host          ${at.url}      API docs: ${at.url}/docs
  sandbox       ${at.sandbox}      an imitation of the CRM, with leads to play with
  connection    ${at.connection === undefined ? "none yet: open the console and choose to try it with the sandbox" : `"${at.connection}" is signed in, its webhook is registered, every switch is on`}
  API token     in ${at.file}

Try it:
  1. Open ${at.sandbox}/ , choose the portal "${at.portal}" and a lead, change its status: the case appears in Casewire.
       curl -s -H "authorization: Bearer $(cat ${at.file})" ${at.url}/api/v1/cases
  2. Send a message to that case; it becomes a note in the category Client Communications:
       curl -s -H "authorization: Bearer $(cat ${at.file})" -H "content-type: application/json" ${at.url}/api/v1/events \\
         -d '{"type":"message_sent","eventId":"try-1","caseId":"<id of the case>","channel":"sms","direction":"outbound","text":"Hello","sentAt":"2026-11-24T12:00:00Z"}'
  3. "npm run demo" shows the whole story on its own; Ctrl-C stops everything.
`
