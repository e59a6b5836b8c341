/**
 * What webhooks and reads do to lists and campaigns, inside the case's transaction, which the caller opened.
 *
 * A remove applies at once. An add waits until a verified read shows the status that its receipt carried. Receipts count
 * by receive number, one with the same bytes as an older one counts as that one, and nothing automatic goes against a
 * person's removal. A wrong option becomes a warning on the receipt; the record itself is never refused.
 */
import { Clock, Context, Effect, Layer, Option } from "effect"
import type { Case } from "./domain/Case.ts"
import type { Connection } from "./domain/Connection.ts"
import type { FlatRecord } from "./domain/FlatRecord.ts"
import { newId } from "./domain/Ids.ts"
import { copyMark, namesOnly } from "./domain/KeptNames.ts"
import { withLocks } from "./domain/LockedOptions.ts"
import type { Campaign, List, ListEvent, Membership, TargetKind, WaitingAdd } from "./domain/List.ts"
import {
  decideAutoAdd,
  decideReceipt,
  decideWaiting,
  findCampaign,
  findList,
  type Found,
  hasCaseType,
  outlived,
  readListIntent,
  withWaiting
} from "./domain/ListRouting.ts"
import { type FieldProblem, type Receipt, ReceiptId } from "./domain/Receipt.ts"
import { fieldTables, findFields } from "./domain/WebhookFields.ts"
import { PlatformHooks } from "./PlatformHooks.ts"
import { ListStore } from "./ports/ListStore.ts"
import { Plugins } from "./ports/Plugins.ts"
import { Storage } from "./ports/Storage.ts"

export class ListRouter extends Context.Service<
  ListRouter,
  {
    /** Does what the receipt's options ask for. `status` is the one it carries. */
    readonly afterReceipt: (
      connection: Connection,
      of: Case,
      receipt: Receipt,
      entries: FlatRecord,
      status: string | null,
      /** The CRM does not know the record: its case is taken out where that is asked for, and put in nowhere. */
      isGone?: boolean
    ) => Effect.Effect<void>
    /**
     * After a read was taken into the case: decides the adds that waited and asks every list's auto-add rule.
     * `isFirstSync` is the flag that the case was made with; whoever calls clears it in the same transaction.
     */
    readonly afterRead: (of: Case, isFirstSync: boolean, cause: string) => Effect.Effect<void>
    /** The CRM does not know the record: what waited is dropped. */
    readonly afterGone: (of: Case) => Effect.Effect<void>
  }
