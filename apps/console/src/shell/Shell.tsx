/** The frame around every page: where one is, whose data this is, whether it is fresh, and the way elsewhere. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link, Outlet, useNavigate } from "@tanstack/react-router"
import { LogOut, Menu, Moon, Pause, Play, Search, Sun } from "lucide-react"
import { lazy, Suspense, useState } from "react"
import { shellCopy } from "../copy/ShellCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call } from "../data/Client.ts"
import { connectionsQuery, healthQuery, isPaused, sessionQuery, setPaused } from "../data/Queries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { StateWord } from "../ui/Notice.tsx"
import { Navigation } from "./Navigation.tsx"
import { isDark, setTheme, useTheme } from "./Theme.ts"

const NavigationDialog = lazy(() =>
  import("./NavigationDialog.tsx").then((module) => ({ default: module.NavigationDialog }))
)

const square = "inline-flex size-10 shrink-0 items-center justify-center rounded-md hover:bg-raised"

export const Shell = () => {
  const [isOpen, setOpen] = useState(false)
  const { data: session } = useQuery(sessionQuery)
  const health = useQuery(healthQuery)
  const attention = (health.data ?? []).reduce(
    (sum, { queue }) => sum + (queue.byState.dead ?? 0) + (queue.byState.uncertain ?? 0),
    0
  )
  return (
    <>
      <a
        href="#content"
        className="sr-only rounded-md bg-primary px-4 py-2 font-semibold text-on-primary focus:not-sr-only focus:fixed focus:start-2 focus:top-2 focus:z-50 focus:px-4 focus:py-2"
      >
        {shellCopy.skip}
      </a>
      <header className="sticky top-0 z-30 border-b border-line bg-surface">
        <div className="flex min-h-14 items-center gap-1 px-1 sm:gap-2 sm:px-3 lg:px-5">
          <button
            type="button"
            className={`${square} lg:hidden`}
            aria-label={shellCopy.openNavigation}
            onClick={() => setOpen(true)}
          >
            <Menu aria-hidden="true" size={20} />
          </button>
          <Link to="/" className="flex min-h-9 items-center gap-2 rounded-md font-bold">
            <img src="/icon.svg" alt="" width={26} height={26} className="shrink-0" />
            <span className="max-sm:sr-only">{uiCopy.product}</span>
          </Link>
          <Environment />
          <div className="flex grow justify-center lg:px-4">
            <SearchBox />
          </div>
          <LiveState isFailing={health.isError} />
          <ThemeButton />
          <SignOut firm={session?.firm.name ?? ""} />
        </div>
      </header>
      <div className="flex min-h-[calc(100dvh-3.5rem)]">
        <div className="hidden w-60 shrink-0 border-e border-line bg-surface lg:block">
          <div className="sticky top-14 max-h-[calc(100dvh-3.5rem)] overflow-y-auto p-3">
            <p className="foreign px-3 pb-3 pt-1 text-sm text-muted">{session?.firm.name}</p>
            <Navigation attention={attention} />
          </div>
        </div>
        <main id="content" tabIndex={-1} className="min-w-0 grow px-4 py-6 outline-none sm:px-6 lg:px-8 lg:py-8">
          <Outlet />
        </main>
      </div>
      {isOpen ? (
        <Suspense>
          <NavigationDialog attention={attention} onClose={() => setOpen(false)} />
        </Suspense>
      ) : null}
    </>
  )
}

/** Whether what is shown is real: by word and border, not by colour alone. */
const Environment = () => {
  const { data = [] } = useQuery(connectionsQuery)
  if (data.length === 0) return null
  return data.every(({ sandbox }) => sandbox) ? (
    <span className="rounded border-2 border-dashed border-warn bg-warn-soft px-2 py-0.5 text-xs font-bold text-warn">
      {shellCopy.environment.sandbox}
    </span>
  ) : (
    <span className="rounded border border-ok bg-ok-soft px-2 py-0.5 text-xs font-bold text-ok">
      {shellCopy.environment.live}
    </span>
  )
}

/** The one question that is asked from every page. On a narrow screen the page of leads asks it. */
const SearchBox = () => {
  const navigate = useNavigate()
  const [text, setText] = useState("")
  return (
    <form
      role="search"
      aria-label={shellCopy.search}
      className="relative hidden w-full max-w-sm lg:block"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== "") void navigate({ to: "/leads", search: { q: text.trim() } })
      }}
    >
      <Search aria-hidden="true" size={16} className="absolute start-3 top-3 text-muted" />
      <input
        type="search"
        className="input ps-9!"
        aria-label={shellCopy.search}
        placeholder={shellCopy.search}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  )
}

const LiveState = ({ isFailing }: { readonly isFailing: boolean }) => {
  const [isStopped, setStopped] = useState(isPaused)
  const toggle = () => {
    setPaused(!isStopped)
    setStopped(!isStopped)
    if (isStopped) void queryClient.invalidateQueries()
  }
  const state = isStopped ? "paused" : isFailing ? "reconnecting" : "live"
  return (
    <div className="flex items-center gap-1">
      <span className="flex max-sm:sr-only">
        <StateWord tone={state === "live" ? "ok" : state === "paused" ? "off" : "warn"}>
          {shellCopy.live[state]}
        </StateWord>
      </span>
      <button
        type="button"
        className={square}
        aria-label={isStopped ? shellCopy.resume : shellCopy.pause}
        title={isStopped ? shellCopy.resume : shellCopy.pause}
        onClick={toggle}
      >
        {isStopped ? <Play aria-hidden="true" size={18} /> : <Pause aria-hidden="true" size={18} />}
      </button>
    </div>
  )
}

const ThemeButton = () => {
  const dark = isDark(useTheme())
  const name = dark ? shellCopy.themeToLight : shellCopy.themeToDark
  return (
    <button
      type="button"
      className={square}
      aria-label={name}
      title={name}
      onClick={() => setTheme(dark ? "light" : "dark")}
    >
      {dark ? <Sun aria-hidden="true" size={18} /> : <Moon aria-hidden="true" size={18} />}
    </button>
  )
}

const SignOut = ({ firm }: { readonly firm: string }) => {
  const signOut = useMutation({
    mutationFn: () => call((api) => api.session.signOut()),
    // Whatever the host said, this browser shows nothing more.
    onSettled: () => window.location.assign("/login")
  })
  return (
    <button
      type="button"
      className={square}
      aria-label={`${shellCopy.signOut}. ${shellCopy.signedInTo(firm)}`}
      title={shellCopy.signOut}
      onClick={() => signOut.mutate()}
    >
      <LogOut aria-hidden="true" size={18} />
    </button>
  )
}
