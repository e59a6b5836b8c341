/** Every version of a mapping that was saved: whose it is, when, and the way back to it. */
import { useMutation, useQuery } from "@tanstack/react-query"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { fieldsCopy as copy } from "../copy/FieldsCopy.ts"
import { call } from "../data/Client.ts"
import { versionsQuery } from "../data/FieldQueries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

export const Versions = ({
  caseType,
  id,
  present
}: {
  readonly id: ConnectionId
  readonly caseType: string
  readonly present: number
}) => {
  const versions = useQuery(versionsQuery(id, caseType))
  const restore = useMutation({
    mutationFn: (number: number) =>
      call((api) => api.mappings.restore({ params: { id, caseType }, payload: { number } })),
    onSuccess: async ({ number }) => {
      announce(copy.saved(number))
      await queryClient.invalidateQueries({ queryKey: ["connections"] })
    }
  })
  return (
    <Answer query={versions} what={copy.editorWhat}>
      {(all) =>
        all.length === 0 ? (
          <p className="card p-5 text-muted">{copy.noVersions}</p>
        ) : (
          <div className="space-y-3">
            {restore.error === null ? null : (
              <Notice tone="error" isAlert>
                <FailureText error={restore.error} />
              </Notice>
            )}
            <ol className="card divide-y divide-line">
              {all.map(({ entries, number, savedAt, savedBy }) => (
                <li key={number} className="flex flex-wrap items-center gap-x-5 gap-y-1 px-5 py-3">
                  <span className="font-semibold">{copy.version(number)}</span>
                  <span className="text-sm">{copy.fieldsOf(entries.length)}</span>
                  <span className="foreign text-sm text-muted">
                    <When at={savedAt} /> {copy.by(savedBy)}
                  </span>
                  {number === present ? null : (
                    <Button
                      className="ms-auto"
                      isWaiting={restore.isPending && restore.variables === number}
                      onClick={() => restore.mutate(number)}
                    >
                      {copy.restore}
                      <span className="sr-only"> {copy.version(number)}</span>
                    </Button>
                  )}
                </li>
              ))}
            </ol>
          </div>
        )
      }
    </Answer>
  )
}
