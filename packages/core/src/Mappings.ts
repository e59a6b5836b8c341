/**
 * Mapping a firm's fields: what its CRM has to choose from, and the versions of what is mapped to what.
 *
 * A refresh says what is new, renamed or gone and touches no mapping. A save is checked whole before anything is kept,
 * makes a new version with who and when, and counts from now on: values that were exchanged before are not rewritten.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { CrmConnections } from "./CrmConnections.ts"
import type { Connection, ConnectionId } from "./domain/Connection.ts"
import { customKey } from "./domain/FieldKey.ts"
import {
  availableFields,
  catalogChange,
  type CatalogChange,
  checkMapping,
  type FieldMapping,
  type FieldPreview,
  type MappingProblem
} from "./domain/FieldMapping.ts"
import { type MatchField, suggestFields, type Suggestion } from "./domain/FieldMatch.ts"
import type { FirmId } from "./domain/Ids.ts"
import type { CaseType } from "./domain/Mapping.ts"
import { type CatalogSnapshot, caseTypeKey, type MappingVersion } from "./domain/MappingVersion.ts"
import { FieldProblem } from "./domain/Receipt.ts"
import { statusKey } from "./domain/StatusSync.ts"
import { type ConnectionNotFound, ConnectionStore } from "./ports/ConnectionStore.ts"
import { Crm, type CrmCatalog, type CrmError } from "./ports/Crm.ts"
import { type MappingScope, MappingStore } from "./ports/MappingStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Storage } from "./ports/Storage.ts"

/** What was sent cannot be saved; every problem names its field, the message the entry. */
export class MappingInvalid extends Schema.TaggedError<MappingInvalid>()("MappingInvalid", {
  errors: Schema.Array(FieldProblem),
  message: Schema.String
}) {}

export class VersionNotFound extends Schema.TaggedError<VersionNotFound>()("VersionNotFound", {
  number: Schema.Int
}) {}

export interface CatalogRefresh {
  readonly snapshot: CatalogSnapshot
  /** Nothing was known before, so nothing is called new. */
  readonly isFirst: boolean
  readonly caseTypes: {
    readonly added: ReadonlyArray<CaseType>
    readonly renamed: ReadonlyArray<{ readonly key: string; readonly before: string; readonly after: string }>
    readonly gone: ReadonlyArray<CaseType>
  }
  /** Per case type with a change. */
  readonly fields: ReadonlyArray<{ readonly caseType: CaseType; readonly change: CatalogChange }>
}

export interface SavedMapping {
  readonly version: MappingVersion
  readonly warnings: ReadonlyArray<MappingProblem>
}

export class Mappings extends Context.Service<
  Mappings,
  {
    /** What the CRM had to choose from when it was asked last. */
    readonly catalog: (
      firmId: FirmId,
      id: ConnectionId
    ) => Effect.Effect<Option.Option<CatalogSnapshot>, ConnectionNotFound>
    /** Asks the CRM anew, keeps the answer and says what changed. */
    readonly refresh: (firmId: FirmId, id: ConnectionId) => Effect.Effect<CatalogRefresh, CrmError | ConnectionNotFound>
    /** Saves a mapping as the next version. `basedOn` refuses it if somebody else saved meanwhile. */
    readonly save: (
      firmId: FirmId,
      id: ConnectionId,
      scope: MappingScope,
      entries: ReadonlyArray<FieldMapping>,
      by: { readonly name: string; readonly origin?: string; readonly basedOn?: number }
    ) => Effect.Effect<SavedMapping, MappingInvalid | ConnectionNotFound>
    /** Saves an earlier version's entries as a new one. */
    readonly restore: (
      firmId: FirmId,
      id: ConnectionId,
      scope: MappingScope,
      number: number,
      by: string
    ) => Effect.Effect<SavedMapping, MappingInvalid | VersionNotFound | ConnectionNotFound>
    /** Proposals for the CRM's fields of a case type that are not mapped yet; nothing is saved by them. */
    readonly suggest: (
      firmId: FirmId,
      id: ConnectionId,
      caseType: string,
      fields: ReadonlyArray<MatchField>
    ) => Effect.Effect<ReadonlyArray<Suggestion>, ConnectionNotFound>
    /** The CRM's fields, while exactly one case type is selected. */
    readonly preview: (
      firmId: FirmId,
      id: ConnectionId,
      caseTypes: ReadonlyArray<string>
    ) => Effect.Effect<FieldPreview, ConnectionNotFound>
  }
