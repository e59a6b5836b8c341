/**
 * HTML by template: everything interpolated is escaped unless it is markup made
 * here, so no value of a lead can become an element.
 */
import { escapeMarkup } from "./Answer.ts"

export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | ReadonlyArray<Markup>

const render = (part: Part): string => {
  if (part instanceof Markup) return part.text
  if (typeof part === "object") return part.map(({ text }) => text).join("")
  return escapeMarkup(String(part))
}

export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Markup =>
  new Markup(strings.map((text, index) => text + (index < parts.length ? render(parts[index] ?? "") : "")).join(""))
