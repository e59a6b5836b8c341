/**
 * Lists and campaigns as people keep them: made, changed, archived, and cases put in or taken out by hand.
 *
 * A person is always the latest word: a removal by hand keeps every automatic add away until it is lifted. Changing a
 * rule adds nobody by itself; the next sync of a case asks it. Every change leaves a line in the audit.
 */
import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import type { Case, CaseId } from "./domain/Case.ts"
import type { CaseTypeLink } from "./domain/Mapping.ts"
import { type FirmId, type Instant, newId } from "./domain/Ids.ts"
import {
  type AutoAdd,
  type Campaign,
  CampaignId,
  type List,
  type ListEvent,
  ListId,
  type Membership,
  noAutoAdd,
  type TargetKind
} from "./domain/List.ts"
import { decideByHand, hasCaseType } from "./domain/ListRouting.ts"
import { FieldProblem } from "./domain/Receipt.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { CaseStore } from "./ports/CaseStore.ts"
import { ConnectionStore } from "./ports/ConnectionStore.ts"
import { ListStore } from "./ports/ListStore.ts"
import { Storage } from "./ports/Storage.ts"

/** There is no such list or campaign, it is another firm's, or it was archived. */
export class ListNotFound extends Schema.TaggedError<ListNotFound>()("ListNotFound", { id: Schema.String }) {}

export class ListInvalid extends Schema.TaggedError<ListInvalid>()("ListInvalid", {
  errors: Schema.Array(FieldProblem)
}) {}

export type ListInput = Pick<List, "name" | "description" | "caseType">
export type CampaignInput = Pick<Campaign, "name" | "listId">

export interface HandResult {
  readonly caseId: CaseId
  readonly result: "added" | "removed" | "lifted" | "unchanged" | "not-found"
}

/** What speaks against using a list for a campaign: a warning, nothing is refused for it. */
export interface CaseTypeCheck {
  readonly code: "case-type-missing" | "case-type-differs" | null
  /** The cases of another case type, the first hundred. */
  readonly caseIds: ReadonlyArray<CaseId>
}

export class Lists extends Context.Service<
  Lists,
  {
    /** Where nothing is archived, by number, with how many cases stand in each. */
    readonly all: (firmId: FirmId) => Effect.Effect<{
      readonly lists: ReadonlyArray<List>
      readonly campaigns: ReadonlyArray<Campaign>
      readonly counts: ReadonlyMap<string, number>
    }>
    readonly create: (firmId: FirmId, input: ListInput, by: string, rule?: AutoAdd) => Effect.Effect<List, ListInvalid>
    readonly change: (
      firmId: FirmId,
      id: ListId,
      input: Partial<ListInput>,
      by: string
    ) => Effect.Effect<List, ListNotFound | ListInvalid>
    readonly setAutoAdd: (
      firmId: FirmId,
      id: ListId,
      rule: AutoAdd,
      by: string
    ) => Effect.Effect<List, ListNotFound | ListInvalid>
    readonly createCampaign: (firmId: FirmId, input: CampaignInput, by: string) => Effect.Effect<Campaign, ListInvalid>
    readonly changeCampaign: (
      firmId: FirmId,
      id: CampaignId,
      input: Partial<CampaignInput>,
      by: string
    ) => Effect.Effect<Campaign, ListNotFound | ListInvalid>
    /** From now on it takes no cases; its number is never given again. */
    readonly archive: (firmId: FirmId, kind: TargetKind, id: string, by: string) => Effect.Effect<void, ListNotFound>
    /** One result a case, in order. */
    readonly byHand: (
      firmId: FirmId,
      target: { readonly kind: TargetKind; readonly id: string },
      action: "add" | "remove" | "lift",
      caseIds: ReadonlyArray<CaseId>,
      by: string
    ) => Effect.Effect<ReadonlyArray<HandResult>, ListNotFound>
    /** Whether every case of a list has the one case type that a campaign needs. */
    readonly check: (firmId: FirmId, id: ListId) => Effect.Effect<CaseTypeCheck, ListNotFound>
  }
