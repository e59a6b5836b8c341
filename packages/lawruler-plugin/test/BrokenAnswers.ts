/** Plugins that are broken on purpose in what they make of repeated, reordered and odd input, each with its laws. */
import { CrmError, CrmUnreachable } from "@casewire/core/ports/Crm"
import { Effect } from "effect"
import type { BrokenPlugin } from "./BrokenPlugin.ts"

const unreachable = new CrmError({ reason: new CrmUnreachable({ message: "broken" }) })

/** Turns every second answer around. */
const turning = () => {
  let calls = 0
  return <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => (calls++ % 2 === 1 ? all.toReversed() : all)
}

export const brokenAnswers: ReadonlyArray<BrokenPlugin> = [
  {
    name: "answers as often as it was asked",
    crm: (crm) => ({
      read: (payload) =>
        Effect.map(crm.read(payload), (all) =>
          payload.ids.flatMap((id) => all.filter(({ externalId }) => externalId === id))
        )
    }),
    laws: ["a case that is asked for twice is answered once"]
  },
  {
    name: "repeats what an answer repeats",
    crm: (crm) => ({
      read: (payload) => Effect.map(crm.read(payload), (all) => [...all, ...all]),
      notes: (payload) => {
        const repeated = turning()
        return Effect.map(crm.notes(payload), (all) => [...repeated(all), ...all])
      }
    }),
    laws: ["records that an answer repeats are read once"]
  },
  (() => {
    const turned = turning()
    return {
      name: "reads in the order of the answer",
      crm: (crm) => ({ read: (payload) => Effect.map(crm.read(payload), turned) }),
      laws: ["records in another order are read as they were asked for"]
    } satisfies BrokenPlugin
  })(),
  (() => {
    const turned = turning()
    return {
      name: "reads notes in the order of the answer",
      crm: (crm) => ({ notes: (payload) => Effect.map(crm.notes(payload), turned) }),
      laws: ["notes in another order are read newest last"]
    } satisfies BrokenPlugin
  })(),
  (() => {
    let calls = 0
    return {
      name: "reads notes as often as they come",
      crm: (crm) => ({
        notes: (payload) => Effect.map(crm.notes(payload), (all) => (calls++ % 2 === 1 ? [...all, ...all] : all))
      }),
      laws: ["notes that an answer repeats are read once"]
    } satisfies BrokenPlugin
  })(),
  {
    name: "lists documents as often as they come",
    crm: () => ({}),
    documents: (good) => ({ list: (payload) => Effect.map(good.list(payload), (all) => [...all, ...all]) }),
    laws: ["documents that an answer repeats are listed once"]
  },
  {
    name: "calls a rate limit an outage",
    crm: (crm) => ({ read: (payload) => Effect.mapError(crm.read(payload), () => unreachable) }),
    laws: ["a rate limit without a time is CrmRateLimited too"]
  },
  {
    name: "counts on positions",
    crm: (crm) => ({
      decode: (payload) =>
        Effect.map(crm.decode(payload), (all) =>
          all.map((change, index) =>
            change._tag === "CaseReported"
              ? {
                  ...change,
                  warnings: [{ field: payload.receipts[index]?.entries[0]?.[0] ?? "", code: "first" }]
                }
              : change
          )
        )
    }),
    laws: ["keys in any order decode to the same change"]
  },
  {
    name: "passes over receipts without entries",
    crm: (crm) => ({
      decode: ({ receipts }) => crm.decode({ receipts: receipts.filter(({ entries }) => entries.length > 0) })
    }),
    laws: ["any record at all gets an answer"]
  },
  {
    name: "writes in one alphabet",
    // oxlint-disable-next-line no-control-regex -- what is not ASCII is the point
    crm: (crm) => ({ addNote: ({ id, text }) => crm.addNote({ id, text: text.replace(/[^\u0000-\u007e]/g, "?") }) }),
    laws: ["any text is kept as it was sent"]
  }
]