>()("@casewire/core/ListRouter") {
  static readonly layer = Layer.effect(
    ListRouter,
    Effect.gen(function* () {
      const hooks = yield* PlatformHooks
      const plugins = yield* Plugins
      const store = yield* ListStore
      const storage = yield* Storage
      const tableOf = fieldTables((plugin) => Option.getOrThrow(plugins.manifest(plugin)).webhook)

      const save = (of: Case, membership: Membership, lines: ReadonlyArray<ListEvent>) =>
        Effect.andThen(store.saveMembership(membership, lines), hooks.listed(of, lines))

      const warn = Effect.fnUntraced(function* (of: Case, receiptId: string, warning: FieldProblem) {
        const id = ReceiptId.make(receiptId)
        const found = yield* storage.receipt(of.firmId, id)
        if (Option.isNone(found)) return
        const { disposition, errors, externalCaseId, replayedAt, warnings } = found.value
        if (warnings.some(({ code, field }) => code === warning.code && field === warning.field)) return
        const more = [...warnings, warning]
        yield* storage.judge(of.firmId, id, { disposition, errors, externalCaseId, replayedAt, warnings: more })
      })

      const event = Effect.fnUntraced(function* (
        of: Pick<Membership, "firmId" | "kind" | "targetId" | "caseId">,
        line: Pick<ListEvent, "change" | "by" | "cause"> & { readonly detail?: string | null }
      ): Effect.fn.Return<ListEvent> {
        const { caseId, firmId, kind, targetId } = of
        const [id, at] = [yield* newId, yield* Clock.currentTimeMillis]
        return { id, firmId, at, kind, targetId, caseId, detail: null, ...line }
      })

      /** The receive number the receipt counts by: that of the oldest receipt of the case with the same bytes. */
      const orderOf = Effect.fnUntraced(function* (receipt: Receipt) {
        const { connectionId, externalCaseId, firmId } = receipt
        if (externalCaseId === null) return receipt.receiveNumber
        let order = receipt.receiveNumber
        let before: ReceiptId | undefined
        for (;;) {
          const page = yield* storage.receipts(firmId, {
            connectionId,
            externalCaseId,
            limit: pageSize,
            ...(before === undefined ? {} : { before })
          })
          for (const other of page)
            if (other.receiveNumber < order && isCopy(other, receipt)) order = other.receiveNumber
          before = page.at(-1)?.id
          if (page.length < pageSize || before === undefined) return order
        }
      })

      const drop = Effect.fnUntraced(function* (of: Case, membership: Membership, add: WaitingAdd, code: string) {
        yield* warn(of, add.receiptId, { field: add.field, code })
        return yield* event(membership, { change: "dropped", by: "receipt", cause: add.receiptId, detail: code })
      })

      const operate = Effect.fnUntraced(function* (
        of: Case,
        receipt: Receipt,
        target: {
          readonly kind: TargetKind
          readonly id: string
          readonly field: string
          readonly detail: string | null
        },
        action: "add" | "remove",
        status: string | null
      ) {
        const present = (yield* store.membershipsOf(of.firmId, of.id)).find(({ targetId }) => targetId === target.id)
        const order = present === undefined ? receipt.receiveNumber : yield* orderOf(receipt)
        const base = present ?? blank(of, target.kind, target.id)
        const isVerified = of.verifiedAt !== null || of.standing === "unverified"
        const verified = isVerified ? of.status.seenCrm : undefined
        const verdict = decideReceipt({ action, order, status, present, verified })
        const now = yield* Clock.currentTimeMillis
        const by = { by: "receipt", cause: receipt.id } as const
        const { detail, field } = target
        switch (verdict._tag) {
          case "Apply": {
            const isMember = action === "add"
            const isMove = isMember !== base.isMember
            const waiting = isMember ? [] : outlived(base.waiting, order)
            const next: Membership = {
              ...base,
              isMember,
              heldOffBy: isMember ? null : base.heldOffBy === "person" ? "person" : "webhook",
              receiveNumber: order,
              waiting,
              ...(isMove ? { since: now, cause: receipt.id } : {})
            }
            const ended = isMember ? [] : base.waiting.filter((add) => !waiting.includes(add))
            const lines = yield* Effect.forEach(ended, (add) => drop(of, base, add, "removed-since"))
            const change = isMember ? "added" : "removed"
            return yield* save(of, next, [...lines, ...(isMove ? [yield* event(base, { change, ...by, detail })] : [])])
          }
          case "Repeat":
            // A newer receipt that says the same is the latest word all the same.
            if (present !== undefined && order > present.receiveNumber && (action === "remove" || present.isMember))
              yield* save(of, { ...present, receiveNumber: order }, [])
            return
          case "Wait": {
            const waiting = withWaiting(base.waiting, { receiptId: receipt.id, receiveNumber: order, status, field })
            return yield* save(of, { ...base, waiting }, [yield* event(base, { change: "waiting", ...by })])
          }
          case "Older":
          case "HeldOff": {
            const code = verdict._tag === "Older" ? "older-than-a-later-change" : "removed-by-a-person"
            yield* warn(of, receipt.id, { field, code })
            return yield* save(of, base, [yield* event(base, { change: "refused", ...by, detail: code })])
          }
        }
      })

      const afterReceipt: ListRouter["Service"]["afterReceipt"] = Effect.fn("ListRouter.afterReceipt")(function* (
        connection,
        of,
        receipt,
        entries,
        status,
        isGone = false
      ) {
        const found = findFields(tableOf(connection), entries, receipt.query)
        if (found._tag === "Test" || found.options.size === 0) return
        const intent = readListIntent(withLocks(found.options, receipt.query).options)
        /** The value, or the warning that there is none. */
        const orWarn = <A>(found: Found<A>): Effect.Effect<A | undefined> =>
          found._tag === "Found"
            ? Effect.succeed(found.value)
            : Effect.as(warn(of, receipt.id, found.warning), undefined)
        if (isGone && (intent.action === "add" || intent.campaignId !== null))
          yield* warn(of, receipt.id, { field: "options", code: "record-not-found" })
        if (intent.list !== null && !(isGone && intent.action === "add")) {
          const list = yield* orWarn<List>(findList(intent.list, yield* store.lists(of.firmId)))
          if (list !== undefined) {
            const field = intent.list._tag === "ById" ? "list_id" : "list_name"
            const fits = intent.action === "remove" || hasCaseType(list, connection.caseTypeLinks, of)
            if (!fits) yield* warn(of, receipt.id, { field, code: "case-type-differs" })
            const detail = fits ? null : "case-type-differs"
            yield* operate(of, receipt, { kind: "list", id: list.id, field, detail }, intent.action, status)
          }
        }
        if (intent.campaignId !== null && !isGone) {
          const all = yield* store.campaigns(of.firmId)
          const campaign = yield* orWarn<Campaign>(findCampaign(intent.campaignId, all))
          const target = { kind: "campaign", field: "campaign_id", detail: null } as const
          if (campaign !== undefined) yield* operate(of, receipt, { ...target, id: campaign.id }, "add", status)
        }
      })

      const dropAll = Effect.fnUntraced(function* (of: Case, membership: Membership, code: string) {
        const lines = yield* Effect.forEach(membership.waiting, (add) => drop(of, membership, add, code))
        const settled: Membership = { ...membership, waiting: [] }
        yield* save(of, settled, lines)
        return settled
      })

      const settleWaiting = Effect.fnUntraced(function* (of: Case, membership: Membership, isLive: boolean) {
        if (!isLive) return yield* dropAll(of, membership, `${membership.kind}_not_found`)
        const { dropped, granted } = decideWaiting(membership.waiting, of.status.seenCrm)
        if (granted === undefined) return yield* dropAll(of, membership, "status-differs")
        const lines = yield* Effect.forEach(dropped, (add) => drop(of, membership, add, "status-differs"))
        const added: Membership = {
          ...membership,
          isMember: true,
          heldOffBy: null,
          receiveNumber: Math.max(membership.receiveNumber, granted.receiveNumber),
          waiting: [],
          since: yield* Clock.currentTimeMillis,
          cause: granted.receiptId
        }
        const line = yield* event(membership, { change: "added", by: "receipt", cause: granted.receiptId })
        yield* save(of, added, [...lines, line])
        return added
      })

      const afterRead: ListRouter["Service"]["afterRead"] = Effect.fn("ListRouter.afterRead")(
        function* (of, isFirstSync, cause) {
          const lists = yield* store.lists(of.firmId)
          const present = new Map<string, Membership>()
          for (const membership of yield* store.membershipsOf(of.firmId, of.id)) {
            const { kind, targetId, waiting } = membership
            if (waiting.length === 0) {
              present.set(targetId, membership)
              continue
            }
            const targets = kind === "list" ? lists : yield* store.campaigns(of.firmId)
            const isLive = targets.some(({ archivedAt, id }) => id === targetId && archivedAt === null)
            present.set(targetId, yield* settleWaiting(of, membership, isLive))
          }
          const { caseType, connectionId } = of
          const facts = { connectionId, caseType, status: of.status.seenCrm ?? of.status.platform, isFirstSync }
          for (const list of lists) {
            if (list.archivedAt !== null || !list.autoAdd.on) continue
            const known = present.get(list.id)
            const base = known ?? blank(of, "list", list.id)
            const verdict = decideAutoAdd(list.autoAdd, facts, known)
            if (verdict._tag === "Add") {
              const added = { ...base, isMember: true, heldOffBy: null, since: yield* Clock.currentTimeMillis, cause }
              yield* save(of, added, [yield* event(base, { change: "added", by: "auto-add", cause })])
            } else if (verdict._tag === "NotAsked" && leaves.has(verdict.reason) && known?.heldOffBy === "webhook")
              // The case left the rule's filters: when it comes back, that is news.
              yield* save(of, { ...known, heldOffBy: null }, [])
          }
        }
      )

      const afterGone: ListRouter["Service"]["afterGone"] = Effect.fn("ListRouter.afterGone")(function* (of) {
        for (const membership of yield* store.membershipsOf(of.firmId, of.id))
          if (membership.waiting.length > 0) yield* dropAll(of, membership, "record-not-found")
      })

      return ListRouter.of({ afterReceipt, afterRead, afterGone })
    })
  )
}

const pageSize = 200

/** What says that a case is outside of a rule's filters. */
const leaves: ReadonlySet<string> = new Set(["case-type", "status"])

const blank = (of: Case, kind: TargetKind, targetId: string): Membership => ({
  firmId: of.firmId,
  kind,
  targetId,
  caseId: of.id,
  isMember: false,
  heldOffBy: null,
  receiveNumber: 0,
  waiting: [],
  since: of.createdAt,
  cause: ""
})

/** Byte for byte: what the sender sent, whatever headers a relay put around it. */
const isCopy = (a: Receipt, b: Receipt): boolean =>
  a.mediaType === namesOnly || b.mediaType === namesOnly
    ? copyMark(a) === copyMark(b)
    : a.mediaType === b.mediaType &&
      a.body === b.body &&
      a.query.length === b.query.length &&
      a.query.every(([key, value], index) => key === b.query[index]![0] && value === b.query[index]![1])
