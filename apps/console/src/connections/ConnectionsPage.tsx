/** Every connection of the firm. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { Plus } from "lucide-react"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import { connectionsQuery, pluginsQuery } from "../data/Queries.ts"
import { ButtonLink } from "../ui/Button.tsx"
import { StateWord } from "../ui/Notice.tsx"
import { Page } from "../ui/Page.tsx"
import { Answer, Empty } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

export const ConnectionsPage = () => {
  const connections = useQuery(connectionsQuery)
  const { data: plugins = [] } = useQuery(pluginsQuery)
  const add = (
    <ButtonLink to="/connections/new" look="primary">
      <Plus aria-hidden="true" size={16} />
      {copy.add}
    </ButtonLink>
  )
  return (
    <Page title={copy.title} intro={copy.intro} actions={connections.data?.length === 0 ? undefined : add}>
      <Answer query={connections} what={copy.what}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={copy.emptyTitle} action={add}>
              {copy.emptyHelp}
            </Empty>
          ) : (
            <div className="card">
              <table className="rows">
                <caption className="sr-only">{copy.title}</caption>
                <thead>
                  <tr>
                    <th scope="col">{copy.columns.name}</th>
                    <th scope="col">{copy.columns.crm}</th>
                    <th scope="col">{copy.columns.state}</th>
                    <th scope="col">{copy.columns.sync}</th>
                  </tr>
                </thead>
                <tbody>
                  {all.map(({ health, id, name, plugin, sandbox, state }) => (
                    <tr key={id}>
                      <th scope="row" className="foreign">
                        <Link to="/connections/$id/setup" params={{ id }} className="link">
                          {name}
                        </Link>
                      </th>
                      <td data-heading={copy.columns.crm}>
                        {plugins.find((each) => each.id === plugin)?.name ?? plugin}
                        {sandbox ? ` (${copy.sandbox})` : ""}
                      </td>
                      <td>
                        <StateWord tone={state === "connected" ? "ok" : state === "reconnect-needed" ? "error" : "off"}>
                          {copy.stateWords[state]}
                        </StateWord>
                      </td>
                      <td data-heading={copy.columns.sync}>
                        <When at={health.lastSync} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answer>
    </Page>
  )
}
