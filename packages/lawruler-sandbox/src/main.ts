#!/usr/bin/env node
/**
 * Runs the sandbox alone: `PORT` (4010) and `HOST` (127.0.0.1) from the environment.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Config, Console, Effect } from "effect"
import { demoPortal, serve } from "./Sandbox.ts"

const main = Effect.gen(function* () {
  const port = yield* Config.Port("PORT").pipe(Config.withDefault(4010))
  const host = yield* Config.String("HOST").pipe(Config.withDefault("127.0.0.1"))
  const { url } = yield* serve({ port, host })
  yield* Console.log(`Law Ruler sandbox: ${url}

  web page       ${url}/
  token          POST ${url}/${demoPortal.root}/identity/connect/token
  Advanced API   ${url}/${demoPortal.root}/ApiCases/GetLead?leadId=248199
  legacy API     ${url}/${demoPortal.root}/api-legalcrmapp.aspx
  everything     GET ${url}/_sandbox/portals/${demoPortal.root}/state
  start over     POST ${url}/_sandbox/reset

  portal "${demoPortal.root}": username ${demoPortal.username}, password ${demoPortal.password},
  client secret ${demoPortal.clientSecret}, key ${demoPortal.key}
`)
  return yield* Effect.never
})

NodeRuntime.runMain(
  Effect.scoped(main).pipe(
    Effect.catchTag("ServeError", ({ cause }) => Effect.fail(`The sandbox cannot listen there: ${String(cause)}`))
  )
)
