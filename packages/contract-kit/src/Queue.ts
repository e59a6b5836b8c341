/** The contract of `Queue`, gathered from its themes: arrival, lanes, leases, verbs, pacing, and a reference model. */
import { contract, type Laws } from "./Law.ts"
import { enqueueLaws } from "./QueueEnqueueLaws.ts"
import { laneLaws } from "./QueueLaneLaws.ts"
import { durableLeaseLaws, leaseLaws } from "./QueueLeaseLaws.ts"
import { modelLaws } from "./QueueModel.ts"
import { durablePacingLaws, pacingLaws } from "./QueuePacingLaws.ts"
import { verbLaws } from "./QueueVerbLaws.ts"

export const queueLaws: Laws = {
  port: "Queue",
  laws: [...enqueueLaws, ...laneLaws, ...leaseLaws, ...verbLaws, ...pacingLaws, ...modelLaws],
  durable: [...durableLeaseLaws, ...durablePacingLaws]
}

export const queueContract = contract(queueLaws)
