/** What came from a connection or belongs to it, counted by kind: shown before it is erased, and kept as what was. */
import { Schema } from "effect"

export const Inventory = Schema.Struct({
  cases: Schema.Int,
  clients: Schema.Int,
  /** Lines of the cases' histories. */
  history: Schema.Int,
  /** Notes, messages, calls and documents in the cases' timelines. */
  timeline: Schema.Int,
  /** Files, those of receipts included. */
  documents: Schema.Int,
  receipts: Schema.Int,
  jobs: Schema.Int,
  /** Places of its cases in lists and campaigns. */
  memberships: Schema.Int,
  /** Versions and drafts of mappings, status tables, and what the CRM had to choose from. */
  mappings: Schema.Int,
  runs: Schema.Int,
  /** Webhooks of the log about its cases. */
  webhooks: Schema.Int
})
export interface Inventory extends Schema.Schema.Type<typeof Inventory> {}

export const sizeOf = (inventory: Inventory): number =>
  Object.values<number>({ ...inventory }).reduce((sum, count) => sum + count, 0)
