/**
 * Suggests which platform field an intake question of the CRM belongs to.
 *
 * Words are weighed by how rare they are, and three vetoes stand before the score: kinds that do not go together, people
 * named on one side only, and contradicting words. There is no fuzzy last resort: a question without a good answer gets
 * none. Suggestions are proposals, nothing is saved by them.
 */
import { type FieldKind, fit, kindOf } from "./FieldKind.ts"
import { contradict, type FieldWords, isKnownWord, isStatusField, wordsOf } from "./FieldWords.ts"

export interface MatchField {
  readonly key: string
  readonly label: string
  /** As the CRM or the platform names it; unknown words are not held against a pair. */
  readonly type: string
  readonly options: ReadonlyArray<string>
}

/** `exact` may be accepted in bulk; `possible` heads the picker and is never preselected. */
export type Tier = "exact" | "likely" | "possible"

export interface Suggestion {
  /** Key of the CRM's field. */
  readonly question: string
  /** Key of the platform's field. */
  readonly field: string
  readonly tier: Tier
  /** From 0 to 1. */
  readonly score: number
  /** For people: `same name`, `3 of 3 words: date, first, treatment`. */
  readonly reason: string
  /** Another question has a suggestion for the same field. */
  readonly contested: boolean
}

export const likelyScore = 0.5
export const possibleScore = 0.4
export const margin = 0.1

/** At most one suggestion per question, in the order of the questions. */
export const suggestFields = (
  questions: ReadonlyArray<MatchField>,
  fields: ReadonlyArray<MatchField>
): ReadonlyArray<Suggestion> => {
  const targets = fields.filter((field) => !isStatus(field)).map(prepare)
  const asked = questions.filter((question) => !isStatus(question)).map(prepare)
  const weigh = weights([...targets, ...asked].map(({ words }) => words))
  const found = asked.flatMap((question) => best(question, targets, weigh))
  const count = new Map<string, number>()
  for (const { field } of found) count.set(field, (count.get(field) ?? 0) + 1)
  return found.map((suggestion) => ({ ...suggestion, contested: (count.get(suggestion.field) ?? 0) > 1 }))
}

const isStatus = (field: MatchField): boolean => isStatusField(field.label) || isStatusField(field.key)

interface Prepared {
  readonly field: MatchField
  readonly words: FieldWords
  readonly kind: FieldKind | undefined
  /** In plain words, as labels are compared. */
  readonly options: ReadonlyArray<string>
}

const prepare = (field: MatchField): Prepared => ({
  field,
  words: wordsOf(field.label.trim() === "" ? field.key : field.label),
  kind: kindOf(field.type),
  options: field.options.map((option) => wordsOf(option).plain)
})

type Weigh = (word: string) => number

/** Inverse document frequency over all labels of both sides: a word in every label says nothing. */
const weights = (labels: ReadonlyArray<FieldWords>): Weigh => {
  const frequency = new Map<string, number>()
  for (const { all } of labels) for (const word of all) frequency.set(word, (frequency.get(word) ?? 0) + 1)
  return (word) => Math.log(1 + labels.length / (frequency.get(word) ?? 1))
}

type Scored = { readonly target: Prepared; readonly score: number; readonly reason: string; readonly exact: boolean }

const best = (
  question: Prepared,
  targets: ReadonlyArray<Prepared>,
  weigh: Weigh
): ReadonlyArray<Omit<Suggestion, "contested">> => {
  const scored = targets
    .flatMap((target) => score(question, target, weigh))
    .toSorted((a, b) => Number(b.exact) - Number(a.exact) || b.score - a.score)
  const [first, second] = scored
  if (first === undefined || first.score < possibleScore) return []
  const lead = second === undefined ? 1 : first.score - second.score
  const alone = first.exact && second?.exact !== true
  const tier: Tier = alone ? "exact" : first.score >= likelyScore && lead >= margin ? "likely" : "possible"
  return [
    {
      question: question.field.key,
      field: first.target.field.key,
      tier,
      score: Math.round(first.score * 100) / 100,
      reason: first.reason
    }
  ]
}

