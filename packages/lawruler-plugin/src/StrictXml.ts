/**
 * XML, read so that nothing is guessed: a document type, an unknown entity, a second root, a duplicate attribute, a
 * truncated text or one too deep is an error, never a partial answer. saxes neither fetches nor expands anything, but
 * it has no limits, so they are kept here.
 */
import { Result } from "effect"
import { SaxesParser } from "saxes"

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Element>
  /** Its own text, without that of its children. */
  readonly text: string
}

const maxDepth = 64
const maxText = 1024 * 1024

/** The root element, or a code for what is wrong. */
export const parseXml = (xml: string): Result.Result<Element, string> => {
  try {
    return parse(xml)
  } catch (error) {
    return Result.fail(error instanceof Refusal ? error.code : "syntax")
  }
}

class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

interface OpenElement extends Element {
  readonly children: Array<Element>
  text: string
}

const parse = (xml: string): Result.Result<Element, string> => {
  const parser = new SaxesParser<{ xmlns: false }>({ xmlns: false })
  const open: Array<OpenElement> = []
  let root: Element | undefined
  const addText = (text: string) => {
    const element = open.at(-1)
    if (element === undefined) return
    if (element.text.length + text.length > maxText) throw new Refusal("text-too-long")
    element.text += text
  }
  parser.on("error", () => {
    throw new Refusal("syntax")
  })
  parser.on("doctype", () => {
    throw new Refusal("doctype")
  })
  parser.on("opentag", ({ attributes, name }) => {
    if (open.length === maxDepth) throw new Refusal("depth")
    const element: OpenElement = { name, attributes, children: [], text: "" }
    open.at(-1)?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on("closetag", () => {
    open.pop()
  })
  parser.on("text", addText)
  parser.on("cdata", addText)
  // saxes sees a document type only at its end, after its internal entities; none is let in that far.
  if (/<!DOCTYPE/i.test(xml)) throw new Refusal("doctype")
  parser.write(xml).close()
  return root === undefined ? Result.fail("empty") : Result.succeed(root)
}

/** The first element of that name at any depth, matched without case. */
export const findElement = (element: Element, name: string): Element | undefined => {
  if (element.name.toLowerCase() === name.toLowerCase()) return element
  for (const child of element.children) {
    const found = findElement(child, name)
    if (found !== undefined) return found
  }
  return undefined
}
