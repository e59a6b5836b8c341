/** Mapping stores that break one promise each. */
import { Effect, Option } from "effect"
import type { MappingVersion } from "@casewire/core/domain/MappingVersion"
import { connection, secondConnection } from "../src/samples.ts"
import { escaped, inMappings, ofAll, ofAny, reversed, type Mutant } from "./Breaking.ts"

const withoutOptions = (version: MappingVersion): MappingVersion => ({
  ...version,
  entries: version.entries.map(({ optionMap: _options, ...entry }) => entry)
})

export const mappingMutants: Record<string, Mutant> = {
  "forgets when a catalog was fetched": inMappings((own) => ({
    saveCatalog: (snapshot) => own.saveCatalog({ ...snapshot, fetchedAt: 0 })
  })),
  "has one catalog for all connections": inMappings((own) => ({
    catalog: (firmId) => own.catalog(firmId, connection.id)
  })),
  "never replaces a catalog": inMappings((own) => ({
    saveCatalog: (snapshot) =>
      Effect.flatMap(own.catalog(snapshot.firmId, snapshot.connectionId), (found) =>
        Option.isSome(found) ? Effect.void : own.saveCatalog(snapshot)
      )
  })),
  "shows mappings to all": inMappings((own) => ({
    catalog: (_, connectionId) => ofAny((firmId) => own.catalog(firmId, connectionId)),
    current: (_, connectionId) => ofAll((firmId) => own.current(firmId, connectionId)),
    versions: (_, connectionId, scope, limit) => ofAll((firmId) => own.versions(firmId, connectionId, scope, limit)),
    draft: (_, id) => ofAny((firmId) => own.draft(firmId, id)),
    drafts: (_, connectionId) => ofAll((firmId) => own.drafts(firmId, connectionId)),
    statuses: (_, connectionId) => ofAll((firmId) => own.statuses(firmId, connectionId))
  })),
  "loses option maps": inMappings((own) => ({ saveVersion: (version) => own.saveVersion(withoutOptions(version)) })),
  "takes the oldest version": inMappings((own) => ({
    current: (firmId, connectionId) =>
      Effect.flatMap(own.current(firmId, connectionId), (found) =>
        Effect.forEach(found, (version) =>
          Effect.map(own.versions(firmId, connectionId, version, 100), (versions) => versions.at(-1)!)
        )
      )
  })),
  "compares version numbers as texts": inMappings((own) => ({
    versions: (firmId, connectionId, scope, limit) =>
      Effect.map(own.versions(firmId, connectionId, scope, limit), (versions) =>
        versions.toSorted((a, b) => (String(a.number) < String(b.number) ? 1 : -1))
      )
  })),
  "lists mappings backwards": inMappings((own) => ({
    current: (firmId, connectionId) => reversed(own.current(firmId, connectionId))
  })),
  "lists the oldest versions first": inMappings((own) => ({
    versions: (firmId, connectionId, scope, limit) => reversed(own.versions(firmId, connectionId, scope, limit))
  })),
  "knows no campaigns": inMappings((own) => ({
    versions: (firmId, connectionId, { caseType }, limit) =>
      own.versions(firmId, connectionId, { caseType, campaignId: null }, limit)
  })),
  "swallows a second version": inMappings((own) => ({
    saveVersion: (version) => Effect.catchDefect(own.saveVersion(version), () => Effect.void)
  })),
  "mixes the mappings of connections": inMappings((own) => ({
    current: (firmId) =>
      Effect.map(Effect.all([own.current(firmId, connection.id), own.current(firmId, secondConnection.id)]), (found) =>
        found.flat()
      )
  })),
  "keeps the first draft": inMappings((own) => ({
    saveDraft: (draft) =>
      Effect.flatMap(own.draft(draft.firmId, draft.id), (found) =>
        Option.isSome(found) ? Effect.void : own.saveDraft(draft)
      )
  })),
  "finds some draft": inMappings((own) => ({
    draft: (firmId, id) =>
      Effect.flatMap(own.draft(firmId, id), (found) =>
        Option.isSome(found)
          ? Effect.succeed(found)
          : Effect.map(own.drafts(firmId, connection.id), (drafts) => Option.fromUndefinedOr(drafts[0]))
      )
  })),
  "lists the oldest drafts first": inMappings((own) => ({
    drafts: (firmId, connectionId) => reversed(own.drafts(firmId, connectionId))
  })),
  "lists status tables backwards": inMappings((own) => ({
    statuses: (firmId, connectionId) => reversed(own.statuses(firmId, connectionId))
  })),
  "merges status links": inMappings((own) => ({
    saveStatuses: (table) =>
      Effect.flatMap(own.statuses(table.firmId, table.connectionId), (tables) => {
        const before = tables.find(({ caseType }) => caseType === table.caseType)
        return own.saveStatuses({ ...table, links: [...(before?.links ?? []), ...table.links] })
      })
  })),
  "saves mappings outside the transaction": inMappings((own) => ({
    saveVersion: (version) => escaped(own.saveVersion(version))
  }))
}
