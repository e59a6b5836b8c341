/** Finding a lead. What is searched for stands in the address. */
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useSearch } from "@tanstack/react-router"
import { Search } from "lucide-react"
import { useState } from "react"
import { leadsCopy as copy } from "../copy/LeadsCopy.ts"
import { leadsQuery } from "../data/LeadQueries.ts"
import { Button, ButtonLink } from "../ui/Button.tsx"
import { Field } from "../ui/Field.tsx"
import { Page } from "../ui/Page.tsx"
import { Answer, Empty } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

export const LeadsPage = () => {
  const { q = "" } = useSearch({ from: "/shell/leads" })
  return <Leads key={q} text={q} />
}

const Leads = ({ text }: { readonly text: string }) => {
  const navigate = useNavigate()
  const [typed, setTyped] = useState(text)
  const leads = useQuery(leadsQuery(text))
  return (
    <Page title={copy.title} intro={copy.intro}>
      <form
        role="search"
        className="card flex flex-wrap items-end gap-3 p-4"
        onSubmit={(event) => {
          event.preventDefault()
          void navigate({ to: "/leads", search: typed.trim() === "" ? {} : { q: typed.trim() } })
        }}
      >
        <div className="min-w-0 grow basis-64">
          <Field label={copy.search} help={copy.searchHelp} type="search" value={typed} onValue={setTyped} />
        </div>
        <Button type="submit" look="primary" className="min-h-10">
          <Search aria-hidden="true" size={16} />
          {copy.submit}
        </Button>
        {text === "" ? null : (
          <ButtonLink to="/leads" look="quiet">
            {copy.clear}
          </ButtonLink>
        )}
      </form>
      <Answer query={leads} what={copy.what}>
        {(all) =>
          all.length === 0 ? (
            text === "" ? (
              <Empty title={copy.emptyTitle}>{copy.emptyHelp}</Empty>
            ) : (
              <Empty title={copy.nothing(text)}>{copy.nothingHelp}</Empty>
            )
          ) : (
            <div className="card">
              <table className="rows">
                <caption className="sr-only">{copy.title}</caption>
                <thead>
                  <tr>
                    {Object.values(copy.columns).map((name) => (
                      <th key={name} scope="col">
                        {name}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {all.map(({ caseType, client, externalId, id, name, status, updatedAt }) => (
                    <tr key={id}>
                      <th scope="row" className="foreign">
                        <Link to="/leads/$leadId" params={{ leadId: id }} className="link">
                          {client?.fullName || name || copy.nameless}
                        </Link>
                      </th>
                      <td data-heading={copy.columns.id}>{externalId ?? "–"}</td>
                      <td className="foreign" data-heading={copy.columns.caseType}>
                        {caseType.name}
                      </td>
                      <td className="foreign" data-heading={copy.columns.status}>
                        {status.value ?? copy.unknown}
                      </td>
                      <td data-heading={copy.columns.updated}>
                        <When at={updatedAt} />
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
