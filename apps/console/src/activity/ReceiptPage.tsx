/** One webhook as it came: what it carried, what is wrong with it, how it was answered. Everything in it is only text. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import { activityCopy } from "../copy/ActivityCopy.ts"
import { setupCopy } from "../copy/SetupCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { receiptQuery } from "../data/WorkQueries.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Notice, StateWord } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"
import { entriesOf } from "./Payload.ts"

const copy = activityCopy.receipt

export const ReceiptPage = () => {
  const { receiptId } = useParams({ from: "/shell/events/received/$receiptId" })
  const receipt = useQuery(receiptQuery(receiptId))
  const replay = useMutation({
    mutationFn: (id: NonNullable<typeof receipt.data>["id"]) => call((api) => api.receipts.replay({ params: { id } })),
    onSuccess: async ({ disposition }) => {
      announce(`${setupCopy.replayed}: ${setupCopy.dispositions[disposition]}`)
      await queryClient.invalidateQueries()
    }
  })
  return (
    <Page
      title={copy.title}
      trail={
        <Link to="/events" search={{ view: "webhooks" }} className="link">
          {activityCopy.job.back}
        </Link>
      }
    >
      <Answer query={receipt} what={copy.what}>
        {({
          body,
          disposition,
          documents,
          errors,
          externalCaseId,
          id,
          mediaType,
          query,
          receivedAt,
          status,
          warnings
        }) => {
          const entries = entriesOf(mediaType, body)
          return (
            <div className="space-y-8">
              <div className="card space-y-3 p-5">
                <div className="flex flex-wrap gap-x-6 gap-y-2">
                  <StateWord tone={disposition === "refused" ? "error" : disposition === "ignored" ? "warn" : "ok"}>
                    {setupCopy.dispositions[disposition]}
                  </StateWord>
                  <span>{externalCaseId === null ? setupCopy.noLead : setupCopy.lead(externalCaseId)}</span>
                  <span className="text-muted">
                    <When at={receivedAt} />
                  </span>
                  <span className="text-muted">{copy.answered(status)}</span>
                </div>
                {setupCopy.dispositionHelp[disposition] === "" ? null : <p>{setupCopy.dispositionHelp[disposition]}</p>}
                {disposition === "refused" || disposition === "ignored" ? (
                  <Button isWaiting={replay.isPending} onClick={() => replay.mutate(id)}>
                    {copy.replay}
                  </Button>
                ) : null}
                {replay.error === null ? null : (
                  <Notice tone="error" isAlert>
                    <FailureText error={replay.error} />
                  </Notice>
                )}
              </div>
              {errors.length + warnings.length === 0 ? null : (
                <Section id="problems" title={copy.problems}>
                  <ul className="card space-y-2 p-5">
                    {[
                      ...errors.map((each) => ["error", each] as const),
                      ...warnings.map((each) => ["warn", each] as const)
                    ].map(([tone, { code, field }]) => (
                      <li key={`${field} ${code}`} className="foreign">
                        <StateWord tone={tone}>{copy.field(field, code)}</StateWord>
                      </li>
                    ))}
                  </ul>
                </Section>
              )}
              <Section id="payload" title={copy.payload}>
                {entries.length === 0 ? <p className="text-muted">{copy.nothing}</p> : <Pairs entries={entries} />}
              </Section>
              {query.length === 0 ? null : (
                <Section id="options" title={copy.options}>
                  <Pairs entries={query} />
                </Section>
              )}
              {documents.length === 0 ? null : (
                <Section id="files" title={copy.files}>
                  <ul className="card space-y-2 p-5">
                    {documents.map((file) => (
                      <li key={file.id} className="foreign">
                        {file.name} · {file.contentType} · {file.size.toLocaleString()} B
                      </li>
                    ))}
                  </ul>
                </Section>
              )}
            </div>
          )
        }}
      </Answer>
    </Page>
  )
}

const Pairs = ({ entries }: { readonly entries: ReadonlyArray<readonly [string, string]> }) => (
  <dl className="card divide-y divide-line">
    {entries.map(([name, value], index) => (
      // Names may come twice; their place tells them apart.
      <div key={`${index} ${name}`} className="grid gap-x-4 gap-y-0.5 px-5 py-2.5 sm:grid-cols-[14rem_1fr]">
        <dt className="foreign text-sm font-semibold text-muted">{name}</dt>
        <dd className="foreign whitespace-pre-wrap">{value}</dd>
      </div>
    ))}
  </dl>
)
