/**
 * What a webhook's options say about lists and campaigns. Body and Params beat the URL (that choice is made where the
 * options are collected); `list_id` beats `list_name`; `remove_from_list=true` beats `list_action`. A wrong option is
 * a warning and never refuses the record.
 */
import { Schema } from "effect"
import { FieldProblem } from "./Receipt.ts"

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
  const one = (key: string, field: string): string | undefined => {
    const values = [...new Set((options.get(key) ?? []).map((value) => value.trim()).filter((value) => value !== ""))]
    if (values.length > 1) warnings.push({ field, code: "repeated" })
    return values.length === 1 ? values[0] : undefined
  }
  const id = one("listid", "list_id")
  const name = one("listname", "list_name")
  const action = one("listaction", "list_action")
  const remove = one("removefromlist", "remove_from_list")
  const campaignId = one("campaignid", "campaign_id") ?? null
  const removes = remove?.toLowerCase() === "true"
  const named = action === undefined ? undefined : actions[action.toLowerCase()]
  if (action !== undefined && named === undefined) warnings.push({ field: "list_action", code: "unknown" })
  if (removes && named === "add") warnings.push({ field: "list_action", code: "contradicts-remove_from_list" })
  if (id !== undefined && name !== undefined) warnings.push({ field: "list_name", code: "list_id-used" })
  return {
    list: id !== undefined ? { _tag: "ById", id } : name !== undefined ? { _tag: "ByName", name } : null,
    action: removes ? "remove" : (named ?? "add"),
    campaignId,
    warnings
  }
}
