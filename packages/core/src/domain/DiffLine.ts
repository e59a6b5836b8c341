/** One difference between two versions of a plugin, and how much it matters. */
import { Schema } from "effect"

/** How much a difference between two versions matters to whoever decides about a swap. */
export const DiffWeight = Schema.Literals(["harmless", "needs attention", "needs confirmation"])
export type DiffWeight = typeof DiffWeight.Type

export const DiffArea = Schema.Literals(["plugin", "permissions", "credentials", "capabilities", "webhook", "catalog"])
export type DiffArea = typeof DiffArea.Type

export const DiffLine = Schema.Struct({
  area: DiffArea,
  weight: DiffWeight,
  /** What kind of difference, and about what: `host-added {clientRoot}.example.com`. Named to confirm it. */
  key: Schema.String,
  /** For people, a whole sentence. */
  text: Schema.String
})
export interface DiffLine extends Schema.Schema.Type<typeof DiffLine> {}

export const line = (area: DiffArea, weight: DiffWeight, key: string, text: string): DiffLine => ({
  area,
  weight,
  key,
  text
})

/** Whether two values are written the same; the order of an object's keys means nothing, that of an array does. */
const isSame = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b)

const canonical = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [two]) => (one < two ? -1 : 1)))
      : inner
  )

/** A line where a value is another one than before. */
export const changed = (
  a: unknown,
  b: unknown,
  area: DiffArea,
  weight: DiffWeight,
  key: string,
  text: string
): ReadonlyArray<DiffLine> => (isSame(a, b) ? [] : [line(area, weight, key, text)])
