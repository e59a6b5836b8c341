/** Questions to the doctor: what is wrong with the host and with a connection. */
import { queryOptions } from "@tanstack/react-query"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { call } from "./Client.ts"

export const hostReportQuery = queryOptions({ queryKey: ["doctor"], queryFn: () => call((api) => api.doctor.host()) })
export const connectionReportQuery = (id: ConnectionId) =>
  queryOptions({
    queryKey: ["doctor", id],
    queryFn: () => call((api) => api.doctor.connection({ params: { id } }))
  })
