/**
 * The mapping of one case type: its rows, what is wrong with each in a sentence below it, and every version that was
 * ever saved. Nothing counts before it is saved, and a save never overwrites somebody else's.
 */
import { useMutation, useQuery } from "@tanstack/react-query"
import { useBlocker, useParams } from "@tanstack/react-router"
import { Plus, Trash2 } from "lucide-react"
import { type ReactNode, useRef, useState } from "react"
import type { MappingView } from "@casewire/api/Mappings"
import type { Direction } from "@casewire/core/domain/FieldMapping"
import { ConnectionFrame, type ConnectionParts } from "../connections/ConnectionFrame.tsx"
import { fieldsCopy as copy } from "../copy/FieldsCopy.ts"
import { call, Failure } from "../data/Client.ts"
import { caseTypesQuery, mappingQuery } from "../data/FieldQueries.ts"
import { queryClient } from "../data/QueryCache.ts"
import { announce } from "../ui/Announcements.tsx"
import { Button } from "../ui/Button.tsx"
import { Choice, Field } from "../ui/Field.tsx"
import { Notice } from "../ui/Notice.tsx"
import { Section } from "../ui/Page.tsx"
import { Answer, Empty, FailureText } from "../ui/QueryStates.tsx"
import { type DraftRow, emptyEntry, kindNameOf, type KindName, problemsByRow, transformOf } from "./MappingDraft.ts"
import { Versions } from "./Versions.tsx"

export const MappingPage = () => {
  const { caseType } = useParams({ from: "/shell/connections/$id/mappings/$caseType" })
  return (
    <ConnectionFrame title={copy.editorTitle}>{(parts) => <Mapping {...parts} caseType={caseType} />}</ConnectionFrame>
  )
}

type EditorParts = ConnectionParts & { readonly caseType: string }

const Mapping = (parts: EditorParts) => {
  const { caseType, connection, manifest } = parts
  const mapping = useQuery(mappingQuery(connection.id, caseType))
  const { data: caseTypes = [] } = useQuery(caseTypesQuery(connection.id))
  const name = caseTypes.find(({ caseType: each }) => (each.externalId ?? each.name) === caseType)?.caseType.name
  return (
    <div className="space-y-8">
      <div className="max-w-2xl space-y-1">
        {name === undefined ? null : <p className="foreign font-semibold">{name}</p>}
        <p className="text-muted">{copy.editorIntro(manifest.name)}</p>
      </div>
      <Answer query={mapping} what={copy.editorWhat}>
        {(found) => <Editor key={found?.number ?? 0} {...parts} mapping={found} />}
      </Answer>
      <Section id="versions" title={copy.versions}>
        <Versions id={connection.id} caseType={caseType} present={mapping.data?.number ?? 0} />
      </Section>
    </div>
  )
}

