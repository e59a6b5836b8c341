/** One list: the rule that fills it, who stands in it, and whom a person took out. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import { useState } from "react"
import type { ListView, MembershipView } from "@casewire/api/Lists"
import { ListId } from "@casewire/core/domain/List"
import { listsCopy as copy } from "../copy/ListsCopy.ts"
import { call } from "../data/Client.ts"
import { listQuery, membersQuery } from "../data/ListQueries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { Switch } from "../ui/Switch.tsx"

export const ListPage = () => {
  const { listId } = useParams({ from: "/shell/lists/$listId" })
  const id = ListId.make(listId)
  const list = useQuery(listQuery(id))
  return (
    <Page
      title={list.data?.name ?? copy.title}
      trail={
        <Link to="/lists" className="link">
          {copy.back}
        </Link>
      }
    >
      <Answer query={list} what={copy.listWhat}>
        {(found) => (
          <div className="space-y-8">
            <p className="text-muted">
              {copy.columns.number}: <code>{found.number}</code>
            </p>
            <Section id="rule" title={copy.ruleTitle} intro={copy.ruleIntro}>
              <Rule list={found} />
            </Section>
            <Section id="members" title={copy.members}>
              <Members id={id} isMember />
            </Section>
            <Section id="taken" title={copy.taken} intro={copy.takenIntro}>
              <Members id={id} isMember={false} />
            </Section>
          </div>
        )}
      </Answer>
    </Page>
  )
}

const Rule = ({ list: { autoAdd, id } }: { readonly list: ListView }) => {
  const [isOn, setOn] = useState(autoAdd.on)
  const [firstSyncOnly, setFirst] = useState(autoAdd.firstSyncOnly)
  const [statuses, setStatuses] = useState(autoAdd.statuses.join(", "))
  const save = useMutation({
    mutationFn: () =>
      call((api) =>
        api.lists.setAutoAdd({
          params: { id },
          payload: {
            ...autoAdd,
            on: isOn,
            firstSyncOnly,
            statuses: statuses
              .split(",")
              .map((name) => name.trim())
              .filter((name) => name !== "")
          }
        })
      ),
    onSuccess: async () => {
      announce(copy.ruleSaved)
      await queryClient.invalidateQueries({ queryKey: ["lists"] })
    }
  })
  const switches = [
    ["on", copy.ruleOn, undefined, isOn, setOn],
    ["first", copy.ruleFirst, copy.ruleFirstHelp, firstSyncOnly, setFirst]
  ] as const
  return (
    <form
      className="card max-w-2xl space-y-5 p-5"
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate()
      }}
    >
      {switches.map(([key, name, help, value, set]) => (
        <div key={key} className="flex items-start gap-4">
          <div className="min-w-0 grow">
            <p id={`rule-${key}`} className="font-medium">
              {name}
            </p>
            {help === undefined ? null : <p className="text-sm text-muted">{help}</p>}
          </div>
          <Switch isOn={value} labelledBy={`rule-${key}`} onChange={set} />
        </div>
      ))}
      <Field label={copy.ruleStatuses} help={copy.ruleStatusesHelp} value={statuses} onValue={setStatuses} />
      {save.isSuccess ? <Notice tone="ok">{copy.ruleSaved}</Notice> : null}
      {save.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={save.error} />
        </Notice>
      )}
      <Button type="submit" isWaiting={save.isPending}>
        {copy.ruleSave}
      </Button>
    </form>
  )
}

const Members = ({ id, isMember }: { readonly id: ListId; readonly isMember: boolean }) => {
  const members = useQuery(membersQuery(id, isMember))
  const change = useMutation({
    mutationFn: ({
      action,
      caseId
    }: {
      readonly action: "add" | "remove" | "lift"
      readonly caseId: MembershipView["caseId"]
    }) => call((api) => api.lists.byHand({ params: { id }, payload: { action, caseIds: [caseId] } })),
    onSuccess: async (_, { action }) => {
      announce(copy.done[action])
      await queryClient.invalidateQueries({ queryKey: ["lists"] })
    }
  })
  const actions = isMember ? (["remove"] as const) : (["lift", "add"] as const)
  return (
    <Answer query={members} what={copy.membersWhat}>
      {(all) => {
        const shown = isMember ? all : all.filter(({ heldOffBy }) => heldOffBy !== null)
        return shown.length === 0 ? (
          <p className="card p-5 text-muted">{copy.membersEmpty}</p>
        ) : (
          <ul className="card divide-y divide-line">
            {shown.map(({ case: of, caseId }) => (
              <li key={caseId} className="flex flex-wrap items-center gap-x-5 gap-y-2 px-5 py-3">
                <span className="foreign min-w-0 grow">
                  {of === null ? (
                    copy.gone
                  ) : (
                    <Link to="/leads/$leadId" params={{ leadId: caseId }} className="link font-semibold">
                      {of.name}
                    </Link>
                  )}
                  {of?.status === null || of === null ? null : <span className="text-muted"> · {of.status}</span>}
                </span>
                {actions.map((action) => (
                  <Button
                    key={action}
                    isWaiting={
                      change.isPending && change.variables.caseId === caseId && change.variables.action === action
                    }
                    onClick={() => change.mutate({ action, caseId })}
                  >
                    {copy[action]}
                    <span className="sr-only"> {of?.name ?? copy.gone}</span>
                  </Button>
                ))}
              </li>
            ))}
          </ul>
        )
      }}
    </Answer>
  )
}
