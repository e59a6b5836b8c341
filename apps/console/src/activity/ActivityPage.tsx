/** Everything that happens, the newest first. What is filtered stands in the address, so that it can be sent to somebody. */
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import type { ReceiptView } from "@casewire/api/Receipts"
import { activityCopy as copy } from "../copy/ActivityCopy.ts"
import { setupCopy } from "../copy/SetupCopy.ts"
import { workCopy } from "../copy/WorkCopy.ts"
import { type JobFilter, jobsQuery, recentReceiptsQuery } from "../data/WorkQueries.ts"
import { Button } from "../ui/Button.tsx"
import { Choice, Field } from "../ui/Field.tsx"
import { StateWord } from "../ui/Notice.tsx"
import { Page } from "../ui/Page.tsx"
import { Answer, Empty } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"
import { JobTable, Older } from "./JobTable.tsx"

export const ActivityPage = () => {
  const search = useSearch({ from: "/shell/events" })
  const navigate = useNavigate()
  const go = (change: Partial<typeof search>) =>
    void navigate({
      to: "/events",
      search: Object.fromEntries(
        Object.entries({ ...search, before: undefined, ...change }).filter(
          ([, value]) => value !== undefined && value !== ""
        )
      ),
      replace: true
    })
  const isWebhooks = search.view === "webhooks"
  const isFiltered = (search.state ?? search.kind ?? search.lead) !== undefined
  return (
    <Page title={copy.title} intro={copy.intro}>
      <div className="card flex flex-wrap items-end gap-3 p-4">
        <div className="w-40 grow sm:grow-0">
          <Choice
            label={copy.views.label}
            value={isWebhooks ? "webhooks" : ""}
            onValue={(view) => void navigate({ to: "/events", search: view === "" ? {} : { view }, replace: true })}
            options={[
              ["", copy.views.work],
              ["webhooks", copy.views.webhooks]
            ]}
          />
        </div>
        <div className="w-40 grow sm:grow-0">
          <Choice
            label={copy.state}
            value={search.state ?? ""}
            onValue={(state) => go({ state })}
            options={[["", copy.all], ...Object.entries(isWebhooks ? setupCopy.dispositions : workCopy.states)]}
          />
        </div>
        {isWebhooks ? null : (
          <div className="w-48 grow sm:grow-0">
            <Choice
              label={copy.kind}
              value={search.kind ?? ""}
              onValue={(kind) => go({ kind })}
              options={[["", copy.all], ...Object.entries(workCopy.kinds)]}
            />
          </div>
        )}
        <div className="w-40 grow sm:grow-0">
          <Field label={copy.lead} value={search.lead ?? ""} onValue={(lead) => go({ lead })} />
        </div>
        {isFiltered ? (
          <Button
            look="quiet"
            onClick={() => void navigate({ to: "/events", search: isWebhooks ? { view: "webhooks" } : {} })}
          >
            {copy.clear}
          </Button>
        ) : null}
      </div>
      {isWebhooks ? (
        <Receipts {...search} isFiltered={isFiltered} onOlder={(before) => go({ before })} />
      ) : (
        <Jobs filter={search} isFiltered={isFiltered} onOlder={(before) => go({ before })} />
      )}
    </Page>
  )
}

const Nothing = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <Empty title={isFiltered ? copy.emptyFiltered : copy.emptyTitle}>{isFiltered ? undefined : copy.emptyHelp}</Empty>
)

const Jobs = ({
  filter,
  isFiltered,
  onOlder
}: {
  readonly filter: JobFilter
  readonly isFiltered: boolean
  readonly onOlder: (before: string) => void
}) => {
  const jobs = useQuery(jobsQuery(filter))
  return (
    <Answer query={jobs} what={copy.what}>
      {(all) => (all.length === 0 ? <Nothing isFiltered={isFiltered} /> : <JobTable jobs={all} onOlder={onOlder} />)}
    </Answer>
  )
}

const Receipts = ({
  before,
  isFiltered,
  lead,
  onOlder,
  state
}: {
  readonly before?: string
  readonly lead?: string
  readonly state?: string
  readonly isFiltered: boolean
  readonly onOlder: (before: string) => void
}) => {
  const receipts = useQuery(recentReceiptsQuery({ before, lead, state }))
  return (
    <Answer query={receipts} what={copy.what}>
      {(all) =>
        all.length === 0 ? (
          <Nothing isFiltered={isFiltered} />
        ) : (
          <div className="space-y-3">
            <div className="card overflow-x-auto">
              <table className="rows">
                <caption className="sr-only">{copy.views.webhooks}</caption>
                <thead>
                  <tr>
                    <th scope="col">{copy.columns.kind}</th>
                    <th scope="col">{copy.columns.lead}</th>
                    <th scope="col">{copy.columns.state}</th>
                    <th scope="col">{copy.columns.when}</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map((receipt) => (
                    <ReceiptRow key={receipt.id} receipt={receipt} />
                  ))}
                </tbody>
              </table>
            </div>
            <Older ids={all.map(({ id }) => id)} onOlder={onOlder} />
          </div>
        )
      }
    </Answer>
  )
}

const ReceiptRow = ({
  receipt: { disposition, errors, externalCaseId, id, receivedAt }
}: {
  readonly receipt: ReceiptView
}) => (
  <tr>
    <th scope="row">
      <Link to="/events/received/$receiptId" params={{ receiptId: id }} className="link">
        {copy.receipt.title}
      </Link>
    </th>
    <td data-heading={copy.columns.lead}>{externalCaseId ?? "–"}</td>
    <td>
      <StateWord tone={disposition === "refused" ? "error" : disposition === "ignored" ? "warn" : "ok"}>
        {setupCopy.dispositions[disposition]}
      </StateWord>
      {errors.length === 0 ? null : (
        <span className="foreign block text-sm text-muted">{errors.map(({ field }) => field).join(", ")}</span>
      )}
    </td>
    <td data-heading={copy.columns.when}>
      <When at={receivedAt} />
    </td>
  </tr>
)
