/** How status sync shall go on. The safe answer is chosen already; the other one only leads to the list. */
import { useMutation } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { useState } from "react"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import { configurationCopy as copy } from "../copy/ConfigurationCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"
import { absoluteTime } from "../ui/When.tsx"

export const ResumeDialog = ({
  crm,
  id,
  isOpen,
  onClose,
  question: { since, waiting }
}: {
  readonly id: ConnectionId
  readonly crm: string
  readonly isOpen: boolean
  readonly question: { readonly since: number | null; readonly waiting: number }
  readonly onClose: () => void
}) => {
  const [mode, setMode] = useState<"from_now_on" | "replay">("from_now_on")
  const navigate = useNavigate()
  const resume = useMutation({
    mutationFn: () => call((api) => api.statusSync.resume({ params: { id }, payload: { mode: "from_now_on" } })),
    onSuccess: async ({ skipped }) => {
      announce(copy.resumed(skipped))
      onClose()
      await queryClient.invalidateQueries()
    }
  })
  const isReplay = mode === "replay"
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={copy.waitingTitle(waiting, since === null ? uiCopy.never : absoluteTime(since))}
      actions={
        <>
          <Button onClick={onClose}>{uiCopy.cancel}</Button>
          <Button
            look="primary"
            isWaiting={resume.isPending}
            onClick={() =>
              isReplay ? void navigate({ to: "/connections/$id/resume", params: { id } }) : resume.mutate()
            }
          >
            {isReplay ? copy.resumeLook : copy.resumeConfirm}
          </Button>
        </>
      }
    >
      <fieldset className="space-y-3">
        <legend className="sr-only">{copy.resumeUnsure}</legend>
        {(
          [
            ["from_now_on", copy.resumeFromNow, copy.resumeFromNowHelp(crm)],
            ["replay", copy.resumeReplay, copy.resumeReplayHelp(crm)]
          ] as const
        ).map(([value, name, help]) => (
          <label key={value} className="flex gap-3 rounded-md border border-line p-3">
            <input
              type="radio"
              name="resume"
              className="mt-1 size-4 accent-primary"
              checked={mode === value}
              onChange={() => setMode(value)}
            />
            <span>
              <span className="block font-semibold">{name}</span>
              <span className="block text-sm text-muted">{help}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <p className="text-sm">{copy.resumeUnsure}</p>
      {resume.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={resume.error} />
        </Notice>
      )}
    </Dialog>
  )
}
