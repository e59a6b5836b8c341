/** Every pair of colours that carries words can be read (WCAG 2.2, 1.4.3), every control can be seen (1.4.11), in both themes. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const styles = readFileSync(join(import.meta.dirname, "../src/Styles.css"), "utf8")
const paletteAfter = (selector: string): Readonly<Record<string, string>> => {
  const from = styles.indexOf(selector)
  const block = styles.slice(from, styles.indexOf("}", from))
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, hex]) => [name, hex]))
}
const light = paletteAfter(":root {")
const dark = paletteAfter(':root[data-theme="dark"] {')
const darkBySystem = paletteAfter(':root:not([data-theme="light"]) {')

const channel = (part: string): number => {
  const value = Number.parseInt(part, 16) / 255
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
}
const luminance = (hex: string): number =>
  0.2126 * channel(hex.slice(1, 3)) + 0.7152 * channel(hex.slice(3, 5)) + 0.0722 * channel(hex.slice(5, 7))
const contrast = (one: string, other: string): number => {
  const [dim = 0, bright = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (bright + 0.05) / (dim + 0.05)
}

const grounds = ["page", "surface", "raised"]
const words: ReadonlyArray<readonly [ink: string, ground: string]> = [
  ...grounds.flatMap((ground) =>
    ["text", "muted", "primary", "ok", "warn", "error"].map((ink) => [ink, ground] as const)
  ),
  ["on-primary", "primary"],
  ["primary", "primary-soft"],
  ...["ok", "warn", "error"].map((tone) => [tone, `${tone}-soft`] as const),
  ...["primary", "ok", "warn", "error"].flatMap((tone) => [
    ["text", `${tone}-soft`] as const,
    ["muted", `${tone}-soft`] as const
  ])
]

describe.each([
  ["light", light],
  ["dark", dark]
])("the %s theme", (_, palette) => {
  it.each(words)("lets %s be read on %s", (ink, ground) => {
    expect(contrast(palette[ink] ?? "#000000", palette[ground] ?? "#000000")).toBeGreaterThanOrEqual(4.5)
  })

  it.each(grounds)("lets the edge of a control and the mark of the focus be seen on %s", (ground) => {
    for (const edge of ["control", "primary"])
      expect(contrast(palette[edge] ?? "#000000", palette[ground] ?? "#000000")).toBeGreaterThanOrEqual(3)
  })
})

it("is the same dark theme, whether a person or the system chose it", () => {
  expect(Object.keys(dark).length).toBe(Object.keys(light).length)
  expect(darkBySystem).toEqual(dark)
})
