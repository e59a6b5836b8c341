/** Mistakes in what a webhook's payload may do, and in when it is answered. */
import type { Case } from "@casewire/core/domain/Case"
import type { TwoWay } from "@casewire/core/domain/Merge"
import { JobId, Priority } from "@casewire/core/domain/Job"
import { newId } from "@casewire/core/domain/Ids"
import { ExternalCaseId } from "@casewire/core/domain/Case"
import { Effect } from "effect"
import type { Defect, PlantedDefect } from "../Defect.ts"

/** Does something to the status of a verified case whenever a payload reports another one. */
const onReport =
  (change: (status: TwoWay, reported: string) => TwoWay): (() => Defect) =>
  () => ({
    ports: (ports, database) => ({
      ...ports,
      cases: {
        ...ports.cases,
        save: (value: Case) => {
          const { reported } = value
          const isNews = reported !== null && database.cases.get(value.id)?.reported?.receiptId !== reported.receiptId
          return ports.cases.save(
            isNews && value.verifiedAt !== null
              ? { ...value, status: change(value.status, reported.status.name) }
              : value
          )
        }
      }
    })
  })

export const hintDefects: ReadonlyArray<PlantedDefect> = [
  {
    name: "a baseline is moved by a provisional payload",
    make: onReport((status, baseCrm) => ({ ...status, baseCrm }))
  },
  {
    name: "payloads are applied in the order of receipt",
    make: onReport((_, name) => ({ platform: name, basePlatform: name, baseCrm: name, seenCrm: name }))
  },
  {
    name: "payloads are deduplicated by hash for ever",
    make: () => {
      const seen = new Set<string>()
      return {
        ports: (ports) => ({
          ...ports,
          storage: {
            ...ports.storage,
            receive: (receipt, jobs) => {
              const isCopy = seen.has(receipt.body)
              seen.add(receipt.body)
              return ports.storage.receive(receipt, isCopy ? [] : jobs)
            }
          }
        })
      }
    }
  },
  {
    name: "a copy of an old receipt undoes a list removal",
    // Nobody finds the older receipt with the same bytes.
    make: () => ({
      favours: ["webhook: duplicate", "webhook: reordered"],
      ports: (ports) => ({
        ...ports,
        storage: {
          ...ports.storage,
          receipts: (firmId, filter) =>
            filter.externalCaseId === undefined ? ports.storage.receipts(firmId, filter) : Effect.succeed([])
        }
      })
    })
  },
  {
    name: "a webhook is answered before the commit",
    make: () => ({
      ports: (ports) => ({
        ...ports,
        storage: {
          ...ports.storage,
          receive: (receipt, jobs) =>
            Effect.asVoid(Effect.forkDetach(Effect.delay(ports.storage.receive(receipt, jobs), 20)))
        }
      })
    })
  },
  {
    name: "an echo starts a push",
    make: () => ({
      ports: (ports, database) => ({
        ...ports,
        cases: {
          ...ports.cases,
          record: Effect.fnUntraced(function* (event) {
            yield* ports.cases.record(event)
            const of = database.cases.get(event.caseId)
            if (event.kind !== "status-applied" || of === undefined || event.after === null) return
            const externalCaseId = ExternalCaseId.make(of.externalId)
            yield* ports.queue.enqueue([
              {
                id: JobId.make(yield* newId),
                firmId: of.firmId,
                connectionId: of.connectionId,
                key: of.externalId,
                lane: "state",
                priority: Priority.outbound,
                work: { _tag: "PushStatus", caseId: of.id, externalCaseId, eventId: event.id, target: event.after }
              }
            ])
          })
        }
      })
    })
  }
]
