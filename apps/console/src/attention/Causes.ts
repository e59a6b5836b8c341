/** What stopped, grouped by what stopped it: one cause, however many items. Plain decisions. */
import type { JobView } from "@casewire/api/Jobs"

export interface Cause {
  readonly key: string
  readonly work: JobView["work"]
  readonly state: JobView["state"]
  readonly reason: string | null
  /** The newest first. */
  readonly jobs: ReadonlyArray<JobView>
  readonly firstAt: number
  readonly lastAt: number
}

/** Numbers in a reason tell items apart, not causes. */
const causeOf = (reason: string | null): string => (reason ?? "").replace(/\d+/g, "#")

export const causesOf = (jobs: ReadonlyArray<JobView>): ReadonlyArray<Cause> =>
  [...Map.groupBy(jobs, ({ reason, state, work }) => `${work} ${state} ${causeOf(reason)}`)]
    .flatMap(([key, found]): ReadonlyArray<Cause> => {
      const sorted = found.toSorted((a, b) => b.updatedAt - a.updatedAt)
      const [newest] = sorted
      return newest === undefined
        ? []
        : [
            {
              key,
              work: newest.work,
              state: newest.state,
              reason: newest.reason,
              jobs: sorted,
              firstAt: Math.min(...found.map(({ createdAt }) => createdAt)),
              lastAt: newest.updatedAt
            }
          ]
    })
    .toSorted((a, b) => b.jobs.length - a.jobs.length || b.lastAt - a.lastAt)
