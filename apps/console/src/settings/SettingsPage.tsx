/** How the console looks in this browser, who is signed in, and how many calls each CRM allows. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { ConnectionView } from "@casewire/api/Connections"
import { settingsCopy as copy } from "../copy/HelpCopy.ts"
import { call } from "../data/Client.ts"
import { connectionsQuery, pluginsQuery, sessionQuery } from "../data/Queries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { setTheme, type Theme, useTheme } from "../shell/Theme.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Choice, Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

const isTheme = (value: string): value is Theme => Object.hasOwn(copy.themes, value)

export const SettingsPage = () => {
  const theme = useTheme()
  const session = useQuery(sessionQuery)
  const connections = useQuery(connectionsQuery)
  return (
    <Page title={copy.title}>
      <Section id="appearance" title={copy.appearance}>
        <div className="card max-w-2xl p-5">
          <Choice
            label={copy.theme}
            value={theme}
            options={Object.entries(copy.themes)}
            onValue={(value) => (isTheme(value) ? setTheme(value) : undefined)}
          />
        </div>
      </Section>
      <Section id="account" title={copy.account}>
        <Answer query={session} what={copy.account}>
          {({ expiresAt, firm, name }) => (
            <dl className="card grid max-w-2xl gap-4 p-5 sm:grid-cols-3">
              {(
                [
                  [copy.firm, firm.name],
                  [copy.token, name]
                ] as const
              ).map(([term, value]) => (
                <div key={term} className="min-w-0">
                  <dt className="text-xs font-semibold text-muted">{term}</dt>
                  <dd className="foreign">{value}</dd>
                </div>
              ))}
              <div>
                <dt className="text-xs font-semibold text-muted">{copy.until}</dt>
                <dd>
                  <When at={expiresAt} />
                </dd>
              </div>
            </dl>
          )}
        </Answer>
      </Section>
      <Answer query={connections} what={copy.limits}>
        {(all) =>
          all.length === 0 ? null : (
            <Section id="limits" title={copy.limits} intro={copy.limitsIntro}>
              {all.map((connection) => (
                <CallLimit key={connection.id} connection={connection} />
              ))}
            </Section>
          )
        }
      </Answer>
    </Page>
  )
}

const CallLimit = ({ connection: { callLimit, id, name, plugin } }: { readonly connection: ConnectionView }) => {
  const { data: plugins = [] } = useQuery(pluginsQuery)
  const budget = plugins.find((each) => each.id === plugin)?.budget
  const [typed, setTyped] = useState(callLimit === null ? "" : String(callLimit))
  const [isWrong, setWrong] = useState(false)
  const save = useMutation({
    mutationFn: (limit: number | null) =>
      call((api) => api.connections.setCallLimit({ params: { id }, payload: { callLimit: limit } })),
    onSuccess: async () => {
      announce(copy.saved)
      await queryClient.invalidateQueries({ queryKey: ["connections"] })
    }
  })
  return (
    <form
      noValidate
      className="card max-w-2xl space-y-4 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        const text = typed.trim()
        const isFit = text === "" || /^[1-9]\d{0,6}$/.test(text)
        setWrong(!isFit)
        if (isFit && !save.isPending) save.mutate(text === "" ? null : Number(text))
      }}
    >
      <Field
        label={copy.limit(name)}
        help={budget === undefined ? undefined : copy.limitHelp(budget.calls, budget.windowMs / 1000)}
        inputMode="numeric"
        value={typed}
        onValue={setTyped}
        error={isWrong ? copy.limitWrong : undefined}
      />
      {save.isSuccess ? <Notice tone="ok">{copy.saved}</Notice> : null}
      {save.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={save.error} />
        </Notice>
      )}
      <Button type="submit" isWaiting={save.isPending}>
        {copy.save}
      </Button>
    </form>
  )
}