>()("@casewire/core/Mappings") {
  static readonly layer = Layer.effect(
    Mappings,
    Effect.gen(function* () {
      const connections = yield* ConnectionStore
      const crms = yield* CrmConnections
      const plugins = yield* Plugins
      const storage = yield* Storage
      const store = yield* MappingStore

      const catalog = Effect.fn("Mappings.catalog")(function* (firmId: FirmId, id: ConnectionId) {
        yield* connections.get(firmId, id)
        return yield* store.catalog(firmId, id)
      })

      const refresh: Mappings["Service"]["refresh"] = Effect.fn("Mappings.refresh")(function* (firmId, id) {
        yield* connections.get(firmId, id)
        const fresh = yield* Effect.flatMap(Crm, (crm) => crm.catalog({})).pipe(Effect.provide(crms.get(firmId, id)))
        const fetchedAt = yield* Clock.currentTimeMillis
        const snapshot: CatalogSnapshot = { firmId, connectionId: id, fetchedAt, catalog: fresh }
        return yield* storage.atomically(
          Effect.gen(function* () {
            const before = Option.getOrUndefined(yield* store.catalog(firmId, id))
            const saved = yield* store.current(firmId, id)
            yield* store.saveCatalog(snapshot)
            return { snapshot, isFirst: before === undefined, ...changesOf(before?.catalog, fresh, saved) }
          })
        )
      })

      const manifestOf = ({ plugin }: Connection) => Option.getOrUndefined(plugins.manifest(plugin))?.fields

      const save: Mappings["Service"]["save"] = Effect.fn("Mappings.save")(function* (firmId, id, scope, given, by) {
        const connection = yield* connections.get(firmId, id)
        const manifest = manifestOf(connection)
        const keys = manifest?.keys
        const entries = given.map((entry) => ({
          ...entry,
          platformField: entry.platformField.trim(),
          crmKey: (keys === undefined ? undefined : customKey(keys, entry.crmKey)) ?? entry.crmKey
        }))
        const snapshot = Option.getOrUndefined(yield* store.catalog(firmId, id))
        const fields = snapshot === undefined ? undefined : fieldsOf(snapshot.catalog, scope.caseType)
        const { errors, warnings } = checkMapping(entries, {
          reserved: manifest?.reserved ?? [],
          ...(fields === undefined ? {} : { catalog: fields })
        })
        if (errors.length > 0) return yield* invalid(errors)
        const savedAt = yield* Clock.currentTimeMillis
        const version = yield* storage.atomically(
          Effect.gen(function* () {
            const [last] = yield* store.versions(firmId, id, scope, 1)
            if (by.basedOn !== undefined && by.basedOn !== (last?.number ?? 0))
              return yield* new MappingInvalid({
                errors: [{ field: "basedOn", code: "changed-since" }],
                message: `version ${last?.number ?? 0} was saved by ${last?.savedBy ?? "nobody"} meanwhile`
              })
            const version: MappingVersion = {
              firmId,
              connectionId: id,
              ...scope,
              number: (last?.number ?? 0) + 1,
              entries,
              savedAt,
              savedBy: by.name,
              origin: by.origin ?? null
            }
            yield* store.saveVersion(version)
            return version
          })
        )
        return { version, warnings }
      })

      const restore: Mappings["Service"]["restore"] = Effect.fn("Mappings.restore")(
        function* (firmId, id, scope, number, by) {
          yield* connections.get(firmId, id)
          const versions = yield* store.versions(firmId, id, scope, 10_000)
          const earlier = versions.find((version) => version.number === number)
          if (earlier === undefined) return yield* new VersionNotFound({ number })
          return yield* save(firmId, id, scope, earlier.entries, { name: by, origin: `version ${number}` })
        }
      )

      const suggest: Mappings["Service"]["suggest"] = Effect.fn("Mappings.suggest")(
        function* (firmId, id, caseType, fields) {
          const snapshot = Option.getOrUndefined(yield* catalog(firmId, id))
          if (snapshot === undefined) return []
          const [present] = yield* store.versions(firmId, id, { caseType, campaignId: null }, 1)
          const mapped = new Set(present?.entries.map(({ crmKey }) => crmKey.toLowerCase()))
          const questions = (fieldsOf(snapshot.catalog, caseType) ?? [])
            .filter(({ key }) => !mapped.has(key.toLowerCase()))
            .map(({ inputType, key, label, options }) => ({ key, label, options, type: inputType }))
          return suggestFields(questions, fields)
        }
      )

      const preview: Mappings["Service"]["preview"] = Effect.fn("Mappings.preview")(function* (firmId, id, caseTypes) {
        const snapshot = Option.getOrUndefined(yield* catalog(firmId, id))
        const known = snapshot?.catalog
        return availableFields(
          caseTypes.map(
            (caseType) => (known === undefined ? undefined : caseTypeOf(known, caseType)?.name) ?? caseType
          ),
          known?.fields ?? []
        )
      })

      return Mappings.of({ catalog, refresh, save, restore, suggest, preview })
    })
  )
}

