/** Timelines that break one promise each. */
import { Effect, Option } from "effect"
import type { TimelineEntry } from "@casewire/core/domain/TimelineEntry"
import { escaped, inTimeline, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

export const timelineMutants: Record<string, Mutant> = {
  "cuts texts": inTimeline((own) => ({
    get: (firmId, id) =>
      Effect.map(
        own.get(firmId, id),
        Option.map((entry) => ({ ...entry, source: "platform" as const }))
      )
  })),
  "invents entries": inTimeline((own) => {
    let last: TimelineEntry | undefined
    return {
      append: (entry) => Effect.tap(own.append(entry), () => Effect.sync(() => (last = entry))),
      ofCause: (firmId, cause) => Effect.map(own.ofCause(firmId, cause), (all) => (all.length > 0 ? all : [last!]))
    }
  }),
  "appends what is known": inTimeline((own) => ({
    append: (entry) =>
      Effect.flatMap(own.append(entry), (isNew) =>
        isNew
          ? Effect.succeed(true)
          : Effect.as(own.append({ ...entry, id: `${entry.id}x` as typeof entry.id, externalId: null }), true)
      )
  })),
  "says that all is new": inTimeline((own) => ({ append: (entry) => Effect.as(own.append(entry), true) })),
  "knows external ids across cases and kinds": inTimeline((own) => {
    const known = new Set<string>()
    return {
      append: (entry) =>
        entry.externalId !== null && known.has(entry.externalId)
          ? Effect.succeed(false)
          : Effect.tap(own.append(entry), () => Effect.sync(() => known.add(entry.externalId ?? "")))
    }
  }),
  "takes no external id for one": inTimeline((own) => ({
    append: (entry) => own.append({ ...entry, externalId: entry.externalId ?? "" })
  })),
  "binds nothing": inTimeline(() => ({ bind: () => Effect.succeed(false) })),
  "binds whatever it is told": inTimeline(() => ({ bind: () => Effect.succeed(true) })),
  "lists by the time of recording": inTimeline((own) => ({
    ofCase: (firmId, id, page) =>
      Effect.map(own.ofCase(firmId, id, page), (all) => all.toSorted((a, b) => (a.id < b.id ? 1 : -1)))
  })),
  "lists the oldest first": inTimeline((own) => ({
    ofCase: (firmId, id, page) => reversed(own.ofCase(firmId, id, page))
  })),
  "begins every page anew": inTimeline((own) => ({
    ofCase: (firmId, id, { before: _, ...page }) => own.ofCase(firmId, id, page)
  })),
  "filters no kinds": inTimeline((own) => ({
    ofCase: (firmId, id, { kinds: _, ...page }) => own.ofCase(firmId, id, page)
  })),
  "tells causes backwards": inTimeline((own) => ({ ofCause: (firmId, cause) => reversed(own.ofCause(firmId, cause)) })),
  "mixes the ids of notes and documents": inTimeline((own) => ({
    externalIds: (firmId, id) =>
      Effect.map(
        Effect.all([own.externalIds(firmId, id, "note"), own.externalIds(firmId, id, "document")]),
        ([notes, documents]) => new Set([...notes, ...documents])
      )
  })),
  "shows entries to all": inTimeline((own) => ({
    get: (_, id) => ofAny((firmId) => own.get(firmId, id)),
    ofCase: (_, id, page) => ofAll((firmId) => own.ofCase(firmId, id, page)),
    ofCause: (_, cause) => ofAll((firmId) => own.ofCause(firmId, cause))
  })),
  "appends outside the transaction": inTimeline((own) => ({
    append: (entry) => Effect.as(escaped(own.append(entry)), true)
  })),
  "forgets what it bound": inTimeline((own) => ({
    ofCause: (firmId, cause) =>
      Effect.map(own.ofCause(firmId, cause), (all) => all.map((entry) => ({ ...entry, externalId: null })))
  }))
}
