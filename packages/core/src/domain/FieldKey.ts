/**
 * How a CRM spells the keys of its fields, as its plugin declares it, and which names are never allowed as one.
 *
 * A field's name may become a parameter of a CRM's page, so a name that is one of the page's control words, or no plain
 * word at all, is refused when a mapping is saved; the plugin refuses it again when it sends.
 */
import { Schema } from "effect"

/** A plugin's spelling of field keys. Patterns are matched without regard to case. */
export const FieldKeys = Schema.Struct({
  /** The spellings of a firm's own fields, for example `^(?:custom)?(\d+)$`; brackets around it are already gone. */
  pattern: Schema.String,
  /** What the CRM calls it, with `$1` for the first group. */
  canonical: Schema.String,
  /** Fields that every firm has, by the CRM's key, with the names people use for them. */
  defaults: Schema.Array(Schema.Struct({ key: Schema.String, names: Schema.Array(Schema.String) })),
  /** Words that stand for the key of a default field, which is then found by its name. */
  defaultWords: Schema.Array(Schema.String)
})
export interface FieldKeys extends Schema.Schema.Type<typeof FieldKeys> {}

/** The key without the brackets of placeholders (`<<...>>`, `{{...}}`) and without the `.0` of a number cell. */
export const bareKey = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/&lt;|&gt;/gi, "")
    .replace(/^[\s<>{}[\]«»‹›]+|[\s<>{}[\]«»‹›]+$/gu, "")
    .replace(/^(\d+)\.0+$/, "$1")

/** The CRM's own spelling of one of a firm's fields; nothing for other texts. */
export const customKey = (keys: FieldKeys, text: string): string | undefined => {
  const found = text.length > 80 ? null : new RegExp(keys.pattern, "i").exec(bareKey(text))
  return found === null ? undefined : keys.canonical.replaceAll("$1", found[1] ?? "")
}

/** A default field, by its key or by one of its names, without regard to case, blanks and punctuation. */
export const defaultKey = (keys: FieldKeys, text: string): string | undefined => {
  const name = folded(bareKey(text))
  if (name === "") return undefined
  return keys.defaults.find((field) => folded(field.key) === name || field.names.some((each) => folded(each) === name))
    ?.key
}

/** Whether the text stands for "this is a default field", whose name says which. */
export const isDefaultWord = (keys: FieldKeys, text: string): boolean =>
  keys.defaultWords.some((word) => folded(word) === folded(bareKey(text)))

const folded = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")

/** What is wrong with a name as a field's key, judged after NFKC and without regard to case. */
export const fieldKeyProblem = (key: string, reserved: ReadonlyArray<string>): "malformed" | "reserved" | undefined => {
  const normal = key.normalize("NFKC")
  if (reserved.some((word) => word.toLowerCase() === normal.trim().toLowerCase())) return "reserved"
  return normal === key && normal.length <= 100 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(normal) ? undefined : "malformed"
}
