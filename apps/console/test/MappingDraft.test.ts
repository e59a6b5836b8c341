import { describe, expect, it } from "vitest"
import { kindNameOf, problemsByRow, transformOf } from "../src/fields/MappingDraft.ts"
import { fieldsCopy } from "../src/copy/FieldsCopy.ts"

describe("a mapping while it is edited", () => {
  it.each(Object.keys(fieldsCopy.kinds) as ReadonlyArray<keyof typeof fieldsCopy.kinds>)(
    "knows %s again after it was chosen",
    (kind) => expect(kindNameOf(transformOf(kind))).toBe(kind)
  )

  it("puts the host's words at the rows they are about", () => {
    const found = problemsByRow("entry 1: it is empty; entry 3: one; entry 3: two: three; and something else")
    expect([...found.keys()]).toEqual([0, 2])
    expect(found.get(2)).toEqual(["Row 3: one.", "Row 3: two: three."])
    expect(problemsByRow("")).toEqual(new Map())
  })
})
