/** Under which further names a firm's webhook may carry each required field. */
import { useMutation } from "@tanstack/react-query"
import { useState } from "react"
import type { ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { setupCopy as copy } from "../copy/SetupCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"

const namesIn = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

export const AliasTable = ({ connection, manifest }: ConnectionParts) => {
  const [edited, setEdited] = useState<Readonly<Record<string, string>>>({})
  const save = useMutation({
    mutationFn: () => {
      const aliases = Object.fromEntries(
        manifest.webhook.required.flatMap(({ name }) => {
          const names = edited[name] === undefined ? (connection.aliases[name] ?? []) : namesIn(edited[name])
          return names.length === 0 ? [] : [[name, names]]
        })
      )
      return call((api) => api.connections.setAliases({ params: { id: connection.id }, payload: { aliases } }))
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries()
      setEdited({})
      announce(copy.aliasesSaved)
    }
  })
  return (
    <form
      className="card space-y-5 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate()
      }}
    >
      <div className="grid gap-x-5 gap-y-4 sm:grid-cols-2">
        {manifest.webhook.required.map(({ name }) => (
          <Field
            key={name}
            label={copy.aliasLabel(name)}
            value={edited[name] ?? (connection.aliases[name] ?? []).join(", ")}
            onValue={(value) => setEdited({ ...edited, [name]: value })}
          />
        ))}
      </div>
      {save.isSuccess && Object.keys(edited).length === 0 ? <Notice tone="ok">{copy.aliasesSaved}</Notice> : null}
      {save.error === null ? null : (
        <Notice tone="error" isAlert>
          {save.error instanceof Failure && save.error.status === 422 ? (
            <p>{copy.aliasesWrong}</p>
          ) : (
            <FailureText error={save.error} />
          )}
        </Notice>
      )}
      <Button type="submit" isWaiting={save.isPending}>
        {copy.aliasesSave}
      </Button>
    </form>
  )
}
