/** Lists and campaigns: requests translated to the core's doors and stores, and answers back. */
import { Effect, Layer, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentFirm } from "@casewire/api/Access"
import { Api } from "@casewire/api/Api"
import type { AutoAddInput, CampaignView, ListView, MembershipView } from "@casewire/api/Lists"
import type { CaseId } from "@casewire/core/domain/Case"
import type { FirmId } from "@casewire/core/domain/Ids"
import {
  type AutoAdd,
  type Campaign,
  type List,
  type ListEvent,
  type Membership,
  noAutoAdd
} from "@casewire/core/domain/List"
import { findCampaign, findList } from "@casewire/core/domain/ListRouting"
import { buildWebhookUrl } from "@casewire/core/domain/WebhookUrl"
import { type ListInvalid, type ListNotFound, Lists } from "@casewire/core/Lists"
import { CaseStore } from "@casewire/core/ports/CaseStore"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { ListStore, type MemberFilter } from "@casewire/core/ports/ListStore"
import { Plugins } from "@casewire/core/ports/Plugins"
import { problem } from "./Problems.ts"
import { PublicUrl } from "./PublicUrl.ts"

const layerLists = HttpApiBuilder.group(
  Api,
  "lists",
  Effect.fn(function* (handlers) {
    const cases = yield* CaseStore
    const connections = yield* ConnectionStore
    const lists = yield* Lists
    const plugins = yield* Plugins
    const publicUrl = yield* PublicUrl
    const store = yield* ListStore
    const { byHand, memberView, members } = yield* targetHandlers

    const get = Effect.fnUntraced(function* (id: string) {
      const { firmId } = yield* CurrentFirm
      const all = yield* lists.all(firmId)
      const found = all.lists.find((list) => list.id === id)
      return found === undefined
        ? yield* Effect.fail(problem("not-found"))
        : { firmId, list: found, view: listView(found, all.counts) }
    })
    /** A list as it is after a change. */
    const after = (change: Effect.Effect<List, ListNotFound | ListInvalid>) =>
      Effect.gen(function* () {
        const list = yield* Effect.catchTags(change, refusals)
        return listView(list, yield* store.counts(list.firmId))
      })

    return handlers.handleAll({
      list: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        const all = yield* lists.all(firmId)
        return { lists: all.lists.map((list) => listView(list, all.counts)) }
      }),
      create: Effect.fn(function* ({ payload }) {
        const { firmId, name: by } = yield* CurrentFirm
        const { autoAdd, caseType = null, description = "", name } = payload
        const rule = autoAdd === undefined ? undefined : ruleOf(autoAdd)
        const made = lists.create(firmId, { name, description, caseType }, by, rule)
        return listView(yield* Effect.catchTags(made, { ListInvalid: refusals.ListInvalid }), new Map())
      }),
      get: ({ params }) => Effect.map(get(params.id), ({ view }) => view),
      change: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        return yield* after(lists.change(firmId, params.id, payload, name))
      }),
      archive: Effect.fn(function* ({ params }) {
        const { firmId, name } = yield* CurrentFirm
        yield* Effect.catchTags(lists.archive(firmId, "list", params.id, name), { ListNotFound: refusals.ListNotFound })
      }),
      setAutoAdd: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        return yield* after(lists.setAutoAdd(firmId, params.id, ruleOf(payload), name))
      }),
      members: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* get(params.id)
        return yield* members(firmId, params.id, query)
      }),
      byHand: ({ params, payload }) => byHand({ kind: "list", id: params.id }, payload.action, payload.caseIds),
      audit: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* get(params.id)
        return { events: (yield* store.events(firmId, { targetId: params.id, ...pageOf(query) })).map(eventView) }
      }),
      check: Effect.fn(function* ({ params }) {
        const { firmId } = yield* get(params.id)
        return yield* Effect.catchTags(lists.check(firmId, params.id), { ListNotFound: refusals.ListNotFound })
      }),
      ofCase: Effect.fn(function* ({ params }) {
        const { firmId } = yield* CurrentFirm
        const of = yield* cases.get(firmId, params.id)
        if (Option.isNone(of)) return yield* Effect.fail(problem("not-found"))
        const found = yield* store.membershipsOf(firmId, params.id)
        const events = yield* store.events(firmId, { caseId: params.id, limit: 200 })
        return { memberships: yield* Effect.forEach(found, memberView), events: events.map(eventView) }
      }),
      webhookUrl: Effect.fn(function* ({ params, payload }) {
        const { firmId } = yield* CurrentFirm
        const found = yield* Effect.option(connections.get(firmId, params.id))
        if (Option.isNone(found)) return yield* Effect.fail(problem("not-found"))
        const { token, ...options } = payload
        const { plugin } = found.value
        const declared = new Set(Option.getOrUndefined(plugins.manifest(plugin))?.webhook.options)
        const unsupported = Object.keys(options).filter((option) => !declared.has(option))
        if (unsupported.length > 0)
          return yield* Effect.fail(
            problem("request-invalid", { errors: unsupported.map((field) => ({ field, code: "unsupported" })) })
          )
        const built = buildWebhookUrl(`${yield* publicUrl.base}/webhooks/${plugin}`, token ?? null, options)
        const { campaigns, lists: all } = yield* lists.all(firmId)
        const { campaign_id, list_id, list_name } = options
        const looked = [
          ...(list_id !== undefined
            ? [findList({ _tag: "ById", id: list_id.trim() }, all)]
            : list_name !== undefined
              ? [findList({ _tag: "ByName", name: list_name.trim() }, all)]
              : []),
          ...(campaign_id === undefined ? [] : [findCampaign(campaign_id.trim(), campaigns)])
        ]
        const missing = looked.flatMap((found) => (found._tag === "NotFound" ? [found.warning] : []))
        return { ...built, warnings: [...built.warnings, ...missing] }
      })
    })
  })
)

