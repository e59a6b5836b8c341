/** Sends one message, as the platform would: to see a note appear in the CRM. */
import { useMutation } from "@tanstack/react-query"
import { useId, useRef, useState } from "react"
import type { CaseId } from "@casewire/core/domain/Case"
import { leadsCopy as copy } from "../copy/LeadsCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"

export const MessageForm = ({ caseId }: { readonly caseId: CaseId }) => {
  const id = useId()
  const input = useRef<HTMLTextAreaElement>(null)
  const [text, setText] = useState("")
  const [isMissing, setMissing] = useState(false)
  const send = useMutation({
    // Its own id: a press that is repeated after a lost answer is the same message.
    mutationFn: (eventId: string) =>
      call((api) =>
        api.events.accept({
          headers: {},
          payload: {
            type: "message_sent",
            eventId,
            caseId,
            channel: "sms",
            direction: "outbound",
            text,
            sentAt: Date.now()
          }
        })
      ),
    retry: (count, error) => count < 2 && !("status" in error && error.status !== 0),
    onSuccess: async ({ result }) => {
      setText("")
      announce(copy.sampleResults[result])
      await queryClient.invalidateQueries()
    }
  })
  return (
    <form
      noValidate
      className="card space-y-3 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        setMissing(text.trim() === "")
        if (text.trim() === "") input.current?.focus()
        else if (!send.isPending) send.mutate(crypto.randomUUID())
      }}
    >
      <label htmlFor={id} className="block text-sm font-semibold">
        {copy.sampleText}
      </label>
      <textarea
        ref={input}
        id={id}
        rows={3}
        className="input"
        value={text}
        aria-invalid={isMissing || undefined}
        aria-describedby={isMissing ? `${id}-error` : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      {isMissing ? (
        <p id={`${id}-error`} className="text-sm font-medium text-error">
          {copy.sampleMissing}
        </p>
      ) : null}
      {send.data === undefined ? null : (
        <Notice tone={send.data.result === "queued" ? "ok" : "warn"}>
          {copy.sampleResults[send.data.result]} {send.data.reason ?? ""}
        </Notice>
      )}
      {send.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={send.error} />
        </Notice>
      )}
      <Button type="submit" isWaiting={send.isPending}>
        {copy.sampleSend}
      </Button>
    </form>
  )
}
