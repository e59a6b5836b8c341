/**
 * The switches in the safe order. One that cannot work yet can still be reached and says what is missing; turning one
 * back is one press away for ten seconds. When status sync comes on again and something waited, it is asked about.
 */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useState } from "react"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { ConnectionFrame, type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { configurationCopy as copy } from "../copy/ConfigurationCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call } from "../data/Client.ts"
import { queryClient } from "../data/QueryCache.ts"
import { connectionQuery, resumeQuestionQuery } from "../data/Queries.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button, ButtonLink } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { Notice } from "../ui/Notice.tsx"
import { FailureText } from "../ui/QueryStates.tsx"
import { Switch } from "../ui/Switch.tsx"
import { ResumeDialog } from "./ResumeDialog.tsx"
import { missingFor, switchGroups, type SwitchName } from "./Switches.ts"

export const ConfigurationPage = () => (
  <ConnectionFrame title={copy.title} intro={copy.intro}>
    {(parts) => <SwitchList {...parts} />}
  </ConnectionFrame>
)

const undoMs = 10_000

const SwitchList = ({ connection, manifest }: ConnectionParts) => {
  const { id, toggles } = connection
  const [blocked, setBlocked] = useState<SwitchName>()
  const [isTurningOff, setTurningOff] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const [changed, setChanged] = useState<{ readonly name: SwitchName; readonly before: Toggles }>()
  const question = useQuery(resumeQuestionQuery(id))
  const nameOf = (name: SwitchName) => copy.switches[name].name(manifest.name)
  const isWaiting = question.data?.asked === true

  const change = useMutation({
    mutationFn: (next: Toggles) => call((api) => api.connections.setToggles({ params: { id }, payload: next })),
    onMutate: async (next) => {
      await queryClient.cancelQueries({ queryKey: ["connections"] })
      queryClient.setQueryData(connectionQuery(id).queryKey, { ...connection, toggles: next })
    },
    onSettled: () => queryClient.invalidateQueries()
  })

  const turn = (name: SwitchName, isOn: boolean) => {
    const next = { ...toggles, [name]: isOn }
    const before = toggles
    setTurningOff(false)
    change.mutate(next, {
      onSuccess: async () => {
        announce(copy.changed(nameOf(name), isOn))
        setChanged({ name, before })
        setTimeout(() => setChanged((shown) => (shown?.before === before ? undefined : shown)), undoMs)
        if (!isOn) return
        const asked = await queryClient.fetchQuery({ ...resumeQuestionQuery(id), staleTime: 0 })
        if (asked.asked) setAsking(true)
      }
    })
  }
  const ask = (name: SwitchName, isOn: boolean) => {
    if (!isOn && name === "enabled") return setTurningOff(true)
    if (isOn && missingFor(name, connection, manifest).length > 0) return setBlocked(name)
    turn(name, isOn)
  }

  return (
    <div className="max-w-2xl space-y-6">
      {isWaiting ? (
        <Notice tone="warn">
          <p>{copy.resumeNotice(question.data?.waiting ?? 0)}</p>
          <div className="pt-2">
            <Button onClick={() => setAsking(true)}>{copy.resumeAnswer}</Button>
          </div>
        </Notice>
      ) : null}
      {change.error === null ? null : (
        <Notice tone="error" isAlert title={copy.failed}>
          <FailureText error={change.error} />
        </Notice>
      )}
      {switchGroups.map(([group, names]) => (
        <section key={group} aria-label={copy.groups[group]} className="card divide-y divide-line">
          {names.map((name) => {
            const isOn = toggles[name]
            const isChild = group === "send" && name !== "send"
            const missing = isOn ? [] : missingFor(name, connection, manifest)
            return (
              <div key={name} className={`flex items-start gap-4 p-4 ${isChild ? "ps-8" : ""}`}>
                <div className="min-w-0 grow">
                  <p id={`switch-${name}`} className="font-medium">
                    {nameOf(name)}
                  </p>
                  <p id={`switch-${name}-help`} className="text-sm text-muted">
                    {copy.switches[name].help(manifest.name, manifest.notes.place)}
                  </p>
                  {name === "receive" && !isOn && missing.length === 0 && connection.health.lastWebhook === null ? (
                    <p className="text-sm text-warn">{copy.early}</p>
                  ) : null}
                  {changed?.name === name ? (
                    <Button
                      look="quiet"
                      onClick={() => change.mutate(changed.before, { onSuccess: () => setChanged(undefined) })}
                    >
                      {copy.undo}
                    </Button>
                  ) : null}
                </div>
                <Switch
                  isOn={isOn}
                  isBlocked={missing.length > 0}
                  labelledBy={`switch-${name}`}
                  describedBy={`switch-${name}-help`}
                  onChange={(next) => ask(name, next)}
                />
              </div>
            )
          })}
        </section>
      ))}

      <Dialog
        isOpen={blocked !== undefined}
        onClose={() => setBlocked(undefined)}
        title={blocked === undefined ? "" : copy.blockedTitle(nameOf(blocked))}
        actions={
          <>
            <ButtonLink to="/connections/$id/setup" params={{ id }}>
              {copy.toSetup}
            </ButtonLink>
            <Button look="primary" onClick={() => setBlocked(undefined)}>
              {uiCopy.close}
            </Button>
          </>
        }
      >
        <p>{copy.blockedIntro}</p>
        <ul className="list-disc space-y-1 ps-5">
          {(blocked === undefined ? [] : missingFor(blocked, connection, manifest)).map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </Dialog>
      <Dialog
        isOpen={isTurningOff}
        onClose={() => setTurningOff(false)}
        title={copy.offTitle}
        actions={
          <>
            <Button onClick={() => setTurningOff(false)}>{uiCopy.cancel}</Button>
            <Button look="danger" onClick={() => turn("enabled", false)}>
              {copy.offConfirm}
            </Button>
          </>
        }
      >
        <p>{copy.offHelp}</p>
      </Dialog>
      {question.data === undefined ? null : (
        <ResumeDialog
          id={id}
          crm={manifest.name}
          isOpen={isAsking && isWaiting}
          question={question.data}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  )
}
