/** The dry run: a verdict for every waiting update, frozen, and one confirmation that counts what would be lost. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { RunView } from "@casewire/api/Runs"
import { ConnectionFrame, type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { resumeCopy as copy } from "../copy/ResumeCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { resumeQuestionQuery } from "../data/Queries.ts"
import { Button, ButtonLink } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice, StateWord, type Tone } from "../ui/Notice.tsx"
import { Answer, Empty, FailureText } from "../ui/QueryStates.tsx"

export const ResumePage = () => <ConnectionFrame title={copy.title}>{(parts) => <Resume {...parts} />}</ConnectionFrame>

const Resume = ({ connection, manifest }: ConnectionParts) => {
  const { id } = connection
  const question = useQuery(resumeQuestionQuery(id))
  const plan = useMutation({ mutationFn: () => call((api) => api.statusSync.plan({ params: { id } })) })
  const resume = useMutation({
    mutationFn: (payload: { readonly mode: "replay"; readonly planId: RunView["id"]; readonly overwrites: number }) =>
      call((api) => api.statusSync.resume({ params: { id }, payload })),
    onSettled: () => queryClient.invalidateQueries()
  })
  const back = (
    <ButtonLink to="/connections/$id/configuration" params={{ id }}>
      {copy.back}
    </ButtonLink>
  )
  if (resume.isSuccess)
    return (
      <div className="space-y-4">
        <Notice tone="ok" isAlert title={copy.done(resume.data.run?.total ?? 0)}>
          {copy.doneHelp}
        </Notice>
        {back}
      </div>
    )
  return (
    <Answer query={question} what={copy.planWhat}>
      {({ asked }) =>
        asked ? (
          <div className="space-y-5">
            <p className="max-w-2xl text-muted">{copy.intro(manifest.name)}</p>
            <div className="flex flex-wrap gap-2">
              <Button
                look={plan.data === undefined ? "primary" : "secondary"}
                isWaiting={plan.isPending}
                onClick={() => plan.mutate()}
              >
                {plan.isPending ? copy.making : copy.make}
              </Button>
              {back}
            </div>
            {plan.error === null ? null : (
              <Notice tone="error" isAlert>
                <FailureText error={plan.error} />
              </Notice>
            )}
            {plan.data === undefined ? null : (
              <Plan
                key={plan.data.id}
                run={plan.data}
                isBusy={resume.isPending}
                error={resume.error}
                onStart={(overwrites) => resume.mutate({ mode: "replay", planId: plan.data.id, overwrites })}
              />
            )}
          </div>
        ) : (
          <Empty title={copy.nothing} action={back}>
            {copy.nothingHelp}
          </Empty>
        )
      }
    </Answer>
  )
}

const tones: Readonly<Record<string, Tone>> = { safe: "ok", same: "ok", "would-overwrite-newer": "warn" }

const Plan = ({
  error,
  isBusy,
  onStart,
  run
}: {
  readonly run: RunView
  readonly isBusy: boolean
  readonly error: Error | null
  readonly onStart: (overwrites: number) => void
}) => {
  const [typed, setTyped] = useState("")
  const [isWrong, setWrong] = useState(false)
  const rows = useQuery({
    queryKey: ["runs", run.id, "rows"],
    queryFn: () => call((api) => api.runs.rows({ params: { id: run.id }, query: { limit: 1000 } }))
  })
  const overwrites = Number(run.scope["overwrites"] ?? 0)
  return (
    <Answer query={rows} what={copy.planWhat}>
      {({ rows: all }) => {
        const sent = all.filter(({ verdict }) => verdict === "safe" || verdict === "would-overwrite-newer").length
        const totals = Map.groupBy(all, ({ verdict }) => verdict)
        return (
          <form
            noValidate
            className="space-y-5"
            onSubmit={(event) => {
              event.preventDefault()
              const isConfirmed = overwrites === 0 || typed.trim() === String(overwrites)
              setWrong(!isConfirmed)
              if (isConfirmed && !isBusy) onStart(overwrites)
            }}
          >
            <p className="text-sm text-muted">{copy.expires}</p>
            <ul className="flex flex-wrap gap-x-5 gap-y-1">
              {[...totals].map(([verdict, found]) => (
                <li key={verdict}>
                  <StateWord tone={tones[verdict] ?? "off"}>
                    {copy.totals(copy.verdicts[verdict] ?? verdict, found.length)}
                  </StateWord>
                </li>
              ))}
            </ul>
            <div className="card">
              <table className="rows">
                <caption className="sr-only">{copy.caption}</caption>
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
                  {all.map(({ detail, key, verdict }) => (
                    <tr key={key}>
                      <th scope="row">{detail["externalCaseId"]}</th>
                      <td className="foreign" data-heading={copy.columns.ours}>
                        {detail["target"]}
                      </td>
                      <td className="foreign" data-heading={copy.columns.crm}>
                        {detail["expected"] === "" ? copy.none : detail["expected"]}
                      </td>
                      <td>
                        <StateWord tone={tones[verdict] ?? "off"}>{copy.verdicts[verdict] ?? verdict}</StateWord>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {overwrites === 0 ? null : (
              <div className="max-w-md">
                <Field
                  label={copy.confirmNumber(overwrites)}
                  required
                  inputMode="numeric"
                  value={typed}
                  onValue={setTyped}
                  error={isWrong ? copy.confirmWrong : undefined}
                />
              </div>
            )}
            {error === null ? null : (
              <Notice tone="error" isAlert>
                {error instanceof Failure && error.code === "plan-expired" ? (
                  copy.expired
                ) : (
                  <FailureText error={error} />
                )}
              </Notice>
            )}
            <Button type="submit" look={overwrites === 0 ? "primary" : "danger"} isWaiting={isBusy}>
              {copy.start(sent, overwrites)}
            </Button>
          </form>
        )
      }}
    </Answer>
  )
}
