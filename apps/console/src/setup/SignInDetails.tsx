/** What a connection signs in with: public values as they are, secrets as the word that they are saved. */
import { useMutation } from "@tanstack/react-query"
import { useRef, useState } from "react"
import { type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { ConnectionTest, useConnectionTest } from "../connections/ConnectionTest.tsx"
import { problemsOf, type Values, wordsFor } from "../connections/CredentialChecks.ts"
import { CredentialFields } from "../connections/CredentialFields.tsx"
import { connectionsCopy } from "../copy/ConnectionsCopy.ts"
import { setupCopy as copy } from "../copy/SetupCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { Button } from "../ui/Button.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"

export const SignInDetails = ({ connection, manifest }: ConnectionParts) => {
  const [isEditing, setEditing] = useState(false)
  const test = useConnectionTest()
  return (
    <div className="space-y-4">
      {isEditing ? (
        <ReplaceForm
          connection={connection}
          manifest={manifest}
          onDone={(isSaved) => {
            setEditing(false)
            if (isSaved) void test.run(connection.id)
          }}
        />
      ) : (
        <div className="card space-y-4 p-5">
          <dl className="grid gap-4 sm:grid-cols-2">
            {manifest.credentials.map(({ label, name, secret }) => (
              <div key={name} className="min-w-0">
                <dt className="text-xs font-semibold text-muted">{label}</dt>
                <dd className="foreign">
                  {secret
                    ? connection.secrets[name]?.set === true
                      ? copy.saved
                      : copy.notSaved
                    : (connection.settings[name] ?? "") === ""
                      ? copy.notGiven
                      : connection.settings[name]}
                </dd>
              </div>
            ))}
          </dl>
          <div className="flex flex-wrap gap-2">
            <Button isWaiting={test.phase === "running"} onClick={() => void test.run(connection.id)}>
              {test.phase === "running" ? connectionsCopy.checking : copy.test}
            </Button>
            <Button onClick={() => setEditing(true)}>{copy.replace}</Button>
          </div>
        </div>
      )}
      <ConnectionTest state={test} crm={manifest.name} />
    </div>
  )
}

const ReplaceForm = ({
  connection,
  manifest,
  onDone
}: ConnectionParts & { readonly onDone: (isSaved: boolean) => void }) => {
  const form = useRef<HTMLFormElement>(null)
  const [values, setValues] = useState<Values>(() => ({ ...connection.settings }))
  const [errors, setErrors] = useState<Values>({})
  const point = (found: Values) => {
    setErrors(found)
    const first = manifest.credentials.find(({ name }) => found[name] !== undefined)
    if (first === undefined) return
    setTimeout(() => form.current?.querySelector<HTMLInputElement>(`[name="${CSS.escape(first.name)}"]`)?.focus())
  }
  const save = useMutation({
    mutationFn: () =>
      call((api) =>
        api.connections.setCredentials({
          params: { id: connection.id },
          payload: { values: Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")) }
        })
      ),
    onError: (error) => {
      if (error instanceof Failure) point(wordsFor(manifest, error.errors))
    },
    onSuccess: () => onDone(true)
  })
  return (
    <form
      ref={form}
      noValidate
      className="card max-w-2xl space-y-5 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        const found = problemsOf(manifest, values)
        point(found)
        if (Object.keys(found).length === 0 && !save.isPending) save.mutate()
      }}
    >
      <Notice tone="info">{copy.replaceHelp}</Notice>
      <CredentialFields manifest={manifest} values={values} errors={errors} onValues={setValues} />
      {save.error === null || Object.keys(errors).length > 0 ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={save.error} />
        </Notice>
      )}
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="primary" isWaiting={save.isPending}>
          {connectionsCopy.connectAgain}
        </Button>
        <Button onClick={() => onDone(false)}>{uiCopy.cancel}</Button>
      </div>
    </form>
  )
}
