/**
 * The three-way merge of a value that both sides may change: one pure table, the same for statuses and mapped fields.
 *
 * The case keeps a baseline per side, what each held when they were last settled. Comparing the CRM's value with the
 * case's *present* baseline is the whole echo rule: what we pushed comes back equal to the baseline and does nothing.
 */
import { Schema } from "effect"

export const TwoWay = Schema.Struct({
  /** `p`: what the platform holds now. */
  platform: Schema.NullOr(Schema.String),
  /** `bp`: what the platform held when the sides were last settled. */
  basePlatform: Schema.NullOr(Schema.String),
  /** `bc`: what the CRM held then. */
  baseCrm: Schema.NullOr(Schema.String),
  /** The CRM's value as last seen by a verified read, also while sync is not effective. */
  seenCrm: Schema.NullOr(Schema.String)
})
export interface TwoWay extends Schema.Schema.Type<typeof TwoWay> {}

export const unknownValue: TwoWay = { platform: null, basePlatform: null, baseCrm: null, seenCrm: null }

export type Same = (a: string | null, b: string | null) => boolean

export type Verdict =
  /** Sync is not effective: the value is noted, nothing moves. */
  | { readonly _tag: "Remember"; readonly value: TwoWay }
  | { readonly _tag: "Nothing"; readonly value: TwoWay }
  /** The pending target may be written to the CRM; settle with its answer. */
  | { readonly _tag: "Send"; readonly value: TwoWay }
  /** The CRM already holds the pending target. */
  | { readonly _tag: "Settled"; readonly value: TwoWay }
  /** The CRM's value becomes the platform's; `superseded` is the pending local value that lost, if there was one. */
  | { readonly _tag: "Apply"; readonly value: TwoWay; readonly superseded: string | null }

/**
 * Decides about a verified read `read` of the CRM.
 *
 * `target` is the value a pending push wants to write, `null` where none is pending. `effective` says whether the
 * half of the sync that is asking (inbound for reads, outbound for pushes) is on.
 */
export const decide = (options: {
  readonly value: TwoWay
  readonly read: string | null
  readonly target: string | null
  readonly effective: boolean
  readonly same: Same
  /** What the platform calls a value of the CRM, and what it calls `target`, where the sides have words of their own. */
  readonly toPlatform?: (crm: string | null) => string | null
  readonly targetOnPlatform?: string | null
}): Verdict => {
  const { read, same, target, targetOnPlatform = target, toPlatform = (crm) => crm } = options
  const value = { ...options.value, seenCrm: read }
  if (!options.effective) return { _tag: "Remember", value }
  if (target !== null && same(read, target)) return { _tag: "Settled", value: settle(value, target, targetOnPlatform) }
  if (same(read, value.baseCrm)) return target === null ? { _tag: "Nothing", value } : { _tag: "Send", value }
  const platform = toPlatform(read)
  return {
    _tag: "Apply",
    value: { platform, basePlatform: platform, baseCrm: read, seenCrm: read },
    superseded: target
  }
}

/** After the CRM took `target` (or held it already): both baselines move. A later local edit stays pending. */
export const settle = (value: TwoWay, target: string, onPlatform: string | null = target): TwoWay => ({
  platform: value.platform,
  basePlatform: onPlatform,
  baseCrm: target,
  seenCrm: target
})

/** A person or the platform changed the value. */
export const edit = (value: TwoWay, platform: string | null): TwoWay => ({ ...value, platform })

/** Whether the platform holds an edit that the CRM has not been given. */
export const isPending = (value: TwoWay, same: Same): boolean => !same(value.platform, value.basePlatform)
