/** Every question the screens ask, by name, so that what is asked twice is asked once. Live ones ask again by themselves. */
import { queryOptions } from "@tanstack/react-query"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { call } from "./Client.ts"

/** How often a live question is asked again while the page is in sight. */
const liveMs = 3000
export const live = { refetchInterval: () => (isPaused() ? false : liveMs), refetchOnWindowFocus: true } as const

/** WCAG 2.2, 2.2.2: whoever reads may stop what moves. */
let paused = false
export const isPaused = (): boolean => paused
export const setPaused = (now: boolean): void => void (paused = now)

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => call((api) => api.session.get()),
  staleTime: 60_000
})
export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: () => call((api) => api.plugins.list()).then(({ plugins }) => plugins),
  staleTime: 60_000
})
export const connectionsQuery = queryOptions({
  queryKey: ["connections"],
  queryFn: () => call((api) => api.connections.list()).then(({ connections }) => connections),
  ...live
})
export const connectionQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["connections", id],
    queryFn: () => call((api) => api.connections.get({ params: { id } })),
    ...live
  })
export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: () => call((api) => api.health.get()).then(({ connections }) => connections),
  ...live
})
export const checklistQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["connections", id, "checklist"],
    queryFn: () => call((api) => api.statusSync.checklist({ params: { id } })).then(({ items }) => items),
    ...live
  })
export const receiptsQuery = (id: ConnectionId, limit = 10) =>
  queryOptions({
    queryKey: ["receipts", id, limit],
    queryFn: () =>
      call((api) => api.receipts.list({ query: { connectionId: id, limit } })).then(({ receipts }) => receipts),
    ...live
  })
export const resumeQuestionQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["connections", id, "resume"],
    queryFn: () => call((api) => api.statusSync.question({ params: { id } })),
    ...live
  })
