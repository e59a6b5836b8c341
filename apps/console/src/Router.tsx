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

/** Inside the frame, so that whoever is lost finds the way. */
const elsewhere = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound })

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    shell.addChildren([overview, connections, newConnection, setup, configuration, resume, elsewhere])
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
