/** The CRM's case types, what each is linked to, and how many of its fields are mapped. Nothing is linked by itself. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import { useState } from "react"
import type { CaseType, CaseTypeLink } from "@casewire/core/domain/Mapping"
import { ConnectionFrame, type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { fieldsCopy as copy } from "../copy/FieldsCopy.ts"
import { uiCopy } from "../copy/UiCopy.ts"
import { call } from "../data/Client.ts"
import { caseTypesQuery, mappingsQuery } from "../data/FieldQueries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Dialog } from "../ui/Dialog.tsx"
import { Field } from "../ui/Field.tsx"
import { Notice, StateWord } from "../ui/Notice.tsx"
import { Answer, FailureText } from "../ui/QueryStates.tsx"

export const CaseTypesPage = () => (
  <ConnectionFrame title={copy.title}>{(parts) => <CaseTypes {...parts} />}</ConnectionFrame>
)

const keyOf = ({ externalId, name }: CaseType): string => externalId ?? name
const isSame = (one: CaseType, other: CaseType): boolean => keyOf(one) === keyOf(other)

const CaseTypes = ({ connection, manifest }: ConnectionParts) => {
  const { caseTypeLinks, id } = connection
  const caseTypes = useQuery(caseTypesQuery(id))
  const { data: mappings = [] } = useQuery(mappingsQuery(id))
  const [leaving, setLeaving] = useState<CaseType>()
  const save = useMutation({
    mutationFn: (links: ReadonlyArray<CaseTypeLink>) =>
      call((api) => api.connections.setLinks({ params: { id }, payload: { links } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["connections"] })
  })
  const without = (caseType: CaseType) => caseTypeLinks.filter(({ crmCaseType }) => !isSame(crmCaseType, caseType))
  const link = (crmCaseType: CaseType, platformCaseType: string) =>
    save.mutate([...without(crmCaseType), { crmCaseType, platformCaseType }], {
      onSuccess: () => announce(copy.linked(crmCaseType.name))
    })
  return (
    <div className="space-y-5">
      <p className="max-w-2xl text-muted">{copy.intro(manifest.name)}</p>
      {save.error === null ? null : (
        <Notice tone="error" isAlert>
          <FailureText error={save.error} />
        </Notice>
      )}
      <Answer query={caseTypes} what={copy.what}>
        {(all) => (
          <ul className="card divide-y divide-line">
            {all.map(({ caseType, platformCaseType }) => {
              const mapped = mappings.find((each) => each.caseType === keyOf(caseType) && each.campaignId === null)
              return (
                <li key={keyOf(caseType)} className="grid gap-x-6 gap-y-3 p-5 lg:grid-cols-[1fr_1.2fr_auto]">
                  <div className="min-w-0">
                    <h2 className="foreign font-semibold">{caseType.name}</h2>
                    {platformCaseType === null ? (
                      <StateWord tone="off">{copy.notLinked}</StateWord>
                    ) : (
                      <StateWord tone="ok">
                        <span className="foreign">{copy.linkedTo(platformCaseType)}</span>
                      </StateWord>
                    )}
                  </div>
                  {platformCaseType === null ? (
                    <LinkForm caseType={caseType} isWaiting={save.isPending} onLink={(name) => link(caseType, name)} />
                  ) : (
                    <div>
                      <Button onClick={() => setLeaving(caseType)}>
                        {copy.unlink}
                        <span className="sr-only"> {caseType.name}</span>
                      </Button>
                    </div>
                  )}
                  <Link
                    to="/connections/$id/mappings/$caseType"
                    params={{ id, caseType: keyOf(caseType) }}
                    className="link self-center text-sm"
                  >
                    {copy.fieldsOf(mapped?.entries.length ?? 0)}
                    <span className="sr-only">: {caseType.name}</span>
                  </Link>
                </li>
              )
            })}
          </ul>
        )}
      </Answer>
      <Dialog
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={copy.unlinkTitle(leaving?.name ?? "")}
        actions={
          <>
            <Button onClick={() => setLeaving(undefined)}>{uiCopy.cancel}</Button>
            <Button
              look="danger"
              isWaiting={save.isPending}
              onClick={() => {
                if (leaving === undefined) return
                save.mutate(without(leaving), {
                  onSuccess: () => {
                    announce(copy.unlinked(leaving.name))
                    setLeaving(undefined)
                  }
                })
              }}
            >
              {copy.unlink}
            </Button>
          </>
        }
      >
        <p>{copy.unlinkHelp}</p>
      </Dialog>
    </div>
  )
}

/** The same name is proposed, because it is right more often than not; it is linked by a press and never before. */
const LinkForm = ({
  caseType,
  isWaiting,
  onLink
}: {
  readonly caseType: CaseType
  readonly isWaiting: boolean
  readonly onLink: (name: string) => void
}) => {
  const [name, setName] = useState(caseType.name)
  const [isEmpty, setEmpty] = useState(false)
  return (
    <form
      noValidate
      className="flex items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        setEmpty(name.trim() === "")
        if (name.trim() !== "" && !isWaiting) onLink(name.trim())
      }}
    >
      <div className="min-w-0 grow basis-48">
        <Field
          label={copy.linkLabel(caseType.name)}
          required
          value={name}
          onValue={setName}
          error={isEmpty ? copy.linkEmpty : undefined}
        />
      </div>
      <Button type="submit" className="min-h-10">
        {copy.link}
        <span className="sr-only"> {caseType.name}</span>
      </Button>
    </form>
  )
}
