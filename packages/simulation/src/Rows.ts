/** The rows of the merge table and the kinds of history that are counted: what never came up was not tested. */
import type { CaseEvent } from "@casewire/core/domain/Case"

export const rowNames = [
  "read: first status of a case",
  "read: sync not effective, remembered",
  "read: r = bc, nothing pending",
  "read: r = bc, push pending",
  "read: r = t, settled",
  "read: r differs, applied",
  "read: r differs, push pending, CRM wins",
  "push: r = bc, sent",
  "push: r = t, already there",
  "push: r differs, CRM wins",
  "push: sync not effective, held",
  "hint: counted unverified",
  "resume: baselines moved from now on",
  "resume: plan row, CRM as the plan saw it, sent",
  "resume: plan row, already there",
  "resume: plan row, CRM changed, skipped",
  "list: added",
  "list: removed",
  "list: add waits for a read",
  "list: waiting add dropped",
  "list: older or held-off add refused",
  "field: first or newer value applied",
  "field: sent or there already",
  "field: push pending, CRM wins",
  "webhook: stored, and never answered",
  "import: record of the past made a case",
  "import: known record"
] as const
export type RowName = (typeof rowNames)[number]

export const listRows: Readonly<Record<string, RowName | undefined>> = {
  added: "list: added",
  removed: "list: removed",
  waiting: "list: add waits for a read",
  dropped: "list: waiting add dropped",
  refused: "list: older or held-off add refused"
}

export const fieldRows: Partial<Record<CaseEvent["kind"], RowName>> = {
  "field-applied": "field: first or newer value applied",
  "field-pushed": "field: sent or there already",
  "field-superseded": "field: push pending, CRM wins"
}
