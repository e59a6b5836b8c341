/**
 * Every address of the console. Screens load when they are first visited; what a filter says stands in the address, so
 * that a page can be sent to somebody else.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect
} from "@tanstack/react-router"
import { Failure } from "./data/Client.ts"
import { queryClient } from "./data/QueryCache.ts"
import { sessionQuery } from "./data/Queries.ts"
import { Broken, NotFound } from "./shell/Fallbacks.tsx"
import { Shell } from "./shell/Shell.tsx"

const root = createRootRoute({ component: Outlet })

const text = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value) : undefined
const texts = <K extends string>(...names: ReadonlyArray<K>) => {
  return (search: Record<string, unknown>): { [name in K]?: string } =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = text(search[name])
        return value === undefined || value === "" ? [] : [[name, value]]
      })
    ) as { [name in K]?: string }
}

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: texts("to"),
  component: lazyRouteComponent(() => import("./login/LoginPage.tsx"), "LoginPage")
})

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery)
    } catch (error) {
      // Any other failure is shown by the page that asks.
      if (error instanceof Failure && error.status === 401)
        throw redirect({ to: "/login", search: location.href === "/" ? {} : { to: location.href } })
    }
  }
})

const overview = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("./overview/OverviewPage.tsx"), "OverviewPage")
})

const connections = createRoute({
  getParentRoute: () => shell,
  path: "/connections",
  component: lazyRouteComponent(() => import("./connections/ConnectionsPage.tsx"), "ConnectionsPage")
})
const newConnection = createRoute({
  getParentRoute: () => shell,
  path: "/connections/new",
  component: lazyRouteComponent(() => import("./connections/NewConnectionPage.tsx"), "NewConnectionPage")
})
const setup = createRoute({
  getParentRoute: () => shell,
  path: "/connections/$id/setup",
  component: lazyRouteComponent(() => import("./setup/SetupPage.tsx"), "SetupPage")
})
const configuration = createRoute({
  getParentRoute: () => shell,
  path: "/connections/$id/configuration",
  component: lazyRouteComponent(() => import("./configuration/ConfigurationPage.tsx"), "ConfigurationPage")
})
const resume = createRoute({
  getParentRoute: () => shell,
  path: "/connections/$id/resume",
  component: lazyRouteComponent(() => import("./resume/ResumePage.tsx"), "ResumePage")
})

const leads = createRoute({
  getParentRoute: () => shell,
  path: "/leads",
  validateSearch: texts("q"),
  component: lazyRouteComponent(() => import("./leads/LeadsPage.tsx"), "LeadsPage")
})
const lead = createRoute({
  getParentRoute: () => shell,
  path: "/leads/$leadId",
  component: lazyRouteComponent(() => import("./leads/LeadPage.tsx"), "LeadPage")
})
const activity = createRoute({
  getParentRoute: () => shell,
  path: "/events",
  validateSearch: texts("view", "state", "kind", "lead", "before"),
  component: lazyRouteComponent(() => import("./activity/ActivityPage.tsx"), "ActivityPage")
})
const job = createRoute({
  getParentRoute: () => shell,
  path: "/events/$eventId",
  component: lazyRouteComponent(() => import("./activity/JobPage.tsx"), "JobPage")
})
const receipt = createRoute({
  getParentRoute: () => shell,
  path: "/events/received/$receiptId",
  component: lazyRouteComponent(() => import("./activity/ReceiptPage.tsx"), "ReceiptPage")
})
const attention = createRoute({
  getParentRoute: () => shell,
  path: "/dead-letters",
  component: lazyRouteComponent(() => import("./attention/AttentionPage.tsx"), "AttentionPage")
})

const caseTypes = createRoute({
  getParentRoute: () => shell,
  path: "/connections/$id/mappings",
  component: lazyRouteComponent(() => import("./fields/CaseTypesPage.tsx"), "CaseTypesPage")
})
const mapping = createRoute({
  getParentRoute: () => shell,
  path: "/connections/$id/mappings/$caseType",
  component: lazyRouteComponent(() => import("./fields/MappingPage.tsx"), "MappingPage")
})

const lists = createRoute({
  getParentRoute: () => shell,
  path: "/lists",
  component: lazyRouteComponent(() => import("./lists/ListsPage.tsx"), "ListsPage")
})
const list = createRoute({
  getParentRoute: () => shell,
  path: "/lists/$listId",
  component: lazyRouteComponent(() => import("./lists/ListPage.tsx"), "ListPage")
})
const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => import("./settings/SettingsPage.tsx"), "SettingsPage")
})
const help = createRoute({
  getParentRoute: () => shell,
  path: "/help",
  component: lazyRouteComponent(() => import("./help/HelpPage.tsx"), "HelpPage")
})

/** Inside the frame, so that whoever is lost finds the way. */
const elsewhere = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound })

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    shell.addChildren([
      overview,
      connections,
      newConnection,
      setup,
      configuration,
      resume,
      leads,
      lead,
      activity,
      job,
      receipt,
      attention,
      caseTypes,
      mapping,
      lists,
      list,
      settings,
      help,
      elsewhere
    ])
  ]),
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: Broken,
  defaultPreload: "intent",
  scrollRestoration: true
})

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}
