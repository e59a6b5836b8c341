/** What waits for a person: causes with all their items, and values that both sides changed. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import type { JobView } from "@casewire/api/Jobs"
import { useResolve } from "../activity/Resolve.ts"
import { JobState } from "../activity/Work.tsx"
import { attentionCopy as copy } from "../copy/AttentionCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { workCopy } from "../copy/WorkCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { attentionQuery, conflictsQuery } from "../data/WorkQueries.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, Empty, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"
import { type Cause, causesOf } from "./Causes.ts"

export const AttentionPage = () => {
  const jobs = useQuery(attentionQuery)
  const conflicts = useQuery(conflictsQuery)
  return (
    <Page title={copy.title} intro={copy.intro}>
      <Answer query={jobs} what={copy.what}>
        {(stopped) => (
          <Answer query={conflicts} what={copy.what}>
            {(found) =>
              stopped.length + found.length === 0 ? (
                <Empty title={copy.emptyTitle}>{copy.emptyHelp}</Empty>
              ) : (
                <div className="space-y-8">
                  {stopped.length === 0 ? null : (
                    <Section id="stopped" title={copy.stopped}>
                      <ul className="space-y-4">
                        {causesOf(stopped).map((cause) => (
                          <li key={cause.key}>
                            <CauseCard cause={cause} />
                          </li>
                        ))}
                      </ul>
                    </Section>
                  )}
                  {found.length === 0 ? null : (
                    <Section id="conflicts" title={copy.conflicts} intro={copy.conflictsIntro}>
                      <ul className="space-y-4">
                        {found.map((conflict) => (
                          <li key={conflict.id}>
                            <ConflictCard conflict={conflict} />
                          </li>
                        ))}
                      </ul>
                    </Section>
                  )}
                </div>
              )
            }
          </Answer>
        )}
      </Answer>
    </Page>
  )
}

const shown = 5

const CauseCard = ({ cause: { firstAt, jobs, lastAt, reason, state, work } }: { readonly cause: Cause }) => {
  const resolve = useResolve()
  const [isDismissing, setDismissing] = useState(false)
  const ids = jobs.map(({ id }) => id)
  const act = (verb: "replay" | "confirm") => resolve.mutate({ ids, verb, reason: workCopy.verbs[verb] })
  const doing = resolve.isPending ? resolve.variables.verb : undefined
  return (
    <article className="card space-y-3 p-5" aria-label={`${workCopy.kinds[work] ?? work}: ${reason ?? copy.noReason}`}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h3 className="font-semibold">
          {workCopy.kinds[work] ?? work} · {copy.count(jobs.length)}
        </h3>
        <JobState state={state} />
      </div>
      <p className="foreign">{reason ?? copy.noReason}</p>
      <p className="text-sm text-muted">
        {workCopy.stateHelp[state]} {copy.between} <When at={firstAt} />, {copy.last} <When at={lastAt} />.
      </p>
      <Items jobs={jobs} />
      <div className="flex flex-wrap gap-2">
        {state === "uncertain" ? (
          <Button isWaiting={doing === "confirm"} onClick={() => act("confirm")}>
            {copy.confirmAll(jobs.length)}
          </Button>
        ) : null}
        <Button look="primary" isWaiting={doing === "replay"} onClick={() => act("replay")}>
          {copy.replayAll(jobs.length)}
        </Button>
        <Button onClick={() => setDismissing(true)}>{copy.dismissAll(jobs.length)}</Button>
      </div>
      {resolve.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={resolve.error} />
        </Notice>
      )}
      <DismissDialog
        count={jobs.length}
        isOpen={isDismissing}
        isWaiting={doing === "skip"}
        onClose={() => setDismissing(false)}
        onDismiss={(why) =>
          resolve.mutate({ ids, verb: "skip", reason: why }, { onSuccess: () => setDismissing(false) })
        }
      />
    </article>
  )
}

const Items = ({ jobs }: { readonly jobs: ReadonlyArray<JobView> }) => (
  <ul aria-label={copy.examples} className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
    {jobs.slice(0, shown).map(({ about, id }) => (
      <li key={id}>
        <Link to="/events/$eventId" params={{ eventId: id }} className="link">
          {about["externalCaseId"] === undefined ? id : workCopy.lead(about["externalCaseId"])}
        </Link>
      </li>
    ))}
    {jobs.length > shown ? <li className="text-muted">{copy.more(jobs.length - shown)}</li> : null}
  </ul>
)

const DismissDialog = ({
  count,
  isOpen,
  isWaiting,
  onClose,
  onDismiss
}: {
  readonly count: number
  readonly isOpen: boolean
  readonly isWaiting: boolean
  readonly onClose: () => void
  readonly onDismiss: (why: string) => void
}) => {
  const [why, setWhy] = useState("")
  const [isMissing, setMissing] = useState(false)
  const dismiss = () => {
    setMissing(why.trim() === "")
    if (why.trim() !== "") onDismiss(why.trim())
  }
  return (
    <Dialog
      isOpen={isOpen}
      onClose={onClose}
      title={copy.dismissTitle(count)}
      actions={
        <>
          <Button onClick={onClose}>{uiCopy.cancel}</Button>
          <Button look="danger" isWaiting={isWaiting} onClick={dismiss}>
            {copy.dismissAll(count)}
          </Button>
        </>
      }
    >
      <p>{copy.dismissHelp}</p>
      <Field
        label={copy.dismissReason}
        required
        maxLength={400}
        value={why}
        onValue={setWhy}
        error={isMissing ? copy.dismissMissing : undefined}
      />
    </Dialog>
  )
}

type Conflict = Awaited<ReturnType<NonNullable<typeof conflictsQuery.queryFn>>>[number]

const ConflictCard = ({
  conflict: { after, at, before, caseId, field, id, kind }
}: {
  readonly conflict: Conflict
}) => {
  const settle = useMutation({
    mutationFn: (decision: "restore" | "dismiss" | "accept" | "keep") =>
      call((api) => api.entries.settleConflict({ params: { id }, payload: { decision } })),
    onSuccess: async () => {
      announce(copy.settled)
      await queryClient.invalidateQueries()
    }
  })
  const decisions = kind === "status-review" ? (["keep", "accept"] as const) : (["restore", "dismiss"] as const)
  return (
    <article className="card space-y-3 p-5" aria-label={copy.conflictKinds[kind] ?? kind}>
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h3 className="font-semibold">{copy.conflictKinds[kind] ?? kind}</h3>
        <span className="text-sm text-muted">
          <When at={at} />
        </span>
      </div>
      {field === undefined ? null : <p className="foreign text-sm">{copy.field(field)}</p>}
      <dl className="grid gap-3 sm:grid-cols-2">
        {(
          [
            [copy.lost, before],
            [copy.won, after]
          ] as const
        ).map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-xs font-semibold text-muted">{name}</dt>
            <dd className="foreign">{value ?? copy.nothing}</dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-wrap items-center gap-2">
        {decisions.map((decision) => (
          <Button
            key={decision}
            isWaiting={settle.isPending && settle.variables === decision}
            onClick={() => settle.mutate(decision)}
          >
            {copy[decision]}
          </Button>
        ))}
        <Link to="/leads/$leadId" params={{ leadId: caseId }} className="link text-sm">
          {copy.openLead}
        </Link>
      </div>
      {settle.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={settle.error} />
        </Notice>
      )}
    </article>
  )
}
