/**
 * The read of one case by itself. Reads with others go by pages, and a page may leave the further fields out: where a
 * mapping needs them, the case is read once more, as the least urgent of its jobs, with edits put before it.
 */
import type { Case } from "./Case.ts"
import { JobId, type NewJob, Priority } from "./Job.ts"

export const wholeRead = (of: Case, id: string): NewJob => ({
  id: JobId.make(id),
  firmId: of.firmId,
  connectionId: of.connectionId,
  key: of.externalId,
  lane: "state",
  priority: Priority.poll,
  work: { _tag: "ReadCase", externalCaseId: of.externalId, whole: true }
})
