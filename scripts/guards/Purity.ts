/** The rule that core and the plugins rest on what `effect` promises to keep: which used symbols break it. */
import { usesOf } from "./Imports.ts"
import type { EffectSources } from "./Stability.ts"

export interface Exception {
  readonly symbol: string
  readonly reason: string
}

/** One sentence for each use of a symbol that is not stable and not excepted. */
export const impurities = (
  file: string,
  source: string,
  effect: EffectSources,
  exceptions: ReadonlyArray<Exception>
): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const use of usesOf(file, source)) {
    if (use.specifier !== "effect" && !use.specifier.startsWith("effect/")) continue
    const at = `${file}:${use.line}`
    if (use.path.at(-1) === "*")
      found.add(`${at}: ${use.specifier} is taken as a whole, so its members cannot be checked`)
    else {
      const { namespace, stability, symbol } = effect.judge(use.specifier, use.path)
      if (stability !== "stable") {
        if (!exceptions.some((each) => symbol === each.symbol || symbol.startsWith(`${each.symbol}.`))) {
          found.add(`${at}: ${symbol} of effect is ${stability === "none" ? "without a stability tag" : stability}`)
        }
      } else if (namespace && use.bare)
        found.add(
          `${at}: the namespace ${symbol || use.specifier} is handed on as a value, so its members cannot be checked`
        )
    }
  }
  return [...found]
}
