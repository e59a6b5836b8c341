/**
 * What webhooks, reads and people may do to lists and campaigns: pure decisions.
 *
 * A webhook's options: body and Params beat the URL (that choice is made where they are collected); `list_id` beats
 * `list_name`; `remove_from_list=true` beats `list_action`. A wrong option is a warning, never refuses the record, and
 * does nothing: a firm that asked for something unclear must not find the case in a list that calls people.
 */
import { Schema } from "effect"
import type { Case } from "./Case.ts"
import type { AutoAdd, Campaign, List, Membership, WaitingAdd } from "./List.ts"
import { type CaseType, type CaseTypeLink, linkOf } from "./Mapping.ts"
import { FieldProblem } from "./Receipt.ts"
import { sameStatus, statusKey } from "./StatusSync.ts"

export const ListIntent = Schema.Struct({
  list: Schema.NullOr(Schema.TaggedUnion({ ById: { id: Schema.String }, ByName: { name: Schema.String } })),
  action: Schema.Literals(["add", "remove"]),
  campaignId: Schema.NullOr(Schema.String),
  warnings: Schema.Array(FieldProblem)
})
export interface ListIntent extends Schema.Schema.Type<typeof ListIntent> {}

const actions: Readonly<Record<string, "add" | "remove">> = {
  add: "add",
  attach: "add",
  remove: "remove",
  detach: "remove"
}

/** `options` by normalised key (`listid`, `listname`, `listaction`, `removefromlist`, `campaignid`). */
export const readListIntent = (options: ReadonlyMap<string, ReadonlyArray<string>>): ListIntent => {
  const warnings: Array<FieldProblem> = []
  const unclear = new Set<string>()
  const warn = (field: string, code: string) => {
    warnings.push({ field, code })
    unclear.add(field)
  }
  const one = (key: string, field: string): string | undefined => {
    const values = [...new Set((options.get(key) ?? []).map((value) => value.trim()).filter((value) => value !== ""))]
    if (values.length > 1) warn(field, "repeated")
    return values.length === 1 ? values[0] : undefined
  }
  const id = one("listid", "list_id")
  const name = one("listname", "list_name")
  const action = one("listaction", "list_action")
  const remove = one("removefromlist", "remove_from_list")?.toLowerCase()
  const campaignId = one("campaignid", "campaign_id") ?? null
  const named = action === undefined ? undefined : actions[action.toLowerCase()]
  if (action !== undefined && named === undefined) warn("list_action", "unknown")
  if (remove !== undefined && remove !== "true" && remove !== "false") warn("remove_from_list", "unknown")
  const removes = remove === "true"
  if (removes && named === "add") warnings.push({ field: "list_action", code: "contradicts-remove_from_list" })
  if (id !== undefined && name !== undefined) warnings.push({ field: "list_name", code: "list_id-used" })
  if (
    (removes || named !== undefined) &&
    (id ?? name) === undefined &&
    !unclear.has("list_id") &&
    !unclear.has("list_name")
  )
    warnings.push({ field: removes ? "remove_from_list" : "list_action", code: "no-list-named" })
  const isClear =
    !unclear.has("list_id") &&
    (id !== undefined || !unclear.has("list_name")) &&
    !unclear.has("remove_from_list") &&
    (removes || !unclear.has("list_action"))
  const list =
    id !== undefined ? ({ _tag: "ById", id } as const) : name !== undefined ? ({ _tag: "ByName", name } as const) : null
  return { list: isClear ? list : null, action: removes ? "remove" : (named ?? "add"), campaignId, warnings }
}

export type Found<A> =
  | { readonly _tag: "Found"; readonly value: A }
  /** The same warning whether there is none or it belongs to another firm: only the firm's own are ever looked at. */
  | { readonly _tag: "NotFound"; readonly warning: FieldProblem }

