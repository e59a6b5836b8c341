/** Whether everything flows: each connection's state in a word, the times that say so, and the next step of its set-up. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import type { ConnectionView } from "@casewire/api/Connections"
import { overviewCopy as copy } from "../copy/OverviewCopy.ts"
import { JobTable } from "../activity/JobTable.tsx"
import { checklistQuery, connectionsQuery, healthQuery, pluginsQuery } from "../data/Queries.ts"
import { jobsQuery } from "../data/WorkQueries.ts"
import { ButtonLink } from "../ui/Button.tsx"
import { StateWord, type Tone } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, Empty } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

export const OverviewPage = () => {
  const connections = useQuery(connectionsQuery)
  return (
    <Page title={copy.title}>
      <Answer query={connections} what={copy.what}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              title={copy.emptyTitle}
              action={
                <ButtonLink to="/connections/new" look="primary">
                  {copy.connect}
                </ButtonLink>
              }
            >
              {copy.emptyHelp}
            </Empty>
          ) : (
            <div className="space-y-8">
              <ul className="grid gap-4">
                {all.map((connection) => (
                  <li key={connection.id}>
                    <ConnectionCard connection={connection} />
                  </li>
                ))}
              </ul>
              <Section
                id="recent"
                title={copy.recent}
                actions={
                  <Link to="/events" className="link text-sm">
                    {copy.allActivity}
                  </Link>
                }
              >
                <Recent />
              </Section>
            </div>
          )
        }
      </Answer>
    </Page>
  )
}

const Recent = () => {
  const jobs = useQuery(jobsQuery({}, 10))
  return (
    <Answer query={jobs} what={copy.recentWhat}>
      {(all) =>
        all.length === 0 ? <p className="card p-5 text-muted">{copy.recentEmpty}</p> : <JobTable jobs={all} />
      }
    </Answer>
  )
}

const SetupStep = ({ connection }: { readonly connection: ConnectionView }) => {
  const { data: items = [] } = useQuery(checklistQuery(connection.id))
  const next = items.find(({ state }) => state === "open" || state === "attention")
  if (next === undefined) return null
  return (
    <p className="border-t border-line pt-3 text-sm">
      {copy.setup}: {copy.setupDone(items.filter(({ state }) => state === "done").length, items.length)}.{" "}
      {copy.setupNext(next.title)}.{" "}
      <Link to="/connections/$id/setup" params={{ id: connection.id }} className="link">
        {copy.openSetup}
      </Link>
    </p>
  )
}

type StateName = keyof typeof copy.states
const tones: Readonly<Record<StateName, Tone | "off">> = {
  new: "warn",
  connected: "ok",
  "reconnect-needed": "error",
  disconnected: "off",
  erasing: "off",
  paused: "off",
  failing: "warn"
}

const ConnectionCard = ({ connection }: { readonly connection: ConnectionView }) => {
  const { data: health = [] } = useQuery(healthQuery)
  const { data: plugins = [] } = useQuery(pluginsQuery)
  const queue = health.find(({ connectionId }) => connectionId === connection.id)?.queue
  const troubled = (queue?.byState.dead ?? 0) + (queue?.byState.uncertain ?? 0)
  const waiting = (queue?.byState.queued ?? 0) + (queue?.byState.retry ?? 0) + (queue?.byState.sending ?? 0)
  const crm = plugins.find(({ id }) => id === connection.plugin)?.name ?? connection.plugin
  const state: StateName =
    connection.state !== "connected"
      ? connection.state
      : !connection.toggles.enabled
        ? "paused"
        : troubled > 0
          ? "failing"
          : "connected"
  const { lastStatusPull, lastStatusPush, lastSync, lastWebhook } = connection.health
  return (
    <article className="card space-y-4 p-5" aria-label={connection.name}>
      <div className="flex flex-wrap items-center justify-between gap-2">
        <div>
          <h2 className="foreign text-lg font-semibold">
            <Link to="/connections/$id/setup" params={{ id: connection.id }} className="link">
              {connection.name}
            </Link>
          </h2>
          <p className="text-sm text-muted">{crm}</p>
        </div>
        <StateWord tone={tones[state]}>{copy.states[state]}</StateWord>
      </div>
      {state === "paused" ? <p className="text-sm">{copy.pausedHelp}</p> : null}
      {state === "reconnect-needed" ? <p className="text-sm">{copy.reconnectHelp(crm)}</p> : null}
      <dl className="grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-5">
        {(
          [
            [copy.lastSync, lastSync],
            [copy.lastStatusPull, lastStatusPull],
            [copy.lastStatusPush, lastStatusPush],
            [copy.lastWebhook, lastWebhook]
          ] as const
        ).map(([name, at]) => (
          <div key={name}>
            <dt className="text-xs font-semibold text-muted">{name}</dt>
            <dd>
              <When at={at} />
            </dd>
          </div>
        ))}
        <div>
          <dt className="text-xs font-semibold text-muted">{copy.waiting}</dt>
          <dd>{copy.waitingCount(waiting)}</dd>
        </div>
      </dl>
      {troubled === 0 ? null : (
        <Link to="/dead-letters" className="link text-sm">
          {copy.attention(troubled)}
        </Link>
      )}
      <SetupStep connection={connection} />
    </article>
  )
}
