/** List stores that break one promise each. */
import { Effect } from "effect"
import type { FirmId } from "@casewire/core/domain/Ids"
import type { List, ListEvent, Membership } from "@casewire/core/domain/List"
import { newId } from "@casewire/core/domain/Ids"
import { firm, otherFirm } from "../src/samples.ts"
import { escaped, inLists, ofAll, reversed, type Mutant } from "./Breaking.ts"

/** The firm that an id was first saved under keeps it, whoever saves. */
const stealing = (save: (list: List, event: ListEvent) => Effect.Effect<void>) => {
  const owners = new Map<string, FirmId>()
  return (list: List, event: ListEvent) => {
    const owner = owners.get(list.id) ?? list.firmId
    owners.set(list.id, owner)
    return save({ ...list, firmId: owner }, event)
  }
}

export const listMutants: Record<string, Mutant> = {
  "saves no rule": inLists((own) => ({
    saveList: (list, event) => own.saveList({ ...list, autoAdd: { ...list.autoAdd, on: false } }, event)
  })),
  "never replaces a list": inLists((own) => ({
    saveList: (list, event) =>
      Effect.flatMap(own.lists(list.firmId), (all) =>
        all.some(({ id }) => id === list.id) ? Effect.void : own.saveList(list, event)
      )
  })),
  "lists by age": inLists((own) => ({
    lists: (firmId) => Effect.map(own.lists(firmId), (all) => all.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  })),
  "swallows a second number": inLists((own) => ({
    saveList: (list, event) => Effect.catchDefect(own.saveList(list, event), () => Effect.void)
  })),
  "shows lists to all": inLists((own) => ({
    lists: () => ofAll(own.lists),
    membershipsOf: (_, caseId) => ofAll((firmId) => own.membershipsOf(firmId, caseId)),
    members: (_, targetId, filter) => ofAll((firmId) => own.members(firmId, targetId, filter)),
    events: (_, filter) => ofAll((firmId) => own.events(firmId, filter))
  })),
  "lets firms write each other's lists": inLists((own) => ({ saveList: stealing(own.saveList) })),
  "takes campaigns for lists": inLists(() => ({ campaigns: () => Effect.succeed([]) })),
  "forgets what waits": inLists((own) => ({
    saveMembership: (membership, events) => own.saveMembership({ ...membership, waiting: [] }, events)
  })),
  "never replaces a membership": inLists((own) => ({
    saveMembership: (membership, events) =>
      Effect.flatMap(own.membershipsOf(membership.firmId, membership.caseId), (all) =>
        all.some(({ targetId }) => targetId === membership.targetId)
          ? Effect.void
          : own.saveMembership(membership, events)
      )
  })),
  "knows one target": inLists((own) => {
    const only = "019b8d6a-0005-7000-8000-000000000001"
    return { saveMembership: (membership, events) => own.saveMembership({ ...membership, targetId: only }, events) }
  }),
  "lists the youngest member first": inLists((own) => ({
    members: (firmId, targetId, filter) => reversed(own.members(firmId, targetId, filter))
  })),
  "filters no members": inLists((own) => ({
    members: (firmId, targetId, { limit }) => own.members(firmId, targetId, { limit })
  })),
  "counts who was taken out": inLists((own) => {
    const all = new Map<string, Membership>()
    return {
      saveMembership: (membership, events) => {
        all.set(`${membership.firmId} ${membership.targetId} ${membership.caseId}`, membership)
        return own.saveMembership(membership, events)
      },
      counts: (firmId) =>
        Effect.sync(() => {
          const counts = new Map<string, number>()
          for (const { firmId: of, targetId } of all.values())
            if (of === firmId) counts.set(targetId, (counts.get(targetId) ?? 0) + 1)
          return counts
        })
    }
  }),
  "tells the oldest line first": inLists((own) => ({
    events: (firmId, filter) => reversed(own.events(firmId, filter))
  })),
  "keeps the first line of a change": inLists((own) => ({
    saveMembership: (membership, events) => own.saveMembership(membership, events.slice(0, 1))
  })),
  "writes a line twice": inLists((own) => ({
    saveMembership: (membership, events) =>
      Effect.flatMap(newId, (id) =>
        own.saveMembership(membership, [...events, ...events.slice(0, 1).map((event) => ({ ...event, id }))])
      )
  })),
  "filters no lines": inLists((own) => ({ events: (firmId, { limit }) => own.events(firmId, { limit }) })),
  "changes lists outside the transaction": inLists((own) => ({
    saveList: (list, event) => escaped(own.saveList(list, event)),
    saveMembership: (membership, events) => escaped(own.saveMembership(membership, events))
  })),
  "counts receipts of nobody": inLists(() => ({ newestReceipt: () => Effect.succeed(0) })),
  "changes members of all firms": inLists((own) => ({
    saveMembership: (membership, events) =>
      Effect.forEach(
        [firm.id, otherFirm.id],
        (firmId) => own.saveMembership({ ...membership, firmId }, firmId === membership.firmId ? events : []),
        { discard: true }
      )
  }))
}
