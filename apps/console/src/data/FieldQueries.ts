/** Questions about a connection's case types and mappings. Case types are asked of the CRM itself. */
import { queryOptions } from "@tanstack/react-query"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { call } from "./Client.ts"

export const caseTypesQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["connections", id, "case-types"],
    queryFn: () => call((api) => api.connections.caseTypes({ params: { id } })).then(({ caseTypes }) => caseTypes),
    staleTime: 60_000
  })
export const mappingsQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["connections", id, "mappings"],
    queryFn: () => call((api) => api.mappings.list({ params: { id } })).then(({ mappings }) => mappings)
  })
export const mappingQuery = (id: ConnectionId, caseType: string) =>
  queryOptions({
    queryKey: ["connections", id, "mappings", caseType],
    queryFn: () =>
      call((api) => api.mappings.get({ params: { id, caseType }, query: {} })).then(({ mapping }) => mapping),
    // Somebody edits what it answered.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false
  })
export const versionsQuery = (id: ConnectionId, caseType: string) =>
  queryOptions({
    queryKey: ["connections", id, "mappings", caseType, "versions"],
    queryFn: () =>
      call((api) => api.mappings.versions({ params: { id, caseType }, query: { limit: 20 } })).then(
        ({ versions }) => versions
      )
  })
