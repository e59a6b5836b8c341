/** Mistakes in how requests leave: what is durable before, what is looked for after, and what they are compared with. */
import { Storage } from "@casewire/core/ports/Storage"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { Effect, Layer, Option } from "effect"
import type { PlantedDefect } from "../Defect.ts"

export const requestDefects: ReadonlyArray<PlantedDefect> = [
  {
    name: "no intent before sending",
    make: () => ({
      ports: (ports) => ({
        ...ports,
        queue: { ...ports.queue, mark: (lease, { sentAt: _, ...change }) => ports.queue.mark(lease, change) }
      })
    })
  },
  {
    name: "no quiet period",
    make: () => ({ times: { clientTimeoutMs: 0, lateCommitMs: 0 } })
  },
  {
    name: "a failure while looking clears the intent",
    make: () => ({
      favours: ["crm: 429 without Retry-After", "crm: answer lost after commit"],
      ports: (ports) => ({
        ...ports,
        queue: {
          ...ports.queue,
          settle: (lease, outcome) =>
            ports.queue.settle(
              lease,
              outcome._tag === "GiveBack" && outcome.reason === "rate-limited"
                ? { ...outcome, sending: false }
                : outcome
            )
        }
      })
    })
  },
  {
    name: "one marker for a note of two parts",
    make: () => ({
      ports: (ports) => ({
        ...ports,
        queue: {
          ...ports.queue,
          enqueue: (jobs) =>
            ports.queue.enqueue(
              jobs.map((job) => {
                if (job.work._tag !== "AddNote") return job
                const { marker } = job.work.parts[0]!
                const parts = job.work.parts.map((part) => ({ marker, text: part.text.replace(part.marker, marker) }))
                return { ...job, work: { ...job.work, parts } }
              })
            )
        }
      })
    })
  },
  {
    name: "the baseline is copied into the job",
    make: () => {
      const copies = new Map<string, string | null>()
      const active = new Map<string, string>()
      return {
        ports: (ports, database) => ({
          ...ports,
          queue: {
            ...ports.queue,
            enqueue: (jobs) => {
              for (const { id, work } of jobs)
                if (work._tag === "PushStatus") copies.set(id, database.cases.get(work.caseId)?.status.baseCrm ?? null)
              return ports.queue.enqueue(jobs)
            },
            claim: (options) =>
              Effect.tap(ports.queue.claim(options), (leases) =>
                Effect.sync(() => {
                  for (const { job } of leases) if (job.work._tag === "PushStatus") active.set(job.work.caseId, job.id)
                })
              )
          }
        }),
        worker: (layer) =>
          layer.pipe(
            Layer.provide(
              Layer.effect(
                CaseStore,
                Effect.map(CaseStore, (cases) => ({
                  ...cases,
                  get: (firmId, id) =>
                    Effect.map(
                      cases.get(firmId, id),
                      Option.map((of) => {
                        const baseCrm = copies.get(active.get(id) ?? "")
                        return baseCrm === undefined ? of : { ...of, status: { ...of.status, baseCrm } }
                      })
                    )
                }))
              )
            )
          )
      }
    }
  },
  {
    name: "resume is decided outside its transaction",
    make: () => ({
      favours: ["people: switch flipped", "people: resume from now on", "people: resume by replay", "host: crash"],
      resume: (layer) =>
        layer.pipe(
          Layer.provide(
            Layer.effect(
              Storage,
              Effect.map(Storage, (storage) => ({ ...storage, atomically: (effect) => effect }))
            )
          )
        )
    })
  }
]
