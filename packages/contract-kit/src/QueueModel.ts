/** placeholder */
import type { Law } from "./Law.ts"
export const modelLaws: ReadonlyArray<Law> = []
