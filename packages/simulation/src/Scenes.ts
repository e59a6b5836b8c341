/** Things that happen one after the other and would hardly meet by chance. */
import type { World } from "./Run.ts"

const second = 1000

/** Status sync goes off, people on both sides edit, it comes on again, and the firm is asked how to resume. */
export const parting = ({ dice, kernel, office, staff }: World, lengthMs: number): void => {
  const begin = dice.between(30 * second, Math.floor(lengthMs / 2))
  const end = begin + dice.between(30, 90) * second
  const key = dice.pick(["syncStatuses", "syncStatuses", "send", "enabled"] as const)
  const between = (act: () => void) => void kernel.at(dice.between(begin + second, end), act)
  kernel.at(begin, () => office.turn(key, false))
  for (let turn = dice.between(1, 4); turn > 0; turn--) between(() => office.edit())
  for (let turn = dice.between(0, 2); turn > 0; turn--) between(() => staff.edit())
  kernel.at(end, () => office.turn(key, true))
  const mode = dice.chance(0.6) ? "replay" : "from now on"
  // Asked again where nothing waited yet, or the first answer came to nothing.
  for (let turn = 1; turn <= 3; turn++) kernel.at(end + turn * dice.between(10, 45) * second, () => office.resume(mode))
}

/** Leads of before are imported, with a pause or a look at the first one, while everybody goes on. */
export const past = ({ dice, importer, kernel, staff, story }: World, lengthMs: number): void => {
  for (let lead = story.past ?? 0; lead > 0; lead--) staff.addLead(true)
  const begin = dice.between(second, Math.floor(lengthMs / 2))
  kernel.at(begin, () => importer.begin())
  for (let turn = dice.between(0, 2); turn > 0; turn--)
    kernel.at(begin + dice.between(0, 20) * second, () => importer.pause())
  for (let turn = 1; turn <= 2; turn++) kernel.at(begin + turn * dice.between(20, 60) * second, () => importer.goOn())
}