/** The list that a webhook names, among the firm's own. Never makes one. */
export const findList = (ref: NonNullable<ListIntent["list"]>, lists: ReadonlyArray<List>): Found<List> => {
  const field = ref._tag === "ById" ? "list_id" : "list_name"
  const live = lists.filter(({ archivedAt }) => archivedAt === null)
  const hits =
    ref._tag === "ById"
      ? live.filter((list) => isNumbered(list, ref.id))
      : live.filter(({ name }) => statusKey(name) === statusKey(ref.name))
  const [first, second] = hits
  return first === undefined
    ? { _tag: "NotFound", warning: { field, code: "list_not_found" } }
    : second !== undefined
      ? { _tag: "NotFound", warning: { field, code: "list_ambiguous" } }
      : { _tag: "Found", value: first }
}

export const findCampaign = (id: string, campaigns: ReadonlyArray<Campaign>): Found<Campaign> => {
  const found = campaigns.find((campaign) => campaign.archivedAt === null && isNumbered(campaign, id))
  return found === undefined
    ? { _tag: "NotFound", warning: { field: "campaign_id", code: "campaign_not_found" } }
    : { _tag: "Found", value: found }
}

const isNumbered = (of: { readonly id: string; readonly number: number }, id: string): boolean =>
  id === String(of.number) || id === of.id

export type ReceiptVerdict =
  | { readonly _tag: "Apply" }
  /** It is so already. */
  | { readonly _tag: "Repeat" }
  /** An add that may rest on a status of yesterday: the next verified read decides. */
  | { readonly _tag: "Wait" }
  /** It would undo a later operation: a copy of an older receipt, or one that is applied late. */
  | { readonly _tag: "Older" }
  /** A person took the case out. */
  | { readonly _tag: "HeldOff" }

/**
 * What a receipt's operation does to a membership. A remove needs no status to be verified; an add does, because a list
 * may begin a campaign. Neither undoes an operation that came later.
 */
export const decideReceipt = (options: {
  readonly action: "add" | "remove"
  /** The receive number of the receipt, or of the oldest one with the same bytes. */
  readonly order: number
  /** The status the receipt carries; null when it carries none. */
  readonly status: string | null
  readonly present: Membership | undefined
  /** What the CRM was last read to hold; `undefined` while nothing was read. */
  readonly verified: string | null | undefined
}): ReceiptVerdict => {
  const { action, order, present, status, verified } = options
  const isMember = present?.isMember ?? false
  const isOlder = present !== undefined && order <= present.receiveNumber
  if (action === "remove") {
    if (isOlder) return { _tag: isMember ? "Older" : "Repeat" }
    const isOut = present !== undefined && !isMember && present.heldOffBy !== null
    return { _tag: isOut && outlived(present.waiting, order).length === present.waiting.length ? "Repeat" : "Apply" }
  }
  if (isMember || present?.waiting.some(({ receiveNumber }) => receiveNumber === order)) return { _tag: "Repeat" }
  if (isOlder) return { _tag: "Older" }
  if (present?.heldOffBy === "person") return { _tag: "HeldOff" }
  return { _tag: verified === undefined || (status !== null && !sameStatus(status, verified)) ? "Wait" : "Apply" }
}

/** The waiting adds that came after an operation and so outlive it. */
export const outlived = (waiting: ReadonlyArray<WaitingAdd>, order: number): ReadonlyArray<WaitingAdd> =>
  waiting.filter(({ receiveNumber }) => receiveNumber > order)

/** After a verified read: the newest waiting add that named the status the CRM holds, and those that did not. */
export const decideWaiting = (
  waiting: ReadonlyArray<WaitingAdd>,
  verified: string | null
): { readonly granted: WaitingAdd | undefined; readonly dropped: ReadonlyArray<WaitingAdd> } => {
  const agrees = ({ status }: WaitingAdd) => status === null || sameStatus(status, verified)
  return { granted: waiting.findLast(agrees), dropped: waiting.filter((add) => !agrees(add)) }
}

