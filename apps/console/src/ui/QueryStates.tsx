/**
 * The states that everything asked of the host can be in, one component for each: loading, failed, stale and empty. A
 * part of a page that fails leaves the rest of the page alone.
 */
import type { UseQueryResult } from "@tanstack/react-query"
import { RotateCw } from "lucide-react"
import type { ReactNode } from "react"
import { uiCopy } from "../copy/UiCopy.ts"
import { Failure } from "../data/Client.ts"
import { Button } from "./Button.tsx"
import { Notice } from "./Notice.tsx"
import { absoluteTime } from "./When.tsx"

const Loading = ({ what }: { readonly what: string }) => (
  <div className="skeleton card space-y-3 p-5" role="group" aria-label={uiCopy.loading(what)}>
    <p className="text-sm text-muted">{uiCopy.loading(what)}</p>
    <div className="h-4 w-2/3 rounded bg-raised" />
    <div className="h-4 w-1/2 rounded bg-raised" />
    <div className="h-4 w-3/5 rounded bg-raised" />
  </div>
)

const Failed = ({
  error,
  retry,
  what
}: {
  readonly error: unknown
  readonly what: string
  readonly retry?: () => void
}) => (
  <Notice tone="error" title={uiCopy.failed(what)} isAlert>
    <FailureText error={error} />
    {retry === undefined ? null : (
      <div className="pt-2">
        <Button onClick={retry}>
          <RotateCw aria-hidden="true" size={16} />
          {uiCopy.tryAgain}
        </Button>
      </div>
    )}
  </Notice>
)

/** What happened in a sentence, and the code to quote. */
export const FailureText = ({ error }: { readonly error: unknown }) => {
  const failure = error instanceof Failure ? error : undefined
  const sentence =
    failure === undefined
      ? uiCopy.unexpected
      : failure.status === 403
        ? uiCopy.denied
        : failure.kind === "refused"
          ? failure.message
          : uiCopy[failure.kind]
  return (
    <>
      <p className="foreign">
        {sentence}
        {failure?.detail === undefined ? "" : ` ${failure.detail}`}
      </p>
      <p className="text-muted">
        {uiCopy.code}: <code>{failure?.code ?? "unexpected"}</code>
      </p>
    </>
  )
}

export const Empty = ({
  action,
  children,
  title
}: {
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}) => (
  <div className="card space-y-2 p-8 text-center">
    <p className="font-semibold">{title}</p>
    {children === undefined ? null : <div className="mx-auto max-w-prose text-sm text-muted">{children}</div>}
    {action === undefined ? null : <div className="pt-2">{action}</div>}
  </div>
)

/** Shows what a question answered. Answers that are there stay, with a word about their age, when asking again fails. */
export const Answer = <T,>({
  children,
  query,
  what
}: {
  readonly query: UseQueryResult<T>
  readonly what: string
  readonly children: (data: T) => ReactNode
}) => {
  const { data, dataUpdatedAt, error, isPending, refetch } = query
  if (isPending) return <Loading what={what} />
  if (data === undefined) return <Failed error={error} what={what} retry={() => void refetch()} />
  return (
    <>
      {error === null ? null : <Notice tone="warn">{uiCopy.stale(absoluteTime(dataUpdatedAt))}</Notice>}
      {children(data)}
    </>
  )
}
