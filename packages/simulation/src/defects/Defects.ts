/** All the mistakes that can be planted. */
import type { PlantedDefect } from "../Defect.ts"
import { exchangeDefects } from "./ExchangeDefects.ts"
import { hintDefects } from "./HintDefects.ts"
import { readDefects } from "./ReadDefects.ts"
import { requestDefects } from "./RequestDefects.ts"

export const plantedDefects: ReadonlyArray<PlantedDefect> = [
  ...readDefects,
  ...hintDefects,
  ...requestDefects,
  ...exchangeDefects
]
