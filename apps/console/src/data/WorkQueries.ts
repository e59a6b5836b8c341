/** Questions about the host's work and about webhooks that came. Filters come from addresses, so they are judged first. */
import { queryOptions } from "@tanstack/react-query"
import { Schema } from "effect"
import { JobView, WorkWord } from "@casewire/api/Jobs"
import { DispositionWord } from "@casewire/api/Receipts"
import { JobId, JobState } from "@casewire/core/domain/Job"
import { ReceiptId } from "@casewire/core/domain/Receipt"
import { call } from "./Client.ts"
import { live } from "./Queries.ts"

export interface JobFilter {
  readonly state?: string
  readonly kind?: string
  readonly lead?: string
  readonly before?: string
}

const isState = Schema.is(JobState)
const isKind = Schema.is(WorkWord)
const isDisposition = Schema.is(DispositionWord)

/** The newest 50 that fit. */
export const jobsQuery = ({ before, kind, lead, state }: JobFilter, limit = 50) =>
  queryOptions({
    queryKey: ["jobs", { before, kind, lead, state, limit }],
    queryFn: () =>
      call((api) =>
        api.jobs.list({
          query: {
            order: "newest",
            limit,
            ...(isState(state) ? { states: [state] } : {}),
            ...(isKind(kind) ? { work: [kind] } : {}),
            ...(lead === undefined ? {} : { key: lead }),
            ...(before === undefined ? {} : { before: JobId.make(before) })
          }
        })
      ).then(({ jobs }) => jobs),
    ...live
  })

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ["jobs", "one", id],
    queryFn: () => call((api) => api.jobs.get({ params: { id: JobId.make(id) } })),
    ...live
  })

/** What waits for a person: the most recent thousand. */
export const attentionQuery = queryOptions({
  queryKey: ["jobs", "attention"],
  queryFn: (): Promise<ReadonlyArray<JobView>> =>
    call((api) => api.jobs.list({ query: { order: "newest", states: ["dead", "uncertain"], limit: 1000 } })).then(
      ({ jobs }) => jobs
    ),
  ...live
})

export const conflictsQuery = queryOptions({
  queryKey: ["conflicts"],
  queryFn: () => call((api) => api.cases.conflicts({ query: { limit: 200 } })).then(({ events }) => events),
  ...live
})

export const recentReceiptsQuery = ({
  before,
  lead,
  state
}: {
  readonly before?: string | undefined
  readonly lead?: string | undefined
  readonly state?: string | undefined
}) =>
  queryOptions({
    queryKey: ["receipts", { before, lead, state }],
    queryFn: () =>
      call((api) =>
        api.receipts.list({
          query: {
            limit: 50,
            ...(isDisposition(state) ? { disposition: state } : {}),
            ...(lead === undefined ? {} : { externalCaseId: lead }),
            ...(before === undefined ? {} : { before: ReceiptId.make(before) })
          }
        })
      ).then(({ receipts }) => receipts),
    ...live
  })

export const receiptQuery = (id: string) =>
  queryOptions({
    queryKey: ["receipts", "one", id],
    queryFn: () => call((api) => api.receipts.get({ params: { id: ReceiptId.make(id) } }))
  })
