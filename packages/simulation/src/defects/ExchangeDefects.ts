/** Mistakes around mapped fields, linked statuses, the host's clock and imports of the past. */
import { CaseStore } from "@casewire/core/ports/CaseStore"
import type { Case } from "@casewire/core/domain/Case"
import { Effect, Layer, Option } from "effect"
import type { PlantedDefect } from "../Defect.ts"
import { linkedWords } from "../Words.ts"

/** Every field looks as if it were edited since the last exchange. */
const allOwed = (of: Case): Case => ({
  ...of,
  values: Object.fromEntries(
    Object.entries(of.values).map(([field, value]) => [field, { ...value, basePlatform: "something else" }])
  )
})

export const exchangeDefects: ReadonlyArray<PlantedDefect> = [
  {
    name: "a push writes every mapped field",
    make: () => ({
      story: { mapped: true },
      worker: (layer) =>
        layer.pipe(
          Layer.provide(
            Layer.effect(
              CaseStore,
              Effect.map(CaseStore, (cases) => ({
                ...cases,
                get: (firmId, id) => Effect.map(cases.get(firmId, id), Option.map(allOwed))
              }))
            )
          )
        )
    })
  },
  {
    name: "what a field push is writing is not remembered",
    make: () => ({
      favours: ["crm: answer lost after commit", "crm: late commit"],
      story: { mapped: true, wavers: true },
      ports: (ports) => ({
        ...ports,
        cases: {
          ...ports.cases,
          save: (value) => {
            const values = Object.entries(value.values).map(([field, { sent: _, ...rest }]) => [field, rest] as const)
            return ports.cases.save({ ...value, values: Object.fromEntries(values) })
          }
        }
      })
    })
  },
  {
    name: "a linked status is written by the platform's name",
    make: () => ({
      story: { words: linkedWords },
      ports: (ports) => ({
        ...ports,
        mappings: {
          ...ports.mappings,
          statuses: (firmId, id) =>
            Effect.map(ports.mappings.statuses(firmId, id), (tables) =>
              tables.map((table) => ({
                ...table,
                links: table.links.map((link) => ({ ...link, direction: "from-crm" as const }))
              }))
            )
        }
      })
    })
  },
  {
    name: "the quiet period is read off the wall",
    make: () => ({
      favours: ["host: clock jumps", "crm: late commit"],
      measuresByWall: true
    })
  },
  {
    name: "a record of an import is not known again after a restart",
    make: () => ({
      favours: ["host: crash", "disk: refuses a commit"],
      story: { past: 5 },
      ports: (ports) => ({
        ...ports,
        runs: {
          ...ports.runs,
          rowByKey: (firmId, id, key) =>
            // Rows of an import are known by the lead, those of a plan by the job.
            /^\d+$/.test(key) ? Effect.succeedNone : ports.runs.rowByKey(firmId, id, key)
        }
      })
    })
  }
]