/** One waiting add a status is enough: of two receipts with the same status the newer one stays. */
export const withWaiting = (waiting: ReadonlyArray<WaitingAdd>, add: WaitingAdd): ReadonlyArray<WaitingAdd> => {
  const twin = waiting.find(({ status }) => sameStatus(status, add.status))
  return [...waiting.filter((other) => other !== twin), newer(twin, add)].sort(
    (a, b) => a.receiveNumber - b.receiveNumber
  )
}

const newer = (a: WaitingAdd | undefined, b: WaitingAdd): WaitingAdd =>
  a !== undefined && a.receiveNumber > b.receiveNumber ? a : b

export type AutoAddVerdict =
  | { readonly _tag: "Add" }
  /** The rule does not ask for this case. */
  | { readonly _tag: "NotAsked"; readonly reason: "off" | "later-sync" | "connection" | "case-type" | "status" }
  /** It asks, and there is nothing to do or something stands against it. */
  | { readonly _tag: "Kept"; readonly reason: "member" | "removed-by-person" | "removed-by-webhook" }

/** What a list's rule says about a case that was just read. */
export const decideAutoAdd = (
  rule: AutoAdd,
  facts: {
    readonly connectionId: string
    readonly caseType: CaseType
    readonly status: string | null
    readonly isFirstSync: boolean
  },
  present: Membership | undefined
): AutoAddVerdict => {
  if (!rule.on) return { _tag: "NotAsked", reason: "off" }
  if (rule.connectionId !== null && rule.connectionId !== facts.connectionId)
    return { _tag: "NotAsked", reason: "connection" }
  if (rule.caseTypes.length > 0 && !rule.caseTypes.some((type) => isSameCaseType(type, facts.caseType)))
    return { _tag: "NotAsked", reason: "case-type" }
  if (rule.statuses.length > 0 && !rule.statuses.some((status) => sameStatus(status, facts.status)))
    return { _tag: "NotAsked", reason: "status" }
  if (rule.firstSyncOnly && !facts.isFirstSync) return { _tag: "NotAsked", reason: "later-sync" }
  if (present?.isMember) return { _tag: "Kept", reason: "member" }
  if (present?.heldOffBy === "person") return { _tag: "Kept", reason: "removed-by-person" }
  if (present?.heldOffBy === "webhook") return { _tag: "Kept", reason: "removed-by-webhook" }
  return { _tag: "Add" }
}

const isSameCaseType = (a: CaseType, b: CaseType): boolean =>
  a.externalId !== undefined && b.externalId !== undefined
    ? a.externalId === b.externalId
    : statusKey(a.name) === statusKey(b.name)

export type HandVerdict =
  | { readonly _tag: "Apply"; readonly next: Pick<Membership, "isMember" | "heldOffBy"> }
  | { readonly _tag: "Already" }

/** What a person does is always the latest word, also against what waits. */
export const decideByHand = (action: "add" | "remove" | "lift", present: Membership | undefined): HandVerdict => {
  switch (action) {
    case "add":
      return present?.isMember ? { _tag: "Already" } : { _tag: "Apply", next: { isMember: true, heldOffBy: null } }
    case "remove":
      return present?.isMember === false && present.heldOffBy === "person"
        ? { _tag: "Already" }
        : { _tag: "Apply", next: { isMember: false, heldOffBy: "person" } }
    case "lift":
      return present === undefined || present.heldOffBy === null
        ? { _tag: "Already" }
        : { _tag: "Apply", next: { isMember: present.isMember, heldOffBy: null } }
  }
}

/** Whether a case has the one case type that its list is for; a list without one takes any. */
export const hasCaseType = (
  list: Pick<List, "caseType">,
  links: ReadonlyArray<CaseTypeLink>,
  of: Pick<Case, "caseType">
): boolean => {
  if (list.caseType === null) return true
  const link = linkOf(links, of.caseType)
  const platform = link._tag === "Linked" ? link.platformCaseType : of.caseType.name
  return statusKey(platform) === statusKey(list.caseType)
}
