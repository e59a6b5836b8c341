/** A connection's set-up: what is done and what comes next, the sign-in, and the webhook that listens while it is pasted. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import type { ReactNode } from "react"
import { connectionsCopy } from "../copy/ConnectionsCopy.ts"
import { setupCopy as copy } from "../copy/SetupCopy.ts"
import { type ConnectionParts, ConnectionFrame } from "../connections/ConnectionFrame.tsx"
import { checklistQuery } from "../data/Queries.ts"
import { StateWord, type Tone } from "../ui/Notice.tsx"
import { Section } from "../ui/Page.tsx"
import { Answer } from "../ui/QueryStates.tsx"
import { AliasTable } from "./AliasTable.tsx"
import { SignInDetails } from "./SignInDetails.tsx"
import { WebhookPanel } from "./WebhookPanel.tsx"

export const SetupPage = () => (
  <ConnectionFrame title={copy.title} intro={copy.intro}>
    {(parts) => (
      <div className="space-y-8">
        <Section id="checklist" title={copy.checklist}>
          <Checklist {...parts} />
        </Section>
        <Section id="sign-in" title={copy.signIn} intro={copy.signInIntro(parts.manifest.name)}>
          <SignInDetails {...parts} />
        </Section>
        <Section id="webhook" title={copy.webhook} intro={copy.webhookIntro(parts.manifest.name)}>
          <WebhookPanel {...parts} />
        </Section>
        <Section id="aliases" title={copy.aliases} intro={copy.aliasesIntro}>
          <AliasTable {...parts} />
        </Section>
      </div>
    )}
  </ConnectionFrame>
)

const tones: Readonly<Record<keyof typeof copy.states, Tone | "off">> = {
  done: "ok",
  open: "info",
  optional: "off",
  attention: "warn"
}

const Checklist = ({ connection, manifest }: ConnectionParts) => {
  const checklist = useQuery(checklistQuery(connection.id))
  const isConnected = connection.state === "connected"
  return (
    <Answer query={checklist} what={copy.checklistWhat}>
      {(items) => (
        <ol className="card divide-y divide-line">
          <Step
            number={1}
            title={connectionsCopy.checksPassed(manifest.name).replace(/\.$/, "")}
            state={isConnected ? "done" : "open"}
            facts={[connectionsCopy.stateWords[connection.state]]}
          />
          {items.map(({ facts, id, state, title }, index) => (
            <Step key={id} number={index + 2} title={title} state={state} facts={facts}>
              {id === "switches" ? (
                <Link to="/connections/$id/configuration" params={{ id: connection.id }} className="link text-sm">
                  {copy.openConfiguration}
                </Link>
              ) : id === "case-types" ? (
                <Link to="/connections/$id/mappings" params={{ id: connection.id }} className="link text-sm">
                  {copy.openFields}
                </Link>
              ) : null}
            </Step>
          ))}
        </ol>
      )}
    </Answer>
  )
}

const Step = ({
  children,
  facts,
  number,
  state,
  title
}: {
  readonly number: number
  readonly title: string
  readonly state: keyof typeof copy.states
  readonly facts: ReadonlyArray<string>
  readonly children?: ReactNode
}) => (
  <li className="grid gap-x-4 gap-y-1 p-4 sm:grid-cols-[1fr_auto]">
    <div className="min-w-0">
      <p className="font-medium">
        {number}. {title}
      </p>
      <p className="text-sm text-muted">{facts.join(" ")}</p>
      {children}
    </div>
    <StateWord tone={tones[state]}>{copy.states[state]}</StateWord>
  </li>
)
