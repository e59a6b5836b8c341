/** Mistakes in how reads are ordered among each other and among our own writes. */
import type { NewJob } from "@casewire/core/domain/Job"
import { Effect } from "effect"
import type { PlantedDefect, Ports } from "../Defect.ts"
import { readOf } from "../SimulatedCrm.ts"

const withJobs = (ports: Ports, change: (job: NewJob) => NewJob): Ports => ({
  ...ports,
  queue: { ...ports.queue, enqueue: (jobs) => ports.queue.enqueue(jobs.map(change)) }
})

export const readDefects: ReadonlyArray<PlantedDefect> = [
  {
    name: "a read that began before our write is applied after it",
    // Reads leave the lane in which writes run.
    make: () => ({
      favours: ["crm: slow answer", "webhook: sent for our own writes"],
      ports: (ports) => withJobs(ports, (job) => (job.work._tag === "ReadCase" ? { ...job, lane: "feed" } : job))
    })
  },
  {
    name: "reads are not serialised",
    make: () => ({
      ports: (ports) => {
        let number = 0
        const free = withJobs(ports, (job) =>
          job.work._tag === "ReadCase" ? { ...job, key: `${job.key}#${number++}` } : job
        )
        return {
          ...free,
          queue: {
            ...free.queue,
            claim: (options) =>
              Effect.map(free.queue.claim(options), (leases) =>
                leases.map((lease) => ({ ...lease, job: { ...lease.job, key: lease.job.key.split("#")[0]! } }))
              )
          }
        }
      }
    })
  },
  {
    name: "the flag is cleared after the read",
    make: () => ({
      favours: ["webhook: lost", "crm: slow answer"],
      changesDuringReads: true,
      ports: (ports, database) => ({
        ...ports,
        cases: {
          ...ports.cases,
          save: (value) => {
            const before = database.cases.get(value.id)
            if (before === undefined) return ports.cases.save(value)
            if (readOf(before) !== readOf(value)) return ports.cases.save({ ...value, dirtySince: null })
            return before.dirtySince !== null && value.dirtySince === null ? Effect.void : ports.cases.save(value)
          }
        }
      })
    })
  }
]
