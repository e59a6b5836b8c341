/** Questions about leads: who they are, what happened, where their notes are. */
import { queryOptions } from "@tanstack/react-query"
import type { CaseId } from "@casewire/core/domain/Case"
import { call } from "./Client.ts"
import { live } from "./Queries.ts"

export const leadsQuery = (text: string) =>
  queryOptions({
    queryKey: ["cases", text],
    queryFn: () =>
      call((api) => api.cases.list({ query: text === "" ? { limit: 50 } : { text, limit: 50 } })).then(
        ({ cases }) => cases
      ),
    ...live
  })
export const leadQuery = (id: CaseId) =>
  queryOptions({
    queryKey: ["cases", "one", id],
    queryFn: () => call((api) => api.cases.get({ params: { id } })),
    ...live
  })
export const notesQuery = (id: CaseId) =>
  queryOptions({
    queryKey: ["cases", "one", id, "notes"],
    queryFn: () => call((api) => api.entries.provenance({ params: { id } })).then(({ notes }) => notes),
    ...live
  })
export const timelineQuery = (id: CaseId) =>
  queryOptions({
    queryKey: ["cases", "one", id, "timeline"],
    queryFn: () =>
      call((api) => api.timeline.list({ params: { id }, query: { limit: 100 } })).then(({ entries }) => entries),
    ...live
  })