const layerCampaigns = HttpApiBuilder.group(
  Api,
  "campaigns",
  Effect.fn(function* (handlers) {
    const lists = yield* Lists
    const store = yield* ListStore
    const { byHand, members } = yield* targetHandlers

    const get = Effect.fnUntraced(function* (id: string) {
      const { firmId } = yield* CurrentFirm
      const all = yield* lists.all(firmId)
      const found = all.campaigns.find((campaign) => campaign.id === id)
      return found === undefined
        ? yield* Effect.fail(problem("not-found"))
        : { firmId, view: campaignView(found, all.counts) }
    })

    return handlers.handleAll({
      list: Effect.fn(function* () {
        const { firmId } = yield* CurrentFirm
        const all = yield* lists.all(firmId)
        return { campaigns: all.campaigns.map((campaign) => campaignView(campaign, all.counts)) }
      }),
      create: Effect.fn(function* ({ payload }) {
        const { firmId, name: by } = yield* CurrentFirm
        const { listId = null, name } = payload
        const made = yield* Effect.catchTags(lists.createCampaign(firmId, { name, listId }, by), {
          ListInvalid: refusals.ListInvalid
        })
        const none = { code: null, caseIds: [] }
        const check =
          listId === null
            ? none
            : yield* Effect.catchTags(lists.check(firmId, listId), { ListNotFound: () => Effect.succeed(none) })
        return { ...campaignView(made, new Map()), check }
      }),
      get: ({ params }) => Effect.map(get(params.id), ({ view }) => view),
      change: Effect.fn(function* ({ params, payload }) {
        const { firmId, name } = yield* CurrentFirm
        const campaign = yield* Effect.catchTags(lists.changeCampaign(firmId, params.id, payload, name), refusals)
        return campaignView(campaign, yield* store.counts(firmId))
      }),
      archive: Effect.fn(function* ({ params }) {
        const { firmId, name } = yield* CurrentFirm
        yield* Effect.catchTags(lists.archive(firmId, "campaign", params.id, name), {
          ListNotFound: refusals.ListNotFound
        })
      }),
      members: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* get(params.id)
        return yield* members(firmId, params.id, query)
      }),
      byHand: ({ params, payload }) => byHand({ kind: "campaign", id: params.id }, payload.action, payload.caseIds),
      audit: Effect.fn(function* ({ params, query }) {
        const { firmId } = yield* get(params.id)
        return { events: (yield* store.events(firmId, { targetId: params.id, ...pageOf(query) })).map(eventView) }
      })
    })
  })
)

export const layerListHandlers = Layer.mergeAll(layerLists, layerCampaigns)

interface MemberQuery {
  readonly isMember?: "true" | "false"
  readonly after?: CaseId
  readonly limit?: number
}

/** What lists and campaigns answer in the same way. */
const targetHandlers = Effect.gen(function* () {
  const cases = yield* CaseStore
  const lists = yield* Lists
  const store = yield* ListStore

  const memberView = Effect.fnUntraced(function* (of: Membership): Effect.fn.Return<MembershipView> {
    const { caseId, cause, heldOffBy, isMember, kind, since, targetId, waiting } = of
    const found = Option.map(yield* cases.get(of.firmId, caseId), ({ externalId, name, status }) => ({
      name,
      externalId,
      status: status.platform
    }))
    const shown = { kind, targetId, caseId, isMember, heldOffBy, since, cause }
    return { ...shown, case: Option.getOrNull(found), waiting: waiting.length }
  })

  const members = Effect.fnUntraced(function* (firmId: FirmId, id: string, query: MemberQuery) {
    const filter: MemberFilter = {
      limit: query.limit ?? 50,
      ...(query.isMember === undefined ? {} : { isMember: query.isMember === "true" }),
      ...(query.after === undefined ? {} : { after: query.after })
    }
    return { members: yield* Effect.forEach(yield* store.members(firmId, id, filter), memberView) }
  })

  const byHand = Effect.fnUntraced(function* (
    target: { readonly kind: "list" | "campaign"; readonly id: string },
    action: "add" | "remove" | "lift",
    caseIds: ReadonlyArray<CaseId>
  ) {
    const { firmId, name } = yield* CurrentFirm
    const done = lists.byHand(firmId, target, action, caseIds, name)
    return { results: yield* Effect.catchTags(done, { ListNotFound: refusals.ListNotFound }) }
  })

  return { byHand, memberView, members }
})

/** The same answer for another firm's list, an archived one and one that never was. */
const refusals = {
  ListNotFound: (_: ListNotFound) => Effect.fail(problem("not-found")),
  ListInvalid: ({ errors }: ListInvalid) => Effect.fail(problem("list-invalid", { errors }))
}

const pageOf = ({ before, limit }: { readonly before?: string; readonly limit?: number }) => ({
  limit: limit ?? 50,
  ...(before === undefined ? {} : { before })
})

const ruleOf = (input: AutoAddInput): AutoAdd => ({ ...noAutoAdd, ...input })

const eventView = ({ firmId: _firm, ...shown }: ListEvent) => shown

const listView = (
  { archivedAt: _archived, firmId: _firm, ...shown }: List,
  counts: ReadonlyMap<string, number>
): ListView => ({ ...shown, members: counts.get(shown.id) ?? 0 })

const campaignView = (
  { archivedAt: _archived, firmId: _firm, ...shown }: Campaign,
  counts: ReadonlyMap<string, number>
): CampaignView => ({ ...shown, members: counts.get(shown.id) ?? 0 })
