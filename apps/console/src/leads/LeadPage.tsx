/** One lead: both sides' status beside each other, where its notes are, what happened, and what waits. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import type { CaseView } from "@casewire/api/Cases"
import type { TimelineView } from "@casewire/api/Timeline"
import { CaseId } from "@casewire/core/domain/Case"
import { JobTable } from "../activity/JobTable.tsx"
import { JobState } from "../activity/Work.tsx"
import { leadsCopy as copy } from "../copy/LeadsCopy.ts"
import { connectionsQuery, pluginsQuery } from "../data/Queries.ts"
import { leadQuery, notesQuery, timelineQuery } from "../data/LeadQueries.ts"
import { jobsQuery } from "../data/WorkQueries.ts"
import { Page, Section } from "../ui/Page.tsx"
import { Answer } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"
import { MessageForm } from "./MessageForm.tsx"

export const LeadPage = () => {
  const { leadId } = useParams({ from: "/shell/leads/$leadId" })
  const lead = useQuery(leadQuery(CaseId.make(leadId)))
  return (
    <Page
      title={lead.data?.client?.fullName || lead.data?.name || copy.title}
      trail={
        <Link to="/leads" className="link">
          {copy.title}
        </Link>
      }
    >
      <Answer query={lead} what={copy.leadWhat}>
        {(found) => <Lead lead={found} />}
      </Answer>
    </Page>
  )
}

const Lead = ({ lead }: { readonly lead: CaseView }) => {
  const { data: connections = [] } = useQuery(connectionsQuery)
  const { data: plugins = [] } = useQuery(pluginsQuery)
  const connection = connections.find(({ id }) => id === lead.connectionId)
  const manifest = plugins.find(({ id }) => id === connection?.plugin)
  const { client, status } = lead
  const facts: ReadonlyArray<readonly [string, string]> = [
    [copy.columns.id, lead.externalId ?? copy.plain],
    [copy.caseType, lead.caseType.name],
    [copy.phone, client?.phone || copy.unknown],
    [copy.email, client?.email || copy.unknown]
  ]
  return (
    <div className="space-y-8">
      <div className="grid gap-4 sm:grid-cols-2">
        <Side title={copy.here} status={status.value} help={copy.statusStates[status.state]} />
        {lead.externalId === null ? null : (
          <Side
            title={copy.inCrm(manifest?.name ?? "CRM")}
            status={status.twoWay.seenCrm ?? status.twoWay.baseCrm}
            help={copy.standings[lead.standing]}
            at={lead.verifiedAt}
          />
        )}
      </div>
      <Section id="details" title={copy.details}>
        <dl className="card grid gap-4 p-5 sm:grid-cols-2 lg:grid-cols-4">
          {facts.map(([name, value]) => (
            <div key={name} className="min-w-0">
              <dt className="text-xs font-semibold text-muted">{name}</dt>
              <dd className="foreign">{value}</dd>
            </div>
          ))}
        </dl>
      </Section>
      <Section id="notes" title={copy.notes}>
        <Notes id={lead.id} />
      </Section>
      {lead.externalId === null ? null : (
        <Section id="message" title={copy.sample} intro={copy.sampleHelp(manifest?.notes.place ?? null)}>
          <MessageForm caseId={lead.id} />
        </Section>
      )}
      <Section id="timeline" title={copy.timeline}>
        <Timeline id={lead.id} />
      </Section>
      {lead.externalId === null ? null : (
        <Section
          id="work"
          title={copy.work}
          actions={
            <Link to="/events" search={{ lead: lead.externalId }} className="link text-sm">
              {copy.allActivity}
            </Link>
          }
        >
          <Work lead={lead.externalId} />
        </Section>
      )}
    </div>
  )
}

const Side = ({
  at,
  help,
  status,
  title
}: {
  readonly title: string
  readonly status: string | null
  readonly help: string
  readonly at?: number | null
}) => (
  <div className="card min-w-0 p-5">
    <p className="text-sm font-semibold text-muted">{title}</p>
    <p className="foreign text-xl font-bold">{status ?? copy.unknown}</p>
    <p className="text-sm text-muted">
      {help}
      {at === undefined ? null : (
        <>
          {" "}
          {copy.lastRead}: <When at={at} />.
        </>
      )}
    </p>
  </div>
)

const Notes = ({ id }: { readonly id: CaseId }) => {
  const notes = useQuery(notesQuery(id))
  return (
    <Answer query={notes} what={copy.notes}>
      {(all) =>
        all.length === 0 ? (
          <p className="card p-5 text-muted">{copy.notesNone}</p>
        ) : (
          <ul className="card divide-y divide-line">
            {all.toReversed().map(({ jobId, place, reason, source, state }) => (
              <li key={jobId} className="flex flex-wrap items-baseline gap-x-5 gap-y-1 px-5 py-3">
                <Link to="/events/$eventId" params={{ eventId: jobId }} className="link font-semibold">
                  {copy.noteSource[source]}
                </Link>
                <JobState state={state} />
                <span className="foreign text-sm text-muted">
                  {state === "done" && place !== null ? copy.notePlace(place) : (reason ?? "")}
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  )
}

const textOf = (entry: TimelineView): string => {
  switch (entry.kind) {
    case "message":
      return [entry.subject, entry.text].filter((part) => part !== null && part !== "").join(": ")
    case "call":
      return entry.summary ?? entry.outcome ?? ""
    case "note":
      return entry.text
    case "document":
      return entry.name
  }
}

const Timeline = ({ id }: { readonly id: CaseId }) => {
  const timeline = useQuery(timelineQuery(id))
  return (
    <Answer query={timeline} what={copy.timelineWhat}>
      {(entries) =>
        entries.length === 0 ? (
          <p className="card p-5 text-muted">{copy.timelineNone}</p>
        ) : (
          <ol className="card divide-y divide-line">
            {entries.map((entry) => (
              <li key={entry.id} className="space-y-1 px-5 py-3">
                <p className="flex flex-wrap justify-between gap-2 text-sm">
                  <span className="font-semibold">
                    {copy.entryKinds[entry.kind]}
                    {"direction" in entry ? `, ${copy.directions[entry.direction]}` : ""}
                  </span>
                  <span className="text-muted">
                    <When at={entry.at} />
                  </span>
                </p>
                <p className="foreign line-clamp-6 whitespace-pre-wrap">{textOf(entry)}</p>
              </li>
            ))}
          </ol>
        )
      }
    </Answer>
  )
}

const Work = ({ lead }: { readonly lead: string }) => {
  const jobs = useQuery(jobsQuery({ lead }, 10))
  return (
    <Answer query={jobs} what={copy.workWhat}>
      {(all) => <JobTable jobs={all} />}
    </Answer>
  )
}
