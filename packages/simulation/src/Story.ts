/**
 * What kind of firm and day a run is about. Chance alone rarely brings the sides apart and together again within an
 * hour, so a good part of the runs has a story that does; each seed throws for it with dice of its own.
 */
import type { Dice } from "./Dice.ts"
import { linkedWords, plainWords, type Words } from "./Words.ts"

export interface Story {
  /** Status sync goes off, both sides edit, it comes on again and the firm is asked. */
  readonly parting: boolean
  readonly words: Words
  /** Fields are mapped in every direction. */
  readonly mapped: boolean
  /** People edit fields more than anything else, and take most edits back; only where a planted mistake asks for it. */
  readonly wavers: boolean
  /** How many leads the CRM had before, which no webhook told of; null where nobody imports them. */
  readonly past: number | null
}

export const storyOf = (dice: Dice): Story => ({
  parting: dice.chance(0.4),
  words: dice.chance(0.5) ? linkedWords : plainWords,
  mapped: dice.chance(0.5),
  wavers: false,
  past: dice.chance(0.25) ? dice.between(0, 5) : null
})
