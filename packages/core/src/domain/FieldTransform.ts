/**
 * How the values of a field are written on each side: the platform's, and what the CRM keeps.
 *
 * The platform writes dates as `YYYY-MM-DD`, yes/no as `Yes` and `No`, numbers without separators, and several answers
 * as several values. A blank is its own answer, because a blank never erases. What cannot be written on the other side is
 * refused with a reason that holds no value; nothing is dropped in silence.
 */
import { Schema } from "effect"

export const Transform = Schema.TaggedUnion({
  Text: {},
  Date: { crm: Schema.Literals(["MM/DD/YYYY", "YYYY-MM-DD"]) },
  /** `inverted`: the CRM asks the opposite question. */
  YesNo: { yes: Schema.String, no: Schema.String, inverted: Schema.Boolean },
  /** `decimals`: as many as the CRM keeps, padded with zeros; null leaves them as they are. */
  Number: { decimals: Schema.NullOr(Schema.Int) },
  /** One of several options. `keepUnmapped` passes options that the map does not know as they are. */
  Single: { keepUnmapped: Schema.Boolean },
  /** Any of several options; the CRM's text has the separator between them. */
  Multi: { keepUnmapped: Schema.Boolean, separator: Schema.String }
})
export type Transform = typeof Transform.Type

/** The platform's option and the CRM's. */
export const OptionPair = Schema.Struct({ platform: Schema.String, crm: Schema.String })
export interface OptionPair extends Schema.Schema.Type<typeof OptionPair> {}

export type Converted<A> =
  | { readonly _tag: "Value"; readonly value: A }
  | { readonly _tag: "Blank" }
  | { readonly _tag: "Refused"; readonly reason: string }

const value = <A>(it: A): Converted<A> => ({ _tag: "Value", value: it })
const refused = (reason: string): Converted<never> => ({ _tag: "Refused", reason })
const blank: Converted<never> = { _tag: "Blank" }

export interface Conversion {
  readonly transform: Transform
  readonly optionMap?: ReadonlyArray<OptionPair>
}

/** What the CRM is given for the platform's values of a field. */
export const toCrm = (conversion: Conversion, values: ReadonlyArray<string>): Converted<string> => {
  const { optionMap = [], transform } = conversion
  const given = values.filter((each) => each.trim() !== "")
  if (transform._tag === "Multi") {
    const options = given.map((each) => optionOf(optionMap, "platform", each, transform.keepUnmapped))
    const known = options.filter((option) => option !== undefined)
    if (known.length < options.length) return refused(missing(options.length - known.length, options.length))
    return known.length === 0 ? blank : value(unique(known.map(({ crm }) => crm)).join(transform.separator))
  }
  return single(given, (text) => {
    switch (transform._tag) {
      case "Text":
        return value(text)
      case "Date":
        return written(readDate(text), transform.crm === "YYYY-MM-DD" ? iso : american, "a date")
      case "YesNo":
        return written(
          yesOf(text, yesWords, noWords),
          (said) => (said !== transform.inverted ? transform.yes : transform.no),
          "yes or no"
        )
      case "Number":
        return numberOf(text, transform.decimals)
      case "Single": {
        const option = optionOf(optionMap, "platform", text, transform.keepUnmapped)
        return option === undefined ? refused(missing(1, 1)) : value(option.crm)
      }
    }
  })
}

/** What the platform keeps for the values that the CRM has in a field. */
export const fromCrm = (conversion: Conversion, values: ReadonlyArray<string>): Converted<ReadonlyArray<string>> => {
  const { optionMap = [], transform } = conversion
  const given = values.filter((each) => each.trim() !== "")
  if (transform._tag === "Multi") {
    const known = optionMap.map(({ crm }) => crm)
    const parts = given.flatMap((each) => segments(each, transform.separator, known))
    const options = parts.map((each) => optionOf(optionMap, "crm", each, transform.keepUnmapped))
    const found = options.filter((option) => option !== undefined)
    if (found.length < options.length) return refused(missing(options.length - found.length, options.length))
    return found.length === 0 ? blank : value(unique(found.map(({ platform }) => platform)))
  }
  const one = single(given, (text) => {
    switch (transform._tag) {
      case "Text":
        return value(text)
      case "Date":
        return written(readDate(text), iso, "a date")
      case "YesNo":
        return written(
          yesOf(text, [transform.yes, ...yesWords], [transform.no, ...noWords]),
          (said) => (said !== transform.inverted ? "Yes" : "No"),
          "yes or no"
        )
      case "Number":
        return numberOf(text, null)
      case "Single": {
        const option = optionOf(optionMap, "crm", text, transform.keepUnmapped)
        return option === undefined ? refused(missing(1, 1)) : value(option.platform)
      }
    }
  })
  return one._tag === "Value" ? value([one.value]) : one
}

