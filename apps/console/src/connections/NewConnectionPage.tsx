/** Connecting a CRM: its form, then the named checks. What was typed stays until the checks pass. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { useEffect, useRef, useState } from "react"
import type { Rehearsal } from "@casewire/api/Session"
import type { ConnectionId } from "@casewire/core/domain/Connection"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { pluginsQuery, sessionQuery } from "../data/Queries.ts"
import { Button, ButtonLink } from "../ui/Button.tsx"
import { Choice, Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Page } from "../ui/Page.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { ConnectionTest, useConnectionTest } from "./ConnectionTest.tsx"
import { problemsOf, type Values, wordsFor } from "./CredentialChecks.ts"
import { CredentialFields } from "./CredentialFields.tsx"

export const NewConnectionPage = () => {
  const plugins = useQuery(pluginsQuery)
  const { data: session } = useQuery(sessionQuery)
  const [chosen, setChosen] = useState("")
  return (
    <Page title={copy.newTitle} intro={copy.newIntro}>
      <Answer query={plugins} what={copy.what}>
        {(all) => {
          const manifest = all.find(({ id }) => id === chosen) ?? all[0]
          if (manifest === undefined) return null
          const rehearsal = session?.rehearsal?.plugin === manifest.id ? session.rehearsal : null
          return (
            <div className="max-w-2xl space-y-6">
              {all.length < 2 ? null : (
                <Choice
                  label={copy.choosePlugin}
                  value={manifest.id}
                  onValue={setChosen}
                  options={all.map(({ id, name }) => [id, name])}
                />
              )}
              <ConnectForm key={manifest.id} manifest={manifest} rehearsal={rehearsal} />
            </div>
          )
        }}
      </Answer>
    </Page>
  )
}

const ConnectForm = ({
  manifest,
  rehearsal
}: {
  readonly manifest: PluginManifest
  readonly rehearsal: Rehearsal | null
}) => {
  const navigate = useNavigate()
  const form = useRef<HTMLFormElement>(null)
  const test = useConnectionTest()
  const [name, setName] = useState("")
  const [values, setValues] = useState<Values>({})
  const [errors, setErrors] = useState<Values>({})
  const [isRehearsal, setRehearsal] = useState(false)
  const [id, setId] = useState<ConnectionId>()

  // Once everything passed, there is one thing left to do.
  const next = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (test.phase === "passed") next.current?.focus()
  }, [test.phase])

  const focusOn = (field: string) =>
    form.current?.querySelector<HTMLInputElement>(`[name="${CSS.escape(field)}"]`)?.focus()
  const point = (found: Values) => {
    setErrors(found)
    const first = manifest.credentials.find((field) => found[field.name] !== undefined)
    // Where the message is drawn comes first.
    if (first !== undefined) setTimeout(() => focusOn(first.name))
  }

  const save = useMutation({
    mutationFn: async () => {
      const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""))
      if (id !== undefined)
        return call((api) => api.connections.setCredentials({ params: { id }, payload: { values: given } }))
      return call((api) =>
        api.connections.create({
          payload: {
            plugin: manifest.id,
            name: name.trim(),
            sandbox: isRehearsal,
            values: given,
            ...(isRehearsal && rehearsal !== null ? { callLimit: rehearsal.callLimit } : {})
          }
        })
      )
    },
    onError: (error) => {
      if (error instanceof Failure) point(wordsFor(manifest, error.errors))
    },
    onSuccess: async (connection) => {
      setId(connection.id)
      const failed = await test.run(connection.id)
      if (failed?.field !== undefined) point({ [failed.field]: failed.detail })
    }
  })

  const submit = () => {
    const found = problemsOf(manifest, values)
    point(found)
    if (Object.keys(found).length === 0) save.mutate()
  }

  const fill = () => {
    if (rehearsal === null) return
    setValues(rehearsal.values)
    setName(rehearsal.name)
    setRehearsal(true)
    setErrors({})
  }
  const isBusy = save.isPending || test.phase === "running"
  const count = Object.keys(errors).length
  return (
    <>
      {rehearsal === null || isRehearsal ? (
        <Notice tone="info" title={copy.gateTitle}>
          <p>{isRehearsal ? copy.tryFilled : copy.gate(manifest.name)}</p>
        </Notice>
      ) : (
        <>
          <Notice tone="info" title={copy.gateTitle}>
            <p>{copy.gate(manifest.name)}</p>
          </Notice>
          <Notice tone="info" title={copy.tryTitle}>
            <p>{copy.tryHelp}</p>
            <div className="flex flex-wrap gap-2 pt-2">
              <Button onClick={fill}>{copy.tryButton}</Button>
            </div>
          </Notice>
        </>
      )}
      <form
        ref={form}
        noValidate
        className="card space-y-5 p-5"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) submit()
        }}
      >
        {count === 0 ? null : (
          <Notice tone="error" isAlert>
            {copy.invalid(count)}
          </Notice>
        )}
        <Field label={copy.name} help={copy.nameHelp} value={name} onValue={setName} disabled={id !== undefined} />
        <CredentialFields manifest={manifest} values={values} errors={errors} onValues={setValues} />
        {save.error === null || count > 0 ? null : (
          <Notice tone="error" isAlert>
            <FailureText error={save.error} />
          </Notice>
        )}
        <Button type="submit" look="primary" isWaiting={isBusy}>
          {isBusy ? copy.connecting : id === undefined ? copy.connect : copy.connectAgain}
        </Button>
      </form>
      <ConnectionTest state={test} crm={manifest.name} />
      {id === undefined || test.phase !== "passed" ? null : (
        <Button
          look="primary"
          ref={next}
          onClick={() => void navigate({ to: "/connections/$id/setup", params: { id } })}
        >
          {copy.continueSetup}
        </Button>
      )}
      {id === undefined || test.phase !== "failed" ? null : (
        <ButtonLink to="/connections/$id/setup" params={{ id }}>
          {copy.continueSetup}
        </ButtonLink>
      )}
    </>
  )
}