const score = (question: Prepared, target: Prepared, weigh: Weigh): ReadonlyArray<Scored> => {
  const q = question.words
  const t = target.words
  if (q.all.size === 0 || t.all.size === 0) return []
  if (fit(question.kind, target.kind)._tag === "Blocked") return []
  if (question.field.key.toLowerCase() === target.field.key.toLowerCase() && /[a-z]{3}/i.test(target.field.key))
    return [{ target, score: 1, reason: "same key", exact: true }]
  if (!sameAspects(question, target) || !sameSet(q.qualifiers, t.qualifiers) || contradict(q, t)) return []
  if (q.plain === t.plain && q.plain.includes(" ")) return [{ target, score: 1, reason: "same name", exact: true }]
  const options = optionScore(question, target)
  const shared = [...t.all].filter((word) => q.all.has(word))
  const sharedCore = [...t.core].filter((word) => q.core.has(word))
  const wordScore = isEnough(q, t, shared, sharedCore) ? overlap(q, t, shared, weigh) : 0
  if (wordScore === 0 && options === undefined) return []
  if (options !== undefined && options.score > wordScore) return [{ target, ...options, exact: false }]
  return [
    {
      target,
      score: Math.min(0.99, wordScore),
      reason: `${shared.length} of ${t.all.size} ${t.all.size === 1 ? "word" : "words"}: ${shared.join(", ")}`,
      exact: false
    }
  ]
}

/** One shared word is enough only when it is a known one and all that either side is about. */
const isEnough = (
  q: FieldWords,
  t: FieldWords,
  shared: ReadonlyArray<string>,
  sharedCore: ReadonlyArray<string>
): boolean => {
  if (shared.length >= 2 && (sharedCore.length > 0 || t.core.size === 0)) return true
  const [word] = shared
  return word !== undefined && sameSet(q.core, t.core) && isKnownWord(word)
}

/** The share of the field's weight that the question names, and the share of the question that the field explains. */
const overlap = (q: FieldWords, t: FieldWords, shared: ReadonlyArray<string>, weigh: Weigh): number => {
  const sum = (list: Iterable<string>) => [...list].reduce((total, word) => total + weigh(word), 0)
  const common = sum(shared)
  return 0.6 * (common / sum(t.all)) + 0.4 * (common / sum(q.all))
}

/** A question that reads out two of the field's options asks for that field; so does one with the same options. */
const optionScore = (
  question: Prepared,
  target: Prepared
): { readonly score: number; readonly reason: string } | undefined => {
  const theirs = target.options.filter((option) => option.length > 2)
  if (theirs.length < 2) return undefined
  const own = new Set(question.options)
  const text = ` ${question.words.plain} `
  const named = theirs.filter((option) => text.includes(` ${option} `))
  if (named.length >= 2) return { score: 0.75, reason: `names its options: ${named.join(", ")}` }
  const equal = theirs.filter((option) => own.has(option))
  const isSame = equal.length >= 3 && equal.length >= 0.75 * Math.max(own.size, theirs.length)
  const related = [...target.words.all].some((word) => question.words.all.has(word))
  return isSame && related
    ? { score: 0.7, reason: `${equal.length} of ${theirs.length} options are the same` }
    : undefined
}

/** A phone number is no name: such words stand on both sides or on none. A date may also show in the type. */
const sameAspects = (question: Prepared, target: Prepared): boolean => {
  const isDate = ({ kind, words }: Prepared) => kind === "date" || words.aspects.has("date")
  const isPhone = ({ kind, words }: Prepared) => kind === "phone" || words.aspects.has("phone")
  return (
    isDate(question) === isDate(target) &&
    isPhone(question) === isPhone(target) &&
    sameSet(otherAspects(question), otherAspects(target))
  )
}

/** A street is the address, where one is asked for. */
const otherAspects = ({ words }: Prepared): ReadonlySet<string> =>
  new Set(
    [...words.aspects]
      .filter((word) => word !== "date" && word !== "phone")
      .map((word) => (word === "street" ? "address" : word))
  )

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((word) => b.has(word))
