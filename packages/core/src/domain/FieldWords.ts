/**
 * What the label of a field is about: its words without fillers, with the synonyms of legal intake folded together, the
 * people it speaks of and the kind of fact it asks for. Labels of intake forms are sentences, so words carry the meaning
 * and spelling distance does not.
 */

export interface FieldWords {
  /** Every word that counts. */
  readonly all: ReadonlySet<string>
  /** Words that say what the field is about, without the kind of fact. */
  readonly core: ReadonlySet<string>
  /** Kinds of fact: a phone number is never a name, whoever's it is. */
  readonly aspects: ReadonlySet<string>
  /** People and times that must stand on both sides: a spouse's date of birth is not the client's. */
  readonly qualifiers: ReadonlySet<string>
  /** Lower case, letters and digits, blanks between words: for comparing whole names. */
  readonly plain: string
}

/** Phrases and their meaning, applied in order; the first ones protect words that mean something else alone. */
const phrases: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(?:please )?(?:check|select|mark) all that apply\b/g, " "],
  [/\bin (?:your|their|his|her) own words\b/g, " "],
  [/\binjured (?:party|person)\b/g, " "],
  [/\b(?:before|prior to) (?:the|your|this) (?:accident|crash|collision|incident|fall|wreck)\b/g, " prior "],
  [
    /\b(?:to|in|from|after|during|by|at the time of|because of|due to|since) (?:the|your|this|that) (?:accident|crash|collision|incident|fall|wreck)\b/g,
    " "
  ],
  [/\bprimary care\b/g, "primarycare"],
  [/\bprimary (language|contact)\b/g, "preferred $1"],
  [/\b(?:treated|treatment) (?:by|from) (?:a|any) (?:doctor|physician|medical provider|provider)\b/g, "treatment"],
  [/\bto date\b|\bso far\b|\bup to now\b/g, " "],
  [/\be mail\b/g, "email"],
  [/\bemail address(?:es)?\b/g, "email"],
  [/\b(?:date of birth|birth ?da(?:te|y)|d ?o ?b)\b/g, "date born"],
  [/\b(?:when|date|day)\b(.*)\bborn\b/g, "date $1 born"],
  [/\bsocial(?: security)?(?: (?:number|no))?\b|\bss ?n\b/g, "ssn"],
  [/\b(?:zip|postal)(?: ?code)?\b/g, "zip"],
  [/\bfirst name\b|\bgiven name\b|\bfname\b/g, "firstname"],
  [/\b(?:last|family) name\b|\bsurname\b|\blname\b/g, "lastname"],
  [/\bmaiden name\b/g, "maidenname"],
  [/\bfull(?: legal)? name\b/g, "name"],
  [/\b(?:cell|mobile)(?: ?phone)?(?: number)?\b/g, "mobile phone"],
  [/\b(?:telephone|phone|tel)(?: (?:number|no))?\b/g, "phone"],
  [/\bland ?line\b|\bhome phone\b/g, "homeline phone"],
  [/\b(?:work|office|business|daytime|day) phone\b/g, "workline phone"],
  [/\bfax(?: number)?\b/g, "fax"],
  [/\bemergency room\b|\ber visit\b/g, "hospital"],
  [/\b(?:contact|reach|call|notify)(?:ed)? in (?:case of )?(?:an |your )?emergency\b/g, "emergency contact"],
  [
    /\b(?:how|where) (?:did|do|have|were) you (?:first )?(?:hear|heard|find|found|learn|referred)(?: out)?(?: (?:about|of|to))?(?: (?:us|our (?:law )?(?:firm|office)))?\b/g,
    "referral source"
  ],
  [/\b(?:referral source|referred by|marketing source|lead source|who referred you)\b/g, "referral source"],
  [/\blaw (?:firm|office)\b/g, "attorney"],
  [/\bdate of (?:the |your )?(?:loss|injury)\b|\bwhen (?:did|was) (?:the |your )?(?:loss|injury)\b/g, "date incident"],
  [/\baddress of (?:the |your )?(?:accident|crash|collision|incident|fall|wreck)\b/g, "place incident"],
  [
    /\b(?:see|saw|seen|visit|visited|seek|sought) (?:by )?(?:a |the |your )?(?:doctor|physician|medical provider|provider)\b/g,
    "treatment"
  ],
  [/\bmedical(?:ly)? (?:treatment|care|attention)\b/g, "treatment"],
  [
    /\b(?:other|at fault|adverse|opposing|responsible|defendant) (?:driver|party|motorist|person)\b|\bdefendant\b/g,
    "party"
  ],
  [
    /\b(?:company|place|business|where) (?:that )?you (?:currently )?work(?: for| at)?\b|\bplace of employment\b/g,
    "employer"
  ],
  [/\bjob title\b|\bdo you do for (?:a living|work)\b|\b(?:line|type|kind) of work\b/g, "occupation"],
  [/\b(?:auto|car|vehicle|motor)(?:mobile)? (?:insurance|insurer)\b/g, "auto insurance"],
  [/\b(?:auto|car|vehicle|motor)(?:mobile)? policy\b/g, "policy"],
  [/\bhealth (?:insurance|insurer|plan)\b/g, "health insurance"],
  [/\bin(?: which| what)? state\b/g, "state"],
  [/\btook place\b|\btake place\b/g, " "],
  [/\bwhat happened\b/g, "description incident"],
  [/\bhow did (?:the |your )?(\w+) happen\b/g, "description $1"],
  [/\bhow (?:would|do) you (?:like|prefer|want)\b/g, "preferred method"],
  [/\b(?:best|preferred) (?:way|method|form|means)\b/g, "preferred method"],
  [/\bhow many\b|\bnumber of\b/g, "count"],
  [/\bhow much\b/g, "amount"],
  [/\bpre ?existing\b/g, "prior"]
]

