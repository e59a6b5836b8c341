/** A page: its one heading, which gets the focus when the page changes, what it is for, and what can be done. */
import { type ReactNode, useEffect, useRef } from "react"
import { uiCopy } from "../copy/UiCopy.ts"

let hasShownOne = false

export const Page = ({
  actions,
  children,
  intro,
  title,
  trail
}: {
  readonly title: string
  readonly intro?: ReactNode
  readonly trail?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · ${uiCopy.product}`
  }, [title])
  useEffect(() => {
    // The first page of a visit begins where the browser begins.
    if (hasShownOne) heading.current?.focus()
    hasShownOne = true
  }, [])
  return (
    <div className="mx-auto max-w-5xl space-y-6">
      <header className="space-y-2">
        {trail === undefined ? null : <div className="text-sm text-muted">{trail}</div>}
        <div className="flex flex-wrap items-start justify-between gap-3">
          <h1 ref={heading} tabIndex={-1} className="foreign min-w-0 text-2xl font-bold">
            {title}
          </h1>
          {actions === undefined ? null : <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
        {intro === undefined ? null : <div className="max-w-2xl text-muted">{intro}</div>}
      </header>
      {children}
    </div>
  )
}

export const Section = ({
  actions,
  children,
  id,
  intro,
  title
}: {
  readonly title: string
  readonly id: string
  readonly intro?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}) => (
  <section aria-labelledby={id} className="space-y-3">
    <div className="flex flex-wrap items-end justify-between gap-3">
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      {actions}
    </div>
    {intro === undefined ? null : <p className="max-w-2xl text-sm text-muted">{intro}</p>}
    {children}
  </section>
)
