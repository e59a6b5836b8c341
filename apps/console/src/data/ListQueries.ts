/** Questions about lists and who stands in them. */
import { queryOptions } from "@tanstack/react-query"
import type { ListId } from "@casewire/core/domain/List"
import { call } from "./Client.ts"
import { live } from "./Queries.ts"

export const listsQuery = queryOptions({
  queryKey: ["lists"],
  queryFn: () => call((api) => api.lists.list()).then(({ lists }) => lists),
  ...live
})
export const listQuery = (id: ListId) =>
  queryOptions({ queryKey: ["lists", id], queryFn: () => call((api) => api.lists.get({ params: { id } })) })
export const membersQuery = (id: ListId, isMember: boolean) =>
  queryOptions({
    queryKey: ["lists", id, "members", isMember],
    queryFn: () =>
      call((api) =>
        api.lists.members({ params: { id }, query: { isMember: isMember ? "true" : "false", limit: 200 } })
      ).then(({ members }) => members),
    ...live
  })
