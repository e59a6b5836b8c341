/** Versions of plugins by Semantic Versioning 2.0.0: how one is spelled, and which of two is the newer. */

/** `1.2.3`, `1.2.3-beta.1`, `1.2.3+build`; without leading zeros, at most as long as a person can read. */
export const semanticVersionPattern =
  /^(?=.{1,100}$)(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

/** Negative where `a` is older, positive where it is newer, 0 where neither is (also if their builds differ). */
export const compareVersions = (a: string, b: string): number => {
  const [one, two] = [partsOf(a), partsOf(b)]
  for (let at = 0; at < 3; at++) {
    const difference = compareNumbers(one.numbers[at] ?? "0", two.numbers[at] ?? "0")
    if (difference !== 0) return difference
  }
  // A version before its release is older than the release.
  if (one.before.length === 0 || two.before.length === 0) return two.before.length - one.before.length
  for (let at = 0; at < Math.max(one.before.length, two.before.length); at++) {
    const [left, right] = [one.before[at], two.before[at]]
    if (left === undefined) return -1
    if (right === undefined) return 1
    const difference = compareIdentifiers(left, right)
    if (difference !== 0) return difference
  }
  return 0
}

const partsOf = (version: string) => {
  const [core = "", ...rest] = (version.split("+")[0] ?? "").split("-")
  const before = rest.join("-")
  return { numbers: core.split("."), before: before === "" ? [] : before.split(".") }
}

const compareIdentifiers = (a: string, b: string): number => {
  const isNumber = (text: string) => /^\d+$/.test(text)
  if (isNumber(a) && isNumber(b)) return compareNumbers(a, b)
  if (isNumber(a) !== isNumber(b)) return isNumber(a) ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** By digits: a version's number may be longer than a safe integer. */
const compareNumbers = (a: string, b: string): number =>
  a.length === b.length ? (a < b ? -1 : a > b ? 1 : 0) : a.length - b.length
