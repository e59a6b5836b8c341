/**
 * Which paths and methods exist, read from the API's definition: what does not exist is 404, another method is 405 with
 * `Allow`, both before anything else is asked. A new endpoint is here as soon as it is defined.
 */
import { HttpApi } from "effect/http-api"
import { Api } from "@casewire/api/Api"

export interface Route {
  readonly method: string
  readonly path: string
}

/** Every endpoint of the API, in order of definition. */
export const apiRoutes: ReadonlyArray<Route> = (() => {
  const routes: Array<Route> = []
  HttpApi.reflect(Api, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => void routes.push({ method: endpoint.method, path: endpoint.path })
  })
  return routes
})()

const pages: ReadonlyArray<Route> = ["/livez", "/readyz", "/openapi.json", "/docs", "/problems/:name"].map((path) => ({
  method: "GET",
  path
}))

interface Node {
  readonly children: Map<string, Node>
  parameter: Node | undefined
  readonly methods: Set<string>
}

const node = (): Node => ({ children: new Map(), parameter: undefined, methods: new Set() })

const root = node()
for (const { method, path } of [...apiRoutes, ...pages]) {
  let at = root
  for (const segment of path.split("/").slice(1)) {
    if (segment.startsWith(":")) at = at.parameter ??= node()
    else {
      const next = at.children.get(segment) ?? node()
      at.children.set(segment, next)
      at = next
    }
  }
  at.methods.add(method)
  if (method === "GET") at.methods.add("HEAD")
}

export type Match =
  | { readonly _tag: "Found" }
  | { readonly _tag: "NotFound" }
  | { readonly _tag: "OtherMethods"; readonly allow: string }

export const matchRoute = (method: string, path: string): Match => {
  let nodes: ReadonlyArray<Node> = [root]
  for (const segment of path.split("/").slice(1)) {
    if (segment === "" || segment.length > 500) return { _tag: "NotFound" }
    nodes = nodes.flatMap(({ children, parameter }) => [children.get(segment) ?? [], parameter ?? []].flat())
  }
  const methods = [...new Set(nodes.flatMap((found) => [...found.methods]))]
  return methods.length === 0
    ? { _tag: "NotFound" }
    : methods.includes(method)
      ? { _tag: "Found" }
      : { _tag: "OtherMethods", allow: methods.sort().join(", ") }
}