/** Meaning to the words that have it. The first word of a line stands for all. */
const synonyms = `
  incident accident crash collision wreck occurrence fall
  injury hurt injured pain
  treatment treat treated treating care therapy
  surgery operation procedure
  diagnosis diagnosed diagnose
  medication medicine drug prescription med
  attorney lawyer counsel represented representation represent
  insurance insurer carrier insured
  company
  doctor physician dr surgeon
  hospital clinic facility
  spouse husband wife partner
  child children son daughter kid minor dependent
  parent mother father mom dad guardian
  employer employed
  supervisor boss manager
  occupation profession job
  wage income earnings salary pay
  lost lose losing
  miss missed missing
  citation ticket cited
  vehicle car truck auto automobile
  date when day
  place where location intersection
  name who whom
  amount total cost sum value
  description describe explain tell detail narrative list summary
  start began begin started beginning
  stop ended end stopped quit finish
  use using used usage took
  number no num id identification
  email
  language speak spoken
  marital married
  prior previous previously former past before earlier
  last latest recent
  first initial
  street
  deceased decedent death died
  bill expense
  preferred prefer
  future planned upcoming scheduled recommended expected anticipated
  referral referred refer
  relative brother sister sibling grandparent
  owner landlord
  witness
  adjuster
  city town
  property
  bankruptcy bankrupt
`
const meaning = new Map(
  synonyms
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [first = "", ...others] = line.trim().split(/\s+/)
      return [first, ...others].map((word) => [word, first] as const)
    })
)

const fillers = new Set(
  (
    "a about after already applicant primary reside residing residence resident suffer suffered undergo undergone sustain sustained taking patient caller home signed hired retained also am an and another any anyone anything are as ask asked at be because been being but by can client " +
    "claimant could current currently did do does done due during each ever every everyone field filled for from full " +
    "gave get give given go got had happen happened has have her him his how i if in indicate into is issue issued it its kind " +
    "legal let like live made make may me mr mrs much my need now occur occurred of on one or our out over own plaintiff please " +
    "please provide provided provides put question receive received s same shall she should since so some take taken that the " +
    "their them then there they this those time to type under up us was we well went were what which will with would yes you " +
    "your he she come came filed file someone result"
  ).split(" ")
)

