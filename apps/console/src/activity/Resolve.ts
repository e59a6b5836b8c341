/** Deciding about jobs: what a person pressed, told to the host with the reason that the audit keeps. */
import { useMutation } from "@tanstack/react-query"
import type { JobView } from "@casewire/api/Jobs"
import { workCopy as copy } from "../copy/WorkCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"

export const useResolve = () =>
  useMutation({
    mutationFn: ({
      ids: [first, ...rest],
      reason,
      verb
    }: {
      readonly ids: ReadonlyArray<JobView["id"]>
      readonly verb: keyof typeof copy.verbs
      readonly reason: string
    }) =>
      first === undefined
        ? Promise.resolve({ changed: [] })
        : call((api) => api.jobs.resolve({ payload: { ids: [first, ...rest], verb, reason } })),
    onSuccess: async ({ changed }, { verb }) => {
      announce(changed.length === 0 ? copy.nothingChanged : copy.verbDone(copy.verbs[verb], changed.length))
      await queryClient.invalidateQueries()
    }
  })