const single = (given: ReadonlyArray<string>, convert: (text: string) => Converted<string>): Converted<string> => {
  const [text, ...more] = given
  if (text === undefined) return blank
  return more.length > 0 ? refused("there are several values and the field holds one") : convert(text)
}

const written = <A>(read: A | undefined, write: (read: A) => string, what: string): Converted<string> =>
  read === undefined ? refused(`the value is not ${what}`) : value(write(read))

const missing = (count: number, of: number): string =>
  `${count} of ${of} ${of === 1 ? "option is" : "options are"} not in the option map`

type Day = { readonly year: number; readonly month: number; readonly day: number }

/** `YYYY-MM-DD` or `MM/DD/YYYY`, a time behind it is dropped. Years of two digits are not guessed. */
const readDate = (text: string): Day | undefined => {
  const trimmed = text.trim()
  const [, y, m, d] = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s].{0,40})?$/.exec(trimmed) ?? []
  const [, month, day, year] = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:[T\s].{0,40})?$/.exec(trimmed) ?? []
  const date = { year: Number(y ?? year), month: Number(m ?? month), day: Number(d ?? day) }
  return isDay(date) ? date : undefined
}

const isDay = ({ day, month, year }: Day): boolean => {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return year >= 1 && days !== undefined && day >= 1 && day <= days
}

const two = (part: number): string => String(part).padStart(2, "0")
const iso = ({ day, month, year }: Day): string => `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`
const american = ({ day, month, year }: Day): string => `${two(month)}/${two(day)}/${String(year).padStart(4, "0")}`

const yesWords = ["yes", "y", "true", "1"]
const noWords = ["no", "n", "false", "0"]

/** The first word that is there decides, so that a CRM's own words come before the usual ones. */
const yesOf = (text: string, yes: ReadonlyArray<string>, no: ReadonlyArray<string>): boolean | undefined => {
  const word = folded(text)
  const [yesAt, noAt] = [yes, no].map((words) => words.findIndex((each) => folded(each) === word))
  if (yesAt === undefined || noAt === undefined || (yesAt < 0 && noAt < 0)) return undefined
  return noAt < 0 || (yesAt >= 0 && yesAt <= noAt)
}

/** Digits are moved as text, so no amount changes by a cent. */
const numberOf = (text: string, decimals: number | null): Converted<string> => {
  const plain = text
    .normalize("NFKC")
    .trim()
    .replace(/^\((.*)\)$/, "-$1")
    .replace(/[$€£\s]/g, "")
  const [, sign, digits, tail = ""] =
    /^([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d*))?%?$/.exec(plain.replace(/^\./, "0.")) ?? []
  if (digits === undefined || digits.length > 30) return refused("the value is not a number")
  const whole = digits.replaceAll(",", "").replace(/^0+(?=\d)/, "")
  const fraction = decimals === null ? tail.replace(/0+$/, "") : tail.padEnd(decimals, "0")
  if (decimals !== null && /[1-9]/.test(fraction.slice(decimals)))
    return refused(`the CRM keeps ${decimals} decimals only`)
  const kept = decimals === null ? fraction : fraction.slice(0, decimals)
  const number = kept === "" ? whole : `${whole}.${kept}`
  return value(sign === "-" && /[1-9]/.test(number) ? `-${number}` : number)
}

const optionOf = (
  map: ReadonlyArray<OptionPair>,
  side: "platform" | "crm",
  option: string,
  keepUnmapped: boolean
): OptionPair | undefined =>
  map.find((pair) => pair[side] === option) ??
  map.find((pair) => folded(pair[side]) === folded(option)) ??
  (keepUnmapped ? { platform: option, crm: option } : undefined)

/**
 * Splits a text at the separator without cutting known options that contain it: at each part the longest run of parts
 * that is a known option is taken.
 */
export const segments = (text: string, separator: string, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  const cut = separator.trim() === "" ? separator : separator.trim()
  if (cut === "") return [text.trim()]
  const parts = text.split(cut)
  const options = new Set(known.map(folded))
  const longest = Math.max(1, ...known.map((option) => option.split(cut).length))
  const found: Array<string> = []
  for (let at = 0; at < parts.length;) {
    let take = Math.min(longest, parts.length - at)
    while (take > 1 && !options.has(folded(parts.slice(at, at + take).join(cut)))) take--
    found.push(
      parts
        .slice(at, at + take)
        .join(cut)
        .trim()
    )
    at += take
  }
  return found.filter((part) => part !== "")
}

const folded = (text: string): string => text.normalize("NFC").trim().replace(/\s+/g, " ").toLowerCase()
const unique = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(texts)]
