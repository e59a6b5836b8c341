/** Timelines in memory. */
import { Effect, Layer, Option } from "effect"
import type { TimelineEntry } from "../domain/TimelineEntry.ts"
import { Timeline } from "../ports/Timeline.ts"
import { Database } from "./Database.ts"

export const layer = Layer.effect(
  Timeline,
  Effect.gen(function* () {
    const database = yield* Database
    const { timeline } = database

    const own = (firmId: string, id: string) => {
      const row = timeline.get(id)
      return row?.entry.firmId === firmId ? row : undefined
    }
    const isTaken = (entry: TimelineEntry, externalId: string) =>
      timeline
        .values()
        .some(
          ({ entry: other }) =>
            other.id !== entry.id &&
            other.firmId === entry.firmId &&
            other.caseId === entry.caseId &&
            other.kind === entry.kind &&
            other.externalId === externalId
        )

    return Timeline.of({
      append: (entry) =>
        database.write((tx) => {
          if (timeline.get(entry.id) !== undefined) return false
          if (entry.externalId !== null && isTaken(entry, entry.externalId)) return false
          timeline.set(tx, entry.id, { entry, position: database.nextNumber() })
          return true
        }),

      bind: (firmId, id, externalId) =>
        database.write((tx) => {
          const row = own(firmId, id)
          if (row === undefined || isTaken(row.entry, externalId)) return false
          timeline.set(tx, id, { ...row, entry: { ...row.entry, externalId } })
          return true
        }),

      get: (firmId, id) => database.read(() => Option.fromUndefinedOr(own(firmId, id)?.entry)),

      ofCase: (firmId, caseId, { before, kinds, limit }) =>
        database.read(() => {
          const rows = timeline
            .values()
            .filter(
              ({ entry }) =>
                entry.firmId === firmId &&
                entry.caseId === caseId &&
                (kinds === undefined || kinds.includes(entry.kind))
            )
            .sort((a, b) => b.entry.at - a.entry.at || b.position - a.position)
          const last = before === undefined ? undefined : own(firmId, before)
          const behind =
            last === undefined
              ? rows
              : rows.filter(
                  (row) =>
                    row.entry.at < last.entry.at || (row.entry.at === last.entry.at && row.position < last.position)
                )
          return behind.slice(0, limit).map(({ entry }) => entry)
        }),

      ofCause: (firmId, cause) =>
        database.read(() =>
          timeline
            .values()
            .filter(({ entry }) => entry.firmId === firmId && entry.cause === cause)
            .sort((a, b) => a.position - b.position)
            .map(({ entry }) => entry)
        ),

      externalIds: (firmId, caseId, kind) =>
        database.read(
          () =>
            new Set(
              timeline
                .values()
                .flatMap(({ entry }) =>
                  entry.firmId === firmId && entry.caseId === caseId && entry.kind === kind
                    ? (entry.externalId ?? [])
                    : []
                )
            )
        )
    })
  })
)
