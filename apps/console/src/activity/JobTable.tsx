/** Units of work as rows: on the overview, in the activity list, beside a lead. */
import { Link } from "@tanstack/react-router"
import type { JobView } from "@casewire/api/Jobs"
import { activityCopy as copy } from "../copy/ActivityCopy.ts"
import { workCopy } from "../copy/WorkCopy.ts"
import { Button } from "../ui/Button.tsx"
import { When } from "../ui/When.tsx"
import { JobState, WayWord } from "./Work.tsx"

export const JobTable = ({
  jobs,
  onOlder
}: {
  readonly jobs: ReadonlyArray<JobView>
  readonly onOlder?: (before: string) => void
}) => (
  <div className="space-y-3">
    <div className="card overflow-x-auto">
      <table className="rows">
        <caption className="sr-only">{copy.title}</caption>
        <thead>
          <tr>
            <th scope="col">{copy.columns.kind}</th>
            <th scope="col">{copy.columns.way}</th>
            <th scope="col">{copy.columns.lead}</th>
            <th scope="col">{copy.columns.state}</th>
            <th scope="col">{copy.columns.when}</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map(({ about, id, reason, state, updatedAt, work }) => (
            <tr key={id}>
              <th scope="row">
                <Link to="/events/$eventId" params={{ eventId: id }} className="link">
                  {workCopy.kinds[work] ?? work}
                </Link>
              </th>
              <td>
                <WayWord work={work} />
              </td>
              <td data-heading={copy.columns.lead}>{about["externalCaseId"] ?? "–"}</td>
              <td>
                <JobState state={state} />
                {reason === null || state === "done" ? null : (
                  <span className="foreign block max-w-sm text-sm text-muted">{reason}</span>
                )}
              </td>
              <td data-heading={copy.columns.when}>
                <When at={updatedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
    {onOlder === undefined ? null : <Older ids={jobs.map(({ id }) => id)} onOlder={onOlder} />}
  </div>
)

export const Older = ({
  ids,
  onOlder
}: {
  readonly ids: ReadonlyArray<string>
  readonly onOlder: (before: string) => void
}) => {
  const last = ids.at(-1)
  return ids.length < 50 || last === undefined ? null : <Button onClick={() => onOlder(last)}>{copy.older}</Button>
}