/** Facts that no other word stands for. */
const otherFacts = ["relationship", "age", "gender", "county", "hour", "relation", "title", "height", "weight"]
const aspectWords = new Set([
  "phone",
  "email",
  "fax",
  "date",
  "address",
  "street",
  "ssn",
  "maidenname",
  "number",
  ...otherFacts
])
/** Kinds of fact that say little alone and are not held against a pair. */
const genericWords = new Set(["name", "place", "amount", "description", "company", "source", "list", "method"])
const qualifierWords = new Set([
  "spouse",
  "child",
  "parent",
  "employer",
  "doctor",
  "adjuster",
  "attorney",
  "emergency",
  "witness",
  "party",
  "supervisor",
  "relative",
  "owner",
  "friend",
  "agent",
  "prior",
  "future",
  "deceased"
])

/** Longer labels are stories; what they ask stands at their beginning. */
const maxLabel = 500

export const wordsOf = (label: string): FieldWords => {
  const spaced = label
    .slice(0, maxLabel)
    .normalize("NFKC")
    .replace(/\([^)]*\)/g, " ")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/['’]s?\b/g, "")
    .replace(/#/g, " number ")
  const plain = spaced.replace(/[^\p{L}\p{N}]+/gu, " ").trim()
  const phrased = phrases.reduce((text, [pattern, to]) => text.replace(pattern, ` ${to} `).replace(/\s+/g, " "), plain)
  const all = new Set<string>()
  for (const word of phrased.split(" ")) {
    if (word === "" || fillers.has(word)) continue
    const singular = singularOf(word)
    if (fillers.has(singular)) continue
    all.add(meaning.get(word) ?? meaning.get(singular) ?? singular)
  }
  return {
    all,
    core: new Set([...all].filter((word) => !aspectWords.has(word) && !genericWords.has(word))),
    aspects: new Set([...all].filter((word) => aspectWords.has(word))),
    qualifiers: new Set([...all].filter((word) => qualifierWords.has(word))),
    plain
  }
}

const singularOf = (word: string): string =>
  word.length <= 3 || word.endsWith("ss") || word.endsWith("us") || word.endsWith("is")
    ? word
    : word.endsWith("ies")
      ? `${word.slice(0, -3)}y`
      : /(?:sh|ch|ss|x|z)es$/.test(word)
        ? word.slice(0, -2)
        : word.endsWith("s")
          ? word.slice(0, -1)
          : word

/** Whether a word is one that intake forms are known to use; unknown words never make a match alone. */
export const isKnownWord = (word: string): boolean => knownWords.has(word)
const knownWords = new Set([...meaning.values(), "ssn", "zip", "firstname", "lastname", "state", "referral", "auto"])

/** Groups of sides that exclude each other. */
const contrasts: ReadonlyArray<ReadonlyArray<ReadonlyArray<string>>> = [
  [
    ["first", "start"],
    ["last", "stop"]
  ],
  [["mobile"], ["homeline"], ["workline"], ["fax"]],
  [["auto"], ["health"], ["life"], ["workers"]],
  [["firstname"], ["lastname"]],
  [["city"], ["state"], ["zip"], ["street"]],
  [["state"], ["place"]]
]

/** Whether both labels make a choice between such words, and not the same one. */
export const contradict = (a: FieldWords, b: FieldWords): boolean =>
  contrasts.some((group) => {
    const inA = group.filter((side) => side.some((word) => a.all.has(word)))
    const inB = group.filter((side) => side.some((word) => b.all.has(word)))
    return inA.length > 0 && inB.length > 0 && !inA.some((side) => inB.includes(side))
  })

const statusHeads = /\b(?:sub ?)?(?:status|stage|disposition|substatus)\b/
const ownStatus =
  /\b(?:marital|marriage|employment|work|job|immigration|citizenship|residency|insurance|treatment|medical|health|veteran|military|disability|student|smoking|tax|filing|relationship|vital|claim|license|custody|bankruptcy|driving)\b/

/** A field that holds the state of the case itself. Status sync owns it: it is never mapped as a field. */
export const isStatusField = (label: string): boolean => {
  const plain = label
    .normalize("NFKC")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
  return statusHeads.test(plain) && !ownStatus.test(plain) && plain.split(" ").length <= 6
}
