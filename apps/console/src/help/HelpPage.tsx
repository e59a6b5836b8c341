/** What is wrong and what to do: the host's own findings and those of each connection, and a text to send to support. */
import { useQuery } from "@tanstack/react-query"
import type { FindingView } from "@casewire/api/Doctor"
import type { ConnectionView } from "@casewire/api/Connections"
import { helpCopy as copy } from "../copy/HelpCopy.ts"
import { connectionReportQuery, hostReportQuery } from "../data/HelpQueries.ts"
import { connectionsQuery } from "../data/Queries.ts"
import { CopyButton } from "../ui/CopyButton.tsx"
import { StateWord } from "../ui/Notice.tsx"
import { Page, Section } from "../ui/Page.tsx"
import { Answer } from "../ui/QueryStates.tsx"

export const HelpPage = () => {
  const host = useQuery(hostReportQuery)
  const { data: connections = [] } = useQuery(connectionsQuery)
  return (
    <Page title={copy.title} intro={copy.intro}>
      <Section id="host" title={copy.host}>
        <Answer query={host} what={copy.hostWhat}>
          {(report) => (
            <div className="space-y-3">
              <Findings findings={report.findings} />
              <div className="card flex flex-wrap items-center gap-x-5 gap-y-2 p-5 text-sm">
                <span className="min-w-0 grow">
                  {report.supportContact === null ? null : (
                    <span className="foreign block font-semibold">
                      {copy.support}: {report.supportContact}
                    </span>
                  )}
                  <span className="text-muted">{copy.bundleHelp}</span>
                </span>
                <CopyButton what={copy.bundle} text={JSON.stringify(report, undefined, 2)} />
              </div>
            </div>
          )}
        </Answer>
      </Section>
      {connections.map((connection) => (
        <ConnectionFindings key={connection.id} connection={connection} />
      ))}
      <Section id="api" title={copy.api} intro={copy.apiHelp}>
        <a href="/docs" className="link">
          {copy.apiLink}
        </a>
      </Section>
    </Page>
  )
}

const ConnectionFindings = ({ connection: { id, name } }: { readonly connection: ConnectionView }) => {
  const report = useQuery(connectionReportQuery(id))
  return (
    <Section id={`connection-${id}`} title={copy.connection(name)}>
      <Answer query={report} what={copy.connectionWhat}>
        {({ findings }) => <Findings findings={findings} />}
      </Answer>
    </Section>
  )
}

const tones = { error: "error", warning: "warn", info: "info" } as const

const Findings = ({ findings }: { readonly findings: ReadonlyArray<FindingView> }) =>
  findings.length === 0 ? (
    <div className="card p-5">
      <StateWord tone="ok">{copy.well}</StateWord>
    </div>
  ) : (
    <ul className="card divide-y divide-line">
      {findings.map(({ code, explanation, fix, severity }) => (
        <li key={`${code} ${explanation}`} className="space-y-1.5 p-5">
          <StateWord tone={tones[severity]}>{copy.severities[severity]}</StateWord>
          <p className="foreign font-medium">{explanation}</p>
          <p className="foreign text-sm">
            <span className="font-semibold">{copy.fix}: </span>
            {fix}
          </p>
          <p className="text-sm text-muted">
            {copy.code}: <code>{code}</code>
          </p>
        </li>
      ))}
    </ul>
  )