const invalid = (problems: ReadonlyArray<MappingProblem>) =>
  new MappingInvalid({
    errors: problems.map(({ code, field }) => ({ field, code })),
    message: problems.map(({ index, message }) => `entry ${index + 1}: ${message}`).join("; ")
  })

/** A case type of the catalog by its key, or by its name. */
export const caseTypeOf = (catalog: CrmCatalog, key: string): CaseType | undefined =>
  catalog.caseTypes.find((caseType) => caseTypeKey(caseType) === key) ??
  catalog.caseTypes.find(({ name }) => statusKey(name) === statusKey(key))

const fieldsOf = (catalog: CrmCatalog, key: string) => {
  const name = caseTypeOf(catalog, key)?.name ?? key
  return catalog.fields.find(({ caseType }) => statusKey(caseType) === statusKey(name))?.fields
}

const changesOf = (
  before: CrmCatalog | undefined,
  after: CrmCatalog,
  saved: ReadonlyArray<MappingVersion>
): Pick<CatalogRefresh, "caseTypes" | "fields"> => {
  const old = new Map((before?.caseTypes ?? []).map((caseType) => [caseTypeKey(caseType), caseType]))
  const fresh = new Map(after.caseTypes.map((caseType) => [caseTypeKey(caseType), caseType]))
  const all = [...new Map([...old, ...fresh])]
  return {
    caseTypes: {
      added: before === undefined ? [] : after.caseTypes.filter((caseType) => !old.has(caseTypeKey(caseType))),
      renamed: [...fresh].flatMap(([key, { name }]) => {
        const was = old.get(key)?.name
        return was === undefined || was === name ? [] : [{ key, before: was, after: name }]
      }),
      gone: [...old].flatMap(([key, caseType]) => (fresh.has(key) ? [] : [caseType]))
    },
    fields: all.flatMap(([key, caseType]) => {
      const entries = saved.flatMap((version) => (version.caseType === key ? version.entries : []))
      const now = fieldsNamed(after, fresh.get(key)) ?? []
      const was = before === undefined ? now : (fieldsNamed(before, old.get(key)) ?? [])
      const change = catalogChange(was, now, entries)
      const isChange = Object.values(change).some((list: ReadonlyArray<unknown>) => list.length > 0)
      return isChange ? [{ caseType, change }] : []
    })
  }
}

const fieldsNamed = (catalog: CrmCatalog, caseType: CaseType | undefined) =>
  caseType === undefined
    ? undefined
    : catalog.fields.find((each) => statusKey(each.caseType) === statusKey(caseType.name))?.fields
