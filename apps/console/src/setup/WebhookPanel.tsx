/**
 * The webhook's address, how to paste it, and what arrives. The panel listens: whoever presses the CRM's test button
 * sees it here, and a refused delivery says which field is missing.
 */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { ReceiptView } from "@casewire/api/Receipts"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { setupCopy as copy } from "../copy/SetupCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { receiptsQuery } from "../data/Queries.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { CopyButton } from "../ui/CopyButton.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { Choice } from "../ui/Field.tsx"
import { Notice, StateWord, type Tone } from "../ui/Notice.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"
import { When } from "../ui/When.tsx"

export const WebhookPanel = ({ connection, manifest }: ConnectionParts) => (
  <div className="card divide-y divide-line">
    <Address connection={connection} manifest={manifest} />
    <div className="space-y-3 p-5">
      <h3 className="font-semibold">{copy.steps(manifest.name)}</h3>
      <ol className="list-decimal space-y-1.5 ps-5 text-sm">
        {manifest.webhook.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </div>
    <Deliveries connection={connection} manifest={manifest} />
  </div>
)

const Address = ({ connection }: ConnectionParts) => {
  const [isAsking, setAsking] = useState(false)
  const [days, setDays] = useState("0")
  const issue = useMutation({
    mutationFn: (overlapDays: number) =>
      call((api) => api.connections.issueWebhookToken({ params: { id: connection.id }, payload: { overlapDays } })),
    onSuccess: () => setAsking(false)
  })
  const isKnown = connection.health.lastWebhook !== null
  const make = () => (isKnown ? setAsking(true) : issue.mutate(0))
  return (
    <div className="space-y-3 p-5">
      <label htmlFor="webhook-address" className="block text-sm font-semibold">
        {copy.address}
      </label>
      <div className="flex flex-wrap gap-2">
        <input
          id="webhook-address"
          readOnly
          className="input grow basis-64 font-mono text-sm"
          value={issue.data?.url ?? `${connection.webhookUrl}?token=••••••`}
          onFocus={(event) => event.target.select()}
        />
        {issue.data === undefined ? null : <CopyButton text={issue.data.url} what={copy.address} />}
      </div>
      {issue.data === undefined ? (
        <>
          <p className="text-sm text-muted">{copy.addressMasked}</p>
          <Button look={isKnown ? "secondary" : "primary"} isWaiting={issue.isPending} onClick={make}>
            {isKnown ? copy.newAddress : copy.makeAddress}
          </Button>
        </>
      ) : (
        <Notice tone="warn">{copy.onceOnly}</Notice>
      )}
      {issue.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={issue.error} />
        </Notice>
      )}
      <Dialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={copy.newAddressTitle}
        actions={
          <>
            <Button onClick={() => setAsking(false)}>{uiCopy.cancel}</Button>
            <Button look="primary" isWaiting={issue.isPending} onClick={() => issue.mutate(Number(days))}>
              {copy.newAddress}
            </Button>
          </>
        }
      >
        <p>{copy.newAddressHelp}</p>
        <Choice
          label={copy.overlap}
          value={days}
          onValue={setDays}
          options={[0, 1, 3, 7, 14, 30].map((each) => [String(each), copy.overlapDays(each)])}
        />
      </Dialog>
    </div>
  )
}

const tones: Readonly<Record<ReceiptView["disposition"], Tone | "off">> = {
  accepted: "ok",
  ignored: "warn",
  test: "ok",
  refused: "error"
}

const Deliveries = ({ connection, manifest }: ConnectionParts) => {
  const receipts = useQuery(receiptsQuery(connection.id))
  return (
    <div className="space-y-3 p-5">
      <h3 className="font-semibold">{copy.received}</h3>
      <Answer query={receipts} what={copy.receivedWhat}>
        {(all) => (
          <>
            {all.length === 0 ? <StateWord tone="info">{copy.listening}</StateWord> : null}
            <ul className="space-y-3">
              {all.slice(0, 5).map((receipt, index) => (
                <li key={receipt.id}>
                  <Delivery receipt={receipt} manifest={manifest} isNewest={index === 0} />
                </li>
              ))}
            </ul>
            <details className="text-sm">
              <summary className="min-h-9 py-1.5 font-medium text-primary">{copy.nothing}</summary>
              <div className="space-y-2 pt-2">
                <p>{copy.nothingSeen(all.length, all.filter(({ disposition }) => disposition === "refused").length)}</p>
                <ul className="list-disc space-y-1 ps-5">
                  {(manifest.webhook.hints ?? []).map((hint) => (
                    <li key={hint}>{hint}</li>
                  ))}
                </ul>
              </div>
            </details>
          </>
        )}
      </Answer>
    </div>
  )
}

const Delivery = ({
  isNewest,
  manifest,
  receipt
}: {
  readonly receipt: ReceiptView
  readonly manifest: PluginManifest
  readonly isNewest: boolean
}) => {
  const replay = useMutation({
    mutationFn: () => call((api) => api.receipts.replay({ params: { id: receipt.id } })),
    onSuccess: ({ disposition }) => {
      announce(`${copy.replayed}: ${copy.dispositions[disposition]}`)
      void queryClient.invalidateQueries()
    }
  })
  const { disposition, errors, externalCaseId, receivedAt, replayedAt, warnings } = receipt
  const help = copy.dispositionHelp[disposition]
  return (
    <div className="space-y-2 rounded-md border border-line p-3 text-sm">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <StateWord tone={tones[disposition]}>{copy.dispositions[disposition]}</StateWord>
        <span>{externalCaseId === null ? copy.noLead : copy.lead(externalCaseId)}</span>
        <span className="text-muted">
          <When at={receivedAt} />
        </span>
        {disposition === "refused" && replayedAt === null ? (
          <Button className="ms-auto" isWaiting={replay.isPending} onClick={() => replay.mutate()}>
            {copy.replay}
          </Button>
        ) : null}
      </div>
      {help === "" ? null : <p className="text-muted">{help}</p>}
      {isNewest && disposition !== "test" ? (
        <ul className="grid gap-x-4 gap-y-1 sm:grid-cols-2" aria-label={copy.required}>
          {manifest.webhook.required.map(({ name }) => {
            const isMissing = errors.some(({ field }) => field === name)
            const isBlank = warnings.some(({ field }) => field === name)
            return (
              <li key={name} className="flex flex-wrap gap-x-2">
                <StateWord tone={isMissing ? "error" : isBlank ? "warn" : "ok"}>
                  {name}: {copy.requiredStates[isMissing ? "missing" : isBlank ? "blank" : "present"]}
                </StateWord>
              </li>
            )
          })}
        </ul>
      ) : null}
    </div>
  )
}
