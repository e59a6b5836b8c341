/**
 * The switches of one portal. Each stands for something nobody outside Law Ruler
 * can know (the A-numbers in the README), so a client can be tested against
 * either answer.
 */
import { Schema } from "effect"
import * as Profile from "./Profile.ts"

const PositiveInt = Schema.Int.check(Schema.isGreaterThan(0))

const RateLimit = Schema.Struct({
  limit: PositiveInt,
  windowSeconds: Schema.Finite.check(Schema.isGreaterThan(0)),
  retryAfterHeader: Schema.optionalKey(Schema.Boolean),
  /** Which APIs are counted; the token host never is. */
  appliesTo: Schema.optionalKey(Schema.Literals(["both", "advanced"]))
})

/** What `POST …/settings` takes: only the named switches change. */
export const SettingsPatch = Schema.Struct({
  rateLimit: Schema.optionalKey(Schema.NullOr(RateLimit)),
  fireOnApiWrite: Schema.optionalKey(Schema.Boolean),
  duplicateMode: Schema.optionalKey(Schema.Literals(["existing", "create"])),
  webhookRetries: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))),
  webhookRetryDelayMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))),
  webhookTimeoutMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 600_000 }))),
  tokenSeconds: Schema.optionalKey(PositiveInt),
  updateMovesOnNote: Schema.optionalKey(Schema.Boolean),
  inboxContainsAll: Schema.optionalKey(Schema.Boolean),
  dateFilter: Schema.optionalKey(Schema.Literals(["update", "create"])),
  advancedEnabled: Schema.optionalKey(Schema.Boolean),
  /** Route name to false switches that route off; it then answers 404. */
  routesEnabled: Schema.optionalKey(Schema.Record(Schema.String, Schema.Boolean)),
  getLeadWrapped: Schema.optionalKey(Schema.Boolean),
  idsInDetail: Schema.optionalKey(Schema.Boolean),
  statusSuffixInWebhooks: Schema.optionalKey(Schema.Boolean),
  legacySuccessText: Schema.optionalKey(Schema.Literals(["success-lead", "lead-id"]))
})

export type SettingsPatch = typeof SettingsPatch.Type
export type Settings = Required<SettingsPatch>

export const defaultSettings: Settings = {
  rateLimit: Profile.rateLimit,
  fireOnApiWrite: true,
  duplicateMode: "existing",
  webhookRetries: Profile.webhookDelivery.retries,
  webhookRetryDelayMs: Profile.webhookDelivery.retryDelayMs,
  webhookTimeoutMs: Profile.webhookDelivery.timeoutMs,
  tokenSeconds: Profile.tokenSeconds,
  updateMovesOnNote: false,
  inboxContainsAll: true,
  dateFilter: "update",
  advancedEnabled: true,
  routesEnabled: {},
  getLeadWrapped: true,
  idsInDetail: false,
  statusSuffixInWebhooks: false,
  legacySuccessText: "success-lead"
}
