/** `casewire token`: makes an API token for a firm and prints it once. */
import { FirmId } from "@casewire/core/domain/Ids"
import { TokenScope } from "@casewire/core/domain/TokenScope"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { Clock, Console, Effect, Redacted } from "effect"
import { Command, Flag } from "effect/cli"
import { demoFirm } from "../DemoFirm.ts"
import { readSettings } from "../Settings.ts"
import { load } from "./Load.ts"

export const token = Command.make(
  "token",
  {
    firm: Flag.String("firm").pipe(
      Flag.withDescription("Id of the firm; made if it is new"),
      Flag.withDefault(demoFirm as string)
    ),
    name: Flag.String("name").pipe(Flag.withDescription("What the token is for"), Flag.withDefault("command line")),
    scope: Flag.Literals("scope", TokenScope.literals).pipe(
      Flag.withDescription("What it may do; give it several times for several. Without it the token may everything"),
      Flag.between(0, TokenScope.literals.length)
    )
  },
  Effect.fn(function* ({ firm, name, scope }) {
    const settings = yield* readSettings
    const { layerStore } = yield* load(() => import("../Store.ts"))
    const issued = yield* Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const firmId = FirmId.make(firm)
      yield* connections.saveFirm({ id: firmId, name: firm, createdAt: yield* Clock.currentTimeMillis })
      return yield* connections.issueToken({ _tag: "Api", firmId, name, scopes: scope.length === 0 ? null : scope })
    }).pipe(Effect.provide(layerStore(settings)))
    yield* Console.log(Redacted.value(issued))
  })
).pipe(
  Command.withDescription("Make an API token for a firm and print it once; the host must be stopped"),
  Command.withExamples([
    { command: "casewire token --firm harbor --name integrator", description: "A token for one firm" },
    {
      command: "casewire token --firm harbor --name reports --scope read",
      description: "A token that can look at everything and change nothing"
    }
  ])
)
