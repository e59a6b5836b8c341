/** Every list of the firm with the number that a webhook names it by. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useRef, useState } from "react"
import { listsCopy as copy } from "../copy/ListsCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { listsQuery } from "../data/ListQueries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice, StateWord } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, Empty, FailureText } from "../ui/QueryStates.tsx"

export const ListsPage = () => {
  const lists = useQuery(listsQuery)
  return (
    <Page title={copy.title} intro={copy.intro}>
      <Answer query={lists} what={copy.what}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={copy.emptyTitle}>{copy.emptyHelp}</Empty>
          ) : (
            <div className="card">
              <table className="rows">
                <caption className="sr-only">{copy.title}</caption>
                <thead>
                  <tr>
                    {Object.values(copy.columns).map((name) => (
                      <th key={name} scope="col">
                        {name}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {all.map(({ autoAdd, id, members, name, number }) => (
                    <tr key={id}>
                      <th scope="row" className="foreign">
                        <Link to="/lists/$listId" params={{ listId: id }} className="link">
                          {name}
                        </Link>
                      </th>
                      <td data-heading={copy.columns.number}>{number}</td>
                      <td data-heading={copy.columns.members}>{members.toLocaleString()}</td>
                      <td data-heading={copy.columns.rule}>
                        <StateWord tone={autoAdd.on ? "ok" : "off"}>{copy.rules[autoAdd.on ? "on" : "off"]}</StateWord>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
      <Section id="new-list" title={copy.make}>
        <NewList />
      </Section>
    </Page>
  )
}

const NewList = () => {
  const form = useRef<HTMLFormElement>(null)
  const [name, setName] = useState("")
  const [isMissing, setMissing] = useState(false)
  const create = useMutation({
    mutationFn: () => call((api) => api.lists.create({ payload: { name: name.trim() } })),
    onSuccess: async (made) => {
      setName("")
      announce(copy.made(made.name, made.number))
      await queryClient.invalidateQueries({ queryKey: ["lists"] })
    }
  })
  return (
    <form
      ref={form}
      noValidate
      className="card max-w-2xl space-y-4 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        setMissing(name.trim() === "")
        if (name.trim() === "") form.current?.querySelector("input")?.focus()
        else if (!create.isPending) create.mutate()
      }}
    >
      {create.data === undefined ? null : <Notice tone="ok">{copy.made(create.data.name, create.data.number)}</Notice>}
      {create.error === null ? null : (
        <Notice tone="error" isAlert>
          {create.error instanceof Failure && create.error.status === 422 ? (
            copy.refused
          ) : (
            <FailureText error={create.error} />
          )}
        </Notice>
      )}
      <Field
        label={copy.name}
        required
        maxLength={200}
        value={name}
        onValue={setName}
        error={isMissing ? copy.nameMissing : undefined}
      />
      <Button type="submit" isWaiting={create.isPending}>
        {copy.create}
      </Button>
    </form>
  )
}
