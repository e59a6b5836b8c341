/** One unit of work: what it is, when it went through which step, why it stands where it stands, and what can be done. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import { activityCopy } from "../copy/ActivityCopy.ts"
import { workCopy } from "../copy/WorkCopy.ts"
import { jobQuery } from "../data/WorkQueries.ts"
import { Button } from "../ui/Button.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"
import { useResolve } from "./Resolve.ts"
import { JobState, verbsFor, WayWord } from "./Work.tsx"

const copy = activityCopy.job

export const JobPage = () => {
  const { eventId } = useParams({ from: "/shell/events/$eventId" })
  const job = useQuery(jobQuery(eventId))
  const resolve = useResolve()
  const title = job.data === undefined ? activityCopy.title : (workCopy.kinds[job.data.work] ?? job.data.work)
  return (
    <Page
      title={title}
      trail={
        <Link to="/events" className="link">
          {copy.back}
        </Link>
      }
    >
      <Answer query={job} what={copy.what}>
        {({
          about,
          attempts,
          createdAt,
          done,
          id,
          notBefore,
          parts,
          reason,
          sentAt,
          state,
          texts,
          updatedAt,
          work
        }) => (
          <div className="space-y-8">
            <Section id="summary" title={copy.summary}>
              <div className="card space-y-3 p-5">
                <div className="flex flex-wrap gap-x-6 gap-y-2">
                  <JobState state={state} />
                  <WayWord work={work} />
                  {attempts === 0 ? null : <span className="text-sm text-muted">{workCopy.attempts(attempts)}</span>}
                </div>
                <p>{workCopy.stateHelp[state]}</p>
                {reason === null ? null : (
                  <p className="foreign">
                    <span className="font-semibold">{copy.reason}: </span>
                    {reason}
                  </p>
                )}
                {parts > 1 ? <p>{copy.parts(done, parts)}</p> : null}
                {verbsFor[state].length === 0 ? null : (
                  <div role="group" aria-label={copy.actions} className="flex flex-wrap gap-2 pt-1">
                    {verbsFor[state].map((verb) => (
                      <Button
                        key={verb}
                        isWaiting={resolve.isPending && resolve.variables.verb === verb}
                        onClick={() => resolve.mutate({ ids: [id], verb, reason: workCopy.verbs[verb] })}
                      >
                        {workCopy.verbs[verb]}
                      </Button>
                    ))}
                  </div>
                )}
                {resolve.error === null ? null : (
                  <Notice tone="error" isAlert>
                    <FailureText error={resolve.error} />
                  </Notice>
                )}
              </div>
            </Section>
            <Section id="timeline" title={copy.timeline}>
              <ol className="card divide-y divide-line">
                {(
                  [
                    [copy.begun, createdAt],
                    [copy.sent, sentAt],
                    [copy.changed, updatedAt],
                    [copy.next, state === "retry" || state === "queued" ? notBefore : null]
                  ] as const
                ).flatMap(([name, at]) =>
                  at === null
                    ? []
                    : [
                        <li key={name} className="flex flex-wrap justify-between gap-2 px-5 py-3">
                          <span>{name}</span>
                          <span className="text-muted">
                            <When at={at} />
                          </span>
                        </li>
                      ]
                )}
              </ol>
            </Section>
            <Section id="about" title={copy.about}>
              <dl className="card grid gap-4 p-5 sm:grid-cols-2">
                {Object.entries(about).map(([name, value]) => (
                  <div key={name} className="min-w-0">
                    <dt className="text-xs font-semibold text-muted">{activityCopy.names[name] ?? name}</dt>
                    <dd className="foreign">
                      {name === "caseId" ? (
                        <Link to="/leads/$leadId" params={{ leadId: value }} className="link">
                          {value}
                        </Link>
                      ) : name === "receiptId" ? (
                        <Link to="/events/received/$receiptId" params={{ receiptId: value }} className="link">
                          {value}
                        </Link>
                      ) : (
                        value
                      )}
                    </dd>
                  </div>
                ))}
              </dl>
            </Section>
            {texts.length === 0 ? null : (
              <Section id="text" title={copy.text}>
                {texts.map((text) => (
                  <p key={text} className="card foreign whitespace-pre-wrap p-5">
                    {text}
                  </p>
                ))}
              </Section>
            )}
          </div>
        )}
      </Answer>
    </Page>
  )
}
