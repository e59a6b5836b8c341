/**
 * What kind of value a field holds, read from the many words that CRMs, sheets and the platform use for input types, and
 * what happens to a value that moves from one kind to another.
 */
import { Schema } from "effect"

export const FieldKind = Schema.Literals([
  "text",
  "date",
  "time",
  "yesno",
  "number",
  "single",
  "multi",
  "phone",
  "email",
  "address",
  "file",
  /** Holds no value: a script that is read aloud, a heading. */
  "none"
])
export type FieldKind = typeof FieldKind.Type

const words: Readonly<Record<FieldKind, string>> = {
  text: "text textarea shorttext longtext richtext freetext singleline multiline string memo paragraph note",
  date: "date datetime daterange dateandtime calendar",
  time: "time",
  yesno: "yesno boolean bool checkbox truefalse toggle yn yesornoquestion yesorno",
  number: "number numeric integer int decimal currency money amount percentage percent",
  single: "single singleselect singlechoice select dropdown radio radiobutton picklist list choice state options",
  multi:
    "multi multiselect multichoice multiplechoice multipleselect checkboxes checkboxlist checkall checkallthatapply",
  phone: "phone telephone phonenumber mobile",
  email: "email emailaddress",
  address: "address",
  file: "file upload document attachment signature",
  none: "script heading header label section instructions"
}

const kindByWord = new Map(
  Object.entries(words).flatMap(([kind, list]) => list.split(" ").map((word) => [word, kind as FieldKind] as const))
)

/** The kind that an input type's name stands for; nothing for a blank or a word that nobody uses. */
export const kindOf = (inputType: string): FieldKind | undefined =>
  kindByWord.get(
    inputType
      .normalize("NFKC")
      .toLowerCase()
      .replace(/\(.*?\)/g, "")
      .replace(/[^a-z]/g, "")
  )

export type Fit =
  | { readonly _tag: "Same" }
  /** It works and loses something, which is named. */
  | { readonly _tag: "Lossy"; readonly loss: string }
  | { readonly _tag: "Blocked"; readonly reason: string }

const same: Fit = { _tag: "Same" }
const lossy = (loss: string): Fit => ({ _tag: "Lossy", loss })

/** Whether values can move between two kinds, in either direction. An unknown kind is not held against a pair. */
export const fit = (a: FieldKind | undefined, b: FieldKind | undefined): Fit => {
  if (a === "none" || b === "none") return { _tag: "Blocked", reason: "one of them holds no value" }
  if (a === undefined || b === undefined || a === b) return same
  const has = (kind: FieldKind) => a === kind || b === kind
  if (has("file")) return { _tag: "Blocked", reason: "a file is not a value" }
  if (has("text")) {
    if (has("yesno")) return { _tag: "Blocked", reason: "free text is neither yes nor no" }
    if (has("single") || has("multi")) return lossy("text that is none of the options is not sent")
    if (has("date") || has("time")) return lossy("text that is not a date or time is not sent")
    return has("number") ? lossy("text that is not a number is not sent") : same
  }
  if (has("single") && has("multi")) return lossy("only one of several answers can be kept")
  if (has("single") && has("yesno")) return lossy("options other than yes and no are not sent")
  if (has("date") && has("time")) return lossy("the date or the time is dropped")
  return { _tag: "Blocked", reason: `${wordFor(a)} and ${wordFor(b)} do not go together` }
}

const wordFor = (kind: FieldKind): string =>
  (
    { yesno: "yes/no", single: "single select", multi: "multi select", email: "e-mail" } as Partial<
      Record<FieldKind, string>
    >
  )[kind] ?? kind
