/** What only the process knows of the machine it runs on; asked by `Doctor`, never by anything that works. */
import { Context, type Effect } from "effect"
import type { MachineFacts } from "../domain/HostDiagnosis.ts"

export class Machine extends Context.Service<
  Machine,
  {
    readonly facts: Effect.Effect<MachineFacts>
    /** Whom to ask when the findings do not help; the operator's setting. */
    readonly supportContact: string | null
  }
>()("@casewire/core/ports/Machine") {}
