/**
 * Faults that wait for their call. A fault names what it strikes (`on`), what it
 * does (`kind`) and how often; each matching call uses up one turn of the oldest
 * fault that fits. `skip` lets the first matching calls pass untouched.
 */
import { Schema } from "effect"

const apiKinds = [
  "429",
  "401",
  "403",
  "404",
  "500",
  "200-error",
  "expired-token",
  "slow",
  "truncated",
  "answer-lost",
  "late-commit",
  "wrong-lead",
  "drip",
  "page-drift",
  "empty",
  "duplicated",
  "reordered",
  "doctype",
  "wrong-client"
] as const

const webhookKinds = ["duplicate", "reorder", "delay", "lose", "retry"] as const

const Milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))
const Times = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))

/** What the admin API takes. */
export const FaultRequest = Schema.Struct({
  on: Schema.NonEmptyString,
  kind: Schema.Literals([...apiKinds, ...webhookKinds]),
  times: Schema.optionalKey(Times),
  skip: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
  leadId: Schema.optionalKey(Schema.Int),
  webhookId: Schema.optionalKey(Schema.Int),
  retryAfter: Schema.optionalKey(
    Schema.Union([Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), Schema.Literals(["none", "http-date"])])
  ),
  ms: Schema.optionalKey(Milliseconds),
  copies: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 }))),
  /** truncated: also break the connection instead of ending the short body cleanly. */
  abort: Schema.optionalKey(Schema.Boolean)
})

export type FaultRequest = typeof FaultRequest.Type

export interface Fault extends Omit<FaultRequest, "times" | "skip"> {
  readonly faultId: number
  /** Turns left. */
  times: number
  skip: number
}

export interface FaultTarget {
  /** Every name the call goes by, lower case: `any`, `legacy`, `legacy.update`, … */
  readonly names: ReadonlySet<string>
  readonly leadId?: number | undefined
  readonly webhookId?: number | undefined
}

const fits = (fault: Fault, target: FaultTarget): boolean =>
  target.names.has(fault.on.toLowerCase()) &&
  (fault.leadId === undefined || fault.leadId === target.leadId) &&
  (fault.webhookId === undefined || fault.webhookId === target.webhookId)

/** Takes one turn of the oldest fitting fault; faults without turns leave the list. */
export const takeFault = (holder: { faults: Array<Fault> }, target: FaultTarget): Fault | undefined => {
  for (const fault of holder.faults) {
    if (!fits(fault, target)) continue
    if (fault.skip > 0) {
      fault.skip -= 1
      continue
    }
    fault.times -= 1
    if (fault.times <= 0) holder.faults = holder.faults.filter((other) => other !== fault)
    return fault
  }
  return undefined
}

/** Undefined when the kind can strike there, otherwise what is wrong. */
export const misfit = (fault: FaultRequest): string | undefined => {
  const isWebhookKind = (webhookKinds as ReadonlyArray<string>).includes(fault.kind)
  const onWebhook = fault.on.toLowerCase() === "webhook"
  if (isWebhookKind !== onWebhook) {
    return onWebhook ? `on "webhook" takes ${webhookKinds.join(", ")}` : `${fault.kind} strikes only "webhook"`
  }
  return undefined
}
