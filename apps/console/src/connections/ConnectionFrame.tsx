/** What every page of one connection shares: its name, the way to its other pages, and the plugin's manifest. */
import { useQuery } from "@tanstack/react-query"
import { Link, useParams } from "@tanstack/react-router"
import type { ReactNode } from "react"
import type { ConnectionView } from "@casewire/api/Connections"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { ConnectionId } from "@casewire/core/domain/Connection"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import { connectionQuery, pluginsQuery } from "../data/Queries.ts"
import { Page } from "../ui/Page.tsx"
import { Answer } from "../ui/QueryStates.tsx"

export interface ConnectionParts {
  readonly connection: ConnectionView
  readonly manifest: PluginManifest
}

export const ConnectionFrame = ({
  children,
  intro,
  title
}: {
  readonly title: string
  readonly intro?: ReactNode
  readonly children: (parts: ConnectionParts) => ReactNode
}) => {
  const { id = "" } = useParams({ strict: false })
  const connection = useQuery(connectionQuery(ConnectionId.make(id)))
  const plugins = useQuery(pluginsQuery)
  const name = connection.data?.name
  return (
    <Page
      title={title}
      intro={intro}
      trail={
        <>
          <Link to="/connections" className="link">
            {copy.title}
          </Link>
          {name === undefined ? null : <span className="foreign"> / {name}</span>}
        </>
      }
    >
      <nav aria-label={copy.tabs.label}>
        <ul className="flex flex-wrap gap-x-1 border-b border-line">
          {(
            [
              ["/connections/$id/setup", copy.tabs.setup],
              ["/connections/$id/mappings", copy.tabs.fields],
              ["/connections/$id/configuration", copy.tabs.configuration]
            ] as const
          ).map(([to, label]) => (
            <li key={to}>
              <Link
                to={to}
                params={{ id }}
                className="-mb-px inline-flex min-h-10 items-center border-b-2 border-transparent px-3 text-sm font-medium text-muted hover:text-text"
                activeProps={{ className: "border-primary! text-primary! font-semibold!" }}
              >
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <Answer query={connection} what={copy.what}>
        {(found) => (
          <Answer query={plugins} what={copy.what}>
            {(all) => {
              const manifest = all.find((each) => each.id === found.plugin)
              return manifest === undefined ? null : children({ connection: found, manifest })
            }}
          </Answer>
        )}
      </Answer>
    </Page>
  )
}