const Editor = ({
  caseType,
  connection,
  manifest,
  mapping
}: EditorParts & { readonly mapping: typeof MappingView.Type | null }) => {
  const { id } = connection
  const form = useRef<HTMLFormElement>(null)
  const nextId = useRef(mapping?.entries.length ?? 0)
  const [rows, setRows] = useState<ReadonlyArray<DraftRow>>(() =>
    (mapping?.entries ?? []).map((entry, index) => ({ id: index, entry }))
  )
  const [isChanged, setChanged] = useState(false)
  useBlocker({ shouldBlockFn: () => isChanged && !window.confirm(copy.unsaved), enableBeforeUnload: () => isChanged })

  const save = useMutation({
    mutationFn: () =>
      call((api) =>
        api.mappings.save({
          params: { id, caseType },
          payload: { entries: rows.map(({ entry }) => entry), basedOn: mapping?.number ?? 0 }
        })
      ),
    onSuccess: async ({ number }) => {
      setChanged(false)
      announce(copy.saved(number))
      await queryClient.invalidateQueries({ queryKey: ["connections"] })
    }
  })
  const failure = save.error instanceof Failure ? save.error : undefined
  const isOutdated = failure?.errors.some(({ code }) => code === "changed-since") === true
  const problems = isOutdated ? new Map<number, ReadonlyArray<string>>() : problemsByRow(failure?.detail ?? "")

  const change = (next: ReadonlyArray<DraftRow>) => {
    setRows(next)
    setChanged(true)
    save.reset()
  }
  const edit = (row: DraftRow, part: Partial<DraftRow["entry"]>) =>
    change(rows.map((each) => (each.id === row.id ? { ...each, entry: { ...each.entry, ...part } } : each)))
  const setKind = (row: DraftRow, kind: KindName) => {
    const { optionMap: _, ...entry } = row.entry
    change(
      rows.map((each) => (each.id === row.id ? { ...each, entry: { ...entry, transform: transformOf(kind) } } : each))
    )
  }
  const add = () => {
    change([...rows, { id: nextId.current++, entry: emptyEntry }])
    setTimeout(() => form.current?.querySelector<HTMLInputElement>("li:last-child input")?.focus())
  }
  return (
    <form
      ref={form}
      noValidate
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (!save.isPending) save.mutate()
      }}
    >
      {failure === undefined ? null : isOutdated ? (
        <Notice tone="error" isAlert>
          <p>{copy.conflict}</p>
          <div className="pt-2">
            <Button onClick={() => window.location.reload()}>{copy.reload}</Button>
          </div>
        </Notice>
      ) : (
        <Notice tone="error" isAlert title={copy.problems}>
          {problems.size === 0 ? (
            <FailureText error={failure} />
          ) : (
            <ul className="list-disc ps-5">
              {[...problems.values()].flat().map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
        </Notice>
      )}
      {save.data === undefined || save.data.warnings.length === 0 ? null : (
        <Notice tone="warn" title={copy.warnings}>
          <ul className="list-disc ps-5">
            {save.data.warnings.map(({ code, field, index, message }) => (
              <li key={`${index} ${field} ${code}`} className="foreign">
                {copy.problem(index + 1, message)}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {rows.length === 0 ? (
        <Empty title={copy.empty}>{copy.emptyHelp}</Empty>
      ) : (
        <ol aria-label={copy.rows} className="card divide-y divide-line">
          {rows.map((row, index) => (
            <li key={row.id} className="space-y-2 p-4">
              <Row crm={manifest.name} row={row} onEdit={edit} onKind={setKind}>
                <Button
                  className="min-h-10"
                  aria-label={copy.removeRow(row.entry.platformField)}
                  onClick={() => change(rows.filter((each) => each !== row))}
                >
                  <Trash2 aria-hidden="true" size={16} />
                </Button>
              </Row>
              {(problems.get(index) ?? []).map((sentence) => (
                <p key={sentence} className="text-sm font-medium text-error">
                  {sentence}
                </p>
              ))}
            </li>
          ))}
        </ol>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button onClick={add}>
          <Plus aria-hidden="true" size={16} />
          {copy.add}
        </Button>
        <Button type="submit" look="primary" isWaiting={save.isPending}>
          {copy.save}
        </Button>
        {isChanged ? <span className="text-sm text-muted">{copy.unsaved}</span> : null}
      </div>
    </form>
  )
}

const directions = Object.entries(copy.directions)
const kinds = Object.entries(copy.kinds)
const isDirection = (value: string): value is Direction => Object.hasOwn(copy.directions, value)
const isKind = (value: string): value is KindName => Object.hasOwn(copy.kinds, value)

const Row = ({
  children,
  crm,
  onEdit,
  onKind,
  row
}: {
  readonly row: DraftRow
  readonly crm: string
  readonly onEdit: (row: DraftRow, part: Partial<DraftRow["entry"]>) => void
  readonly onKind: (row: DraftRow, kind: KindName) => void
  readonly children: ReactNode
}) => {
  const { crmKey, direction, optionMap = [], platformField, transform } = row.entry
  return (
    <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-[1.3fr_1.3fr_1fr_1.2fr_auto] lg:items-end">
      <Field
        label={copy.ours}
        required
        value={platformField}
        onValue={(value) => onEdit(row, { platformField: value })}
      />
      <Field label={copy.theirs(crm)} required value={crmKey} onValue={(value) => onEdit(row, { crmKey: value })} />
      <Choice
        label={copy.direction}
        value={direction}
        options={directions}
        onValue={(value) => (isDirection(value) ? onEdit(row, { direction: value }) : undefined)}
      />
      <div>
        <Choice
          label={copy.kind}
          value={kindNameOf(transform)}
          options={kinds}
          onValue={(value) => (isKind(value) ? onKind(row, value) : undefined)}
        />
        {optionMap.length === 0 ? null : <p className="pt-1 text-xs text-muted">{copy.options(optionMap.length)}</p>}
      </div>
      {children}
    </div>
  )
}
