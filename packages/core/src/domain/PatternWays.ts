/**
 * In how many ways a regular expression may try a text before it gives up, told from the expression alone. The engine
 * tries them one after another and nothing stops it, so an expression of a plugin that has too many would keep the
 * host's one thread from every firm: `^(a+)+$` needs minutes for forty letters.
 *
 * An upper bound, as a power of two, for texts of the length that manifests' expressions are used on. It counts choices,
 * whether they can be taken or not; only a repetition whose end the next character decides is known to be no choice.
 */

/** 2 to the power of this are the positions in a text. */
const positions = 8

/** Texts that a manifest's expression is tried on are cut to this. */
export const longestTried = 2 ** positions

const escape = /\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|k<[^>]*>|\d+|[^])/iy
const reference = /^\\[k\d]/
const quantifier = /(?:[*+?]|\{(\d+)(?:,(\d*))?\})\??/y

/** Of an expression that compiles; the answer of any other means nothing. */
export const patternWays = (pattern: string): number => {
  let at = 0

  /** Of repetitions that are no choice: they are gone through, one after another. */
  let longest = 0
  let isAnchored = pattern.startsWith("^")

  const alternatives = (isOutermost = false): number => {
    const branches = [sequence()]
    while (pattern[at] === "|") {
      at += 1
      if (isOutermost && pattern[at] !== "^") isAnchored = false
      branches.push(sequence())
    }
    return Math.max(...branches) + Math.log2(branches.length)
  }

  const sequence = (): number => {
    let ways = 0
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") {
      const from = at
      const inside = atom()
      ways += repeated(
        inside,
        pattern[from] === "(" || reference.test(pattern.slice(from, at)) ? undefined : pattern.slice(from, at)
      )
    }
    return ways
  }

  /** The ways inside one group; every other atom has one. */
  const atom = (): number => {
    if (pattern[at] === "(") {
      at += 1
      const inside = alternatives()
      at += 1
      return inside
    }
    if (pattern[at] === "[") {
      for (at += 1; at < pattern.length && pattern[at] !== "]"; at += 1) if (pattern[at] === "\\") at += 1
      at += 1
      return 0
    }
    escape.lastIndex = at
    at += escape.exec(pattern)?.[0].length ?? 1
    return 0
  }

  /** How often the atom is there is a choice of its own, and each time it is there brings its own choices. */
  const repeated = (inside: number, single: string | undefined): number => {
    quantifier.lastIndex = at
    const found = quantifier.exec(pattern)
    if (found === null) return inside
    at = quantifier.lastIndex
    const [sign = "", least, most] = found
    const fewest = least === undefined ? (sign.startsWith("+") ? 1 : 0) : Number(least)
    const open = sign.startsWith("*") || sign.startsWith("+") || most === ""
    const times = sign.startsWith("?") ? 1 : open ? longestTried : Number(most ?? least)
    const lengths = Math.min(positions, Math.log2(Math.max(times - fewest, 0) + 1))
    if (single !== undefined && endsItself(single)) {
      longest = Math.max(longest, lengths)
      return 0
    }
    return lengths + inside * Math.min(times, longestTried)
  }

  /** What follows is there, and is nothing that this one character can be. */
  const endsItself = (single: string): boolean => {
    if (pattern[at] === "$") return true
    const [found, escaped, plain] =
      /^(?:\\([^\w\s])|([\w\s#@:;,=<>/!%&~"'`-]))(?![*?]|\{0)/.exec(pattern.slice(at)) ?? []
    const next = escaped ?? plain
    return found !== undefined && next !== undefined && !new RegExp(`^(?:${single})$`, "is").test(next)
  }

  const choices = alternatives(true)
  // Without a fixed beginning it is tried from every position.
  return choices + longest + (isAnchored ? 0 : positions)
}