>()("@casewire/core/Lists") {
  static readonly layer = Layer.effect(
    Lists,
    Effect.gen(function* () {
      const cases = yield* CaseStore
      const connections = yield* ConnectionStore
      const hooks = yield* PlatformHooks
      const store = yield* ListStore
      const storage = yield* Storage

      const line = Effect.fnUntraced(function* (
        of: { readonly firmId: FirmId; readonly id: string; readonly caseId?: CaseId },
        kind: TargetKind,
        change: ListEvent["change"],
        cause: string,
        detail: string | null = null
      ): Effect.fn.Return<ListEvent> {
        const [id, at] = [yield* newId, yield* Clock.currentTimeMillis]
        return {
          id,
          firmId: of.firmId,
          at,
          kind,
          targetId: of.id,
          caseId: of.caseId ?? null,
          change,
          by: "person",
          cause,
          detail
        }
      })

      const liveList = (firmId: FirmId, id: string) => live(store.lists(firmId), id)
      const liveCampaign = (firmId: FirmId, id: string) => live(store.campaigns(firmId), id)
      const live = Effect.fnUntraced(function* <A extends List | Campaign>(
        all: Effect.Effect<ReadonlyArray<A>>,
        id: string
      ) {
        const found = (yield* all).find((value) => value.id === id && value.archivedAt === null)
        return found ?? (yield* new ListNotFound({ id }))
      })

      const all: Lists["Service"]["all"] = Effect.fn("Lists.all")(function* (firmId) {
        const isLive = ({ archivedAt }: { readonly archivedAt: Instant | null }) => archivedAt === null
        const lists = (yield* store.lists(firmId)).filter(isLive)
        const campaigns = (yield* store.campaigns(firmId)).filter(isLive)
        return { lists, campaigns, counts: yield* store.counts(firmId) }
      })

      /** What both kinds begin with. */
      const begun = Effect.fnUntraced(function* (firmId: FirmId, others: ReadonlyArray<{ readonly number: number }>) {
        const now = yield* Clock.currentTimeMillis
        const number = others.reduce((highest, other) => Math.max(highest, other.number), 0) + 1
        return { firmId, number, createdAt: now, updatedAt: now, archivedAt: null }
      })

      const create: Lists["Service"]["create"] = Effect.fn("Lists.create")(function* (firmId, input, by, rule) {
        yield* checked([...nameProblems(input.name), ...(yield* ruleProblems(firmId, rule))])
        return yield* storage.atomically(
          Effect.gen(function* () {
            const common = yield* begun(firmId, yield* store.lists(firmId))
            const list: List = { ...common, id: ListId.make(yield* newId), ...tidy(input), autoAdd: rule ?? noAutoAdd }
            yield* store.saveList(list, yield* line(list, "list", "created", by))
            return list
          })
        )
      })

      const update = (firmId: FirmId, id: ListId, by: string, change: ListEvent["change"], next: Partial<List>) =>
        storage.atomically(
          Effect.gen(function* () {
            const before = yield* liveList(firmId, id)
            const list: List = { ...before, ...next, updatedAt: yield* Clock.currentTimeMillis }
            yield* store.saveList(list, yield* line(list, "list", change, by, was(before, next)))
            return list
          })
        )

      const change: Lists["Service"]["change"] = Effect.fn("Lists.change")(function* (firmId, id, input, by) {
        if (input.name !== undefined) yield* checked(nameProblems(input.name))
        return yield* update(firmId, id, by, "changed", tidy(input))
      })

      const setAutoAdd: Lists["Service"]["setAutoAdd"] = Effect.fn("Lists.setAutoAdd")(
        function* (firmId, id, rule, by) {
          yield* checked(yield* ruleProblems(firmId, rule))
          return yield* update(firmId, id, by, "rule-changed", { autoAdd: rule })
        }
      )

      const ruleProblems = Effect.fnUntraced(function* (firmId: FirmId, rule: AutoAdd | undefined) {
        if (rule === undefined || rule.connectionId === null) return []
        const found = yield* Effect.option(connections.get(firmId, rule.connectionId))
        return Option.isSome(found) ? [] : [{ field: "autoAdd.connectionId", code: "unknown" }]
      })

      const listProblems = Effect.fnUntraced(function* (firmId: FirmId, listId: ListId | null | undefined) {
        if (listId === null || listId === undefined) return []
        const found = yield* Effect.option(liveList(firmId, listId))
        return Option.isSome(found) ? [] : [{ field: "listId", code: "list_not_found" }]
      })

      const createCampaign: Lists["Service"]["createCampaign"] = Effect.fn("Lists.createCampaign")(
        function* (firmId, input, by) {
          yield* checked([...nameProblems(input.name), ...(yield* listProblems(firmId, input.listId))])
          return yield* storage.atomically(
            Effect.gen(function* () {
              const common = yield* begun(firmId, yield* store.campaigns(firmId))
              const campaign: Campaign = { ...common, id: CampaignId.make(yield* newId), ...tidy(input) }
              yield* store.saveCampaign(campaign, yield* line(campaign, "campaign", "created", by))
              return campaign
            })
          )
        }
      )

      const changeCampaign: Lists["Service"]["changeCampaign"] = Effect.fn("Lists.changeCampaign")(
        function* (firmId, id, input, by) {
          const ofName = input.name === undefined ? [] : nameProblems(input.name)
          yield* checked([...ofName, ...(yield* listProblems(firmId, input.listId))])
          return yield* storage.atomically(
            Effect.gen(function* () {
              const before = yield* liveCampaign(firmId, id)
              const campaign: Campaign = { ...before, ...tidy(input), updatedAt: yield* Clock.currentTimeMillis }
              yield* store.saveCampaign(campaign, yield* line(campaign, "campaign", "changed", by, was(before, input)))
              return campaign
            })
          )
        }
      )

      const archive: Lists["Service"]["archive"] = Effect.fn("Lists.archive")(function* (firmId, kind, id, by) {
        yield* storage.atomically(
          Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            const gone = { archivedAt: now, updatedAt: now }
            const event = (of: List | Campaign) => line(of, kind, "archived", by)
            if (kind === "list") {
              const list = yield* liveList(firmId, id)
              yield* store.saveList({ ...list, ...gone }, yield* event(list))
            } else {
              const campaign = yield* liveCampaign(firmId, id)
              yield* store.saveCampaign({ ...campaign, ...gone }, yield* event(campaign))
            }
          })
        )
      })

      const moveOne = Effect.fnUntraced(function* (
        of: Case,
        target: { readonly kind: TargetKind; readonly id: string },
        action: "add" | "remove" | "lift",
        by: string,
        detail: string | null
      ): Effect.fn.Return<HandResult["result"]> {
        const { firmId } = of
        const known = (yield* store.membershipsOf(firmId, of.id)).find(({ targetId }) => targetId === target.id)
        const verdict = decideByHand(action, known)
        if (verdict._tag === "Already") return "unchanged"
        const isMember = known?.isMember ?? false
        const isMoved = verdict.next.isMember !== isMember
        const change = action === "lift" ? "lifted" : verdict.next.isMember ? "added" : "removed"
        const next: Membership = {
          firmId,
          kind: target.kind,
          targetId: target.id,
          caseId: of.id,
          ...verdict.next,
          // Whatever a webhook asked for before this moment is over.
          receiveNumber: yield* store.newestReceipt(firmId),
          waiting: [],
          since: isMoved || known === undefined ? yield* Clock.currentTimeMillis : known.since,
          cause: isMoved || known === undefined ? by : known.cause
        }
        // Kept out from now on, though it was not in: the audit has that, and nobody hears of a case that left.
        const why = change === "removed" && !isMoved ? "was-not-in" : detail
        const event = yield* line({ firmId, id: target.id, caseId: of.id }, target.kind, change, by, why)
        yield* store.saveMembership(next, [event])
        if (isMoved) yield* hooks.listed(of, [event])
        return change
      })

      const byHand: Lists["Service"]["byHand"] = Effect.fn("Lists.byHand")(
        function* (firmId, target, action, caseIds, by) {
          const { id, kind } = target
          const list = kind === "list" ? yield* liveList(firmId, id) : undefined
          if (kind === "campaign") yield* liveCampaign(firmId, id)
          const linksOf = yield* caseTypeLinks(firmId)
          return yield* Effect.forEach(caseIds, (caseId) =>
            Effect.gen(function* () {
              const found = Option.getOrUndefined(yield* cases.get(firmId, caseId))
              if (found === undefined) return { caseId, result: "not-found" } as const
              const fits = action !== "add" || list === undefined || hasCaseType(list, linksOf(found), found)
              const detail = fits ? null : "case-type-differs"
              const { connectionId, externalId } = found
              const result = yield* storage.withCase(
                { connectionId, externalCaseId: externalId },
                moveOne(found, target, action, by, detail)
              )
              return { caseId, result }
            })
          )
        }
      )

      const caseTypeLinks = (firmId: FirmId) =>
        Effect.map(connections.list(firmId), (all) => {
          const links = new Map(all.map((connection) => [connection.id, connection.caseTypeLinks]))
          return (of: Case): ReadonlyArray<CaseTypeLink> => links.get(of.connectionId) ?? []
        })

      const check: Lists["Service"]["check"] = Effect.fn("Lists.check")(function* (firmId, id) {
        const list = yield* liveList(firmId, id)
        if (list.caseType === null) return { code: "case-type-missing", caseIds: [] }
        const linksOf = yield* caseTypeLinks(firmId)
        const differing: Array<CaseId> = []
        for (let after: CaseId | undefined; differing.length < 100;) {
          const filter = { isMember: true, limit: 500, ...(after === undefined ? {} : { after }) }
          const page = yield* store.members(firmId, id, filter)
          for (const { caseId } of page) {
            const of = Option.getOrUndefined(yield* cases.get(firmId, caseId))
            if (of !== undefined && !hasCaseType(list, linksOf(of), of)) differing.push(caseId)
          }
          after = page.at(-1)?.caseId
          if (page.length < 500) break
        }
        return { code: differing.length === 0 ? null : "case-type-differs", caseIds: differing.slice(0, 100) }
      })

      return Lists.of({ all, create, change, setAutoAdd, createCampaign, changeCampaign, archive, byHand, check })
    })
  )
}

const checked = (errors: ReadonlyArray<FieldProblem>): Effect.Effect<void, ListInvalid> =>
  errors.length === 0 ? Effect.void : Effect.fail(new ListInvalid({ errors }))

const nameProblems = (name: string): ReadonlyArray<FieldProblem> =>
  name.trim() === ""
    ? [{ field: "name", code: "empty" }]
    : name.length > 200
      ? [{ field: "name", code: "too-long" }]
      : []

/** A name without the blanks around it, and no case type where there are only blanks. */
const tidy = <A extends { readonly name?: string; readonly caseType?: string | null }>(input: A): A => ({
  ...input,
  ...(input.name === undefined ? {} : { name: input.name.trim() }),
  ...(input.caseType?.trim() === "" ? { caseType: null } : {})
})

/** The changed values as they were before. */
const was = <A extends object>(before: A, next: Partial<A>): string =>
  JSON.stringify(Object.fromEntries(Object.keys(next).map((key) => [key, before[key as keyof A]])))
