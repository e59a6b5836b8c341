/**
 * Finding a lead by what a person remembers of it: its id, part of a name, an e-mail address, a phone number. Names are
 * sealed in the store, so there is no index to ask; the newest cases are opened and looked at, and no more than that.
 */
import { Effect, Option } from "effect"
import { type Case, type Client, isLinked } from "./domain/Case.ts"
import type { FirmId } from "./domain/Ids.ts"
import { CaseStore } from "./ports/CaseStore.ts"

/** How many cases a search opens at most. */
export const searchedCases = 2000
const pageSize = 200

const folded = (text: string): string =>
  text
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLowerCase()
const digitsOf = (text: string): string => text.replace(/\D/g, "")

/** Every word must be somewhere; a phone number is compared by its digits, however either is written. */
export const isFoundBy = (text: string): ((value: Case, client: Client | undefined) => boolean) => {
  const words = folded(text)
    .split(/\s+/)
    .filter((word) => word !== "")
  const digits = digitsOf(text)
  const isNumber = digits.length >= 3 && /^[\d\s()+.-]+$/.test(text)
  return (value, client) => {
    if (words.length === 0) return false
    const id = isLinked(value) ? value.externalId : ""
    if (id === text.trim() || value.id === text.trim()) return true
    if (isNumber && (digitsOf(client?.phone ?? "").includes(digits) || id.startsWith(digits))) return true
    const known = folded([value.name, client?.fullName, client?.firstName, client?.lastName, client?.email].join(" "))
    return !isNumber && words.every((word) => known.includes(word))
  }
}

export const caseSearch = Effect.gen(function* () {
  const cases = yield* CaseStore
  return Effect.fn("CaseSearch")(function* (firmId: FirmId, text: string, limit: number) {
    const isFound = isFoundBy(text)
    const found: Array<Case> = []
    let before: Case["id"] | undefined
    for (let seen = 0; seen < searchedCases && found.length < limit; seen += pageSize) {
      const page = yield* cases.list(firmId, { limit: pageSize, ...(before === undefined ? {} : { before }) })
      for (const value of page) {
        const client = Option.getOrUndefined(yield* cases.client(firmId, value.clientId))
        if (found.length < limit && isFound(value, client)) found.push(value)
      }
      before = page.at(-1)?.id
      if (page.length < pageSize) break
    }
    return found
  })
})
