/**
 * Plugins loaded in the host's own process: for development, tests and now.
 *
 * Every argument and every answer crosses as plain data: encoded by the port's schema, cloned, decoded. A plugin that
 * works here therefore works unchanged when a worker thread stands in between; whatever cannot be cloned fails now.
 */
import type { CrmPlugin, PluginConnection } from "@casewire/core/CrmPlugin"
import { Crm, CrmCheck, CrmError, crmOperations, CrmPage, CrmScope } from "@casewire/core/ports/Crm"
import { CrmDocuments, crmDocumentOperations } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp, CrmRequest, CrmResponse } from "@casewire/core/ports/CrmHttp"
import { Plugins } from "@casewire/core/ports/Plugins"
import { Context, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"

/** The plugins given here, by id. Two with the same id are a mistake of the wiring and stop the start. */
export const layerInProcess = (plugins: ReadonlyArray<CrmPlugin>): Layer.Layer<Plugins> =>
  Layer.effect(
    Plugins,
    Effect.sync(() => {
      const byId = new Map(plugins.map((plugin) => [plugin.manifest.id, plugin]))
      if (byId.size !== plugins.length) throw new Error("two plugins have the same id")
      const manifests = plugins.map(({ manifest }) => structuredClone(manifest))
      return Plugins.of({
        manifests: Effect.succeed(manifests),
        manifest: (id) => Option.fromUndefinedOr(manifests.find((manifest) => manifest.id === id)),
        crm: (id, connection) => {
          const plugin = byId.get(id)
          if (plugin === undefined) throw new Error(`no plugin "${id}" is loaded`)
          return guarded(plugin, connection)
        },
        switched: Stream.empty
      })
    })
  )

const guarded = (plugin: CrmPlugin, connection: PluginConnection): Layer.Layer<Crm | CrmDocuments, never, CrmHttp> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const crm = guardCrm(yield* Crm)
      return Context.make(Crm, crm).pipe(Context.add(CrmDocuments, guardDocuments(yield* CrmDocuments)))
    })
  ).pipe(
    Layer.provide(plugin.crm(cloneConnection(connection))),
    Layer.provide(Layer.effect(CrmHttp, Effect.map(CrmHttp, guardHttp)))
  )

const cloneConnection = ({ connectionId, secrets, settings }: PluginConnection): PluginConnection => {
  const plain = structuredClone({
    connectionId,
    settings,
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, Redacted.value(secret)]))
  })
  return {
    ...plain,
    secrets: Object.fromEntries(Object.entries(plain.secrets).map(([name, secret]) => [name, Redacted.make(secret)]))
  }
}

/** Encodes, clones and decodes one value; a value that does not fit its schema is a defect of the plugin. */
const carry = <T, E>(schema: Schema.Codec<T, E>) => {
  const encode = Schema.encodeUnknownSync(schema)
  const decode = Schema.decodeUnknownSync(schema)
  return (value: T): T => decode(structuredClone(encode(value)))
}

const carryError = carry(CrmError)
const carryCheck = carry(CrmCheck)
const carryPage = carry(CrmPage)
const carryScope = carry(CrmScope)
const carryRequest = carry(CrmRequest)
const carryResponse = carry(CrmResponse)

const guardCall = <P, PE, S, SE>(
  operation: { readonly payload: Schema.Codec<P, PE>; readonly success: Schema.Codec<S, SE> },
  call: (payload: P) => Effect.Effect<S, CrmError>
) => {
  const payload = carry(operation.payload)
  const success = carry(operation.success)
  return (value: P): Effect.Effect<S, CrmError> =>
    Effect.suspend(() => call(payload(value))).pipe(Effect.map(success), Effect.mapError(carryError))
}

const guardCrm = (crm: Crm["Service"]): Crm["Service"] =>
  Crm.of({
    verify: crm.verify.pipe(Stream.map(carryCheck), Stream.mapError(carryError)),
    changes: (cursor, scope) =>
      crm
        .changes(cursor, scope === undefined ? undefined : carryScope(scope))
        .pipe(Stream.map(carryPage), Stream.mapError(carryError)),
    catalog: guardCall(crmOperations.catalog, crm.catalog),
    decode: guardCall(crmOperations.decode, crm.decode),
    read: guardCall(crmOperations.read, crm.read),
    notes: guardCall(crmOperations.notes, crm.notes),
    addNote: guardCall(crmOperations.addNote, crm.addNote),
    updateFields: guardCall(crmOperations.updateFields, crm.updateFields),
    setStatus: guardCall(crmOperations.setStatus, crm.setStatus)
  })

const guardDocuments = (documents: CrmDocuments["Service"]): CrmDocuments["Service"] =>
  CrmDocuments.of({
    list: guardCall(crmDocumentOperations.list, documents.list),
    open: guardCall(crmDocumentOperations.open, documents.open),
    upload: guardCall(crmDocumentOperations.upload, documents.upload)
  })

const guardHttp = (http: CrmHttp["Service"]): CrmHttp["Service"] =>
  CrmHttp.of({
    send: (request) =>
      Effect.suspend(() => http.send(carryRequest(request))).pipe(
        Effect.map(carryResponse),
        Effect.mapError(carryError)
      )
  })
