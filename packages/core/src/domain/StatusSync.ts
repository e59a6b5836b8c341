/**
 * Case statuses: how names are compared, and what a status is.
 *
 * Firms spell one status in many ways; the plugin strips its CRM's decorations, the core folds case and spaces. The
 * raw name is kept because the CRM accepts only its own spelling.
 */
import { Schema } from "effect"
import type { Same } from "./Merge.ts"

export const CaseStatus = Schema.Struct({
  /** Without the CRM's decorations, as shown to people. */
  name: Schema.String,
  /** Exactly as the CRM wrote it. */
  raw: Schema.String,
  externalId: Schema.optionalKey(Schema.String)
})
export interface CaseStatus extends Schema.Schema.Type<typeof CaseStatus> {}

/** Compare key of a status name. */
export const statusKey = (name: string): string => name.normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase()

export const sameStatus: Same = (a, b) => (a === null || b === null ? a === b : statusKey(a) === statusKey(b))
