/**
 * What a source file takes from elsewhere, read from its syntax tree (TypeScript 7 has no API of its own to ask).
 * Every form counts: import and export from, dynamic import, import types, require. For the packages of interest it
 * also lists each member that is named through an import (`Effect.fn`, `Schema.Schema.Type`).
 *
 * A namespace that is handed on as a value (`const E = Effect`) could hide its members, so it is listed as `escapes`.
 * Methods called on a value (`schema.annotate(...)`) cannot be traced without types and are not listed.
 */
import { parseSync } from "oxc-parser"

export interface Use {
  readonly specifier: string
  /** The names from the module inwards: `["Effect", "fn"]`; empty for an import that names nothing. */
  readonly path: ReadonlyArray<string>
  /** Set when the last name is used as a bare value, which is harmless for a function and hides members of a namespace. */
  readonly bare: boolean
  readonly line: number
}

/** The part of the ESTree shape that is read here. */
export type Node = { readonly type: string; readonly start: number; readonly end: number } & {
  readonly [key: string]: any
}

export const parse = (
  file: string,
  source: string
): { readonly body: ReadonlyArray<Node>; readonly comments: ReadonlyArray<Node> } => {
  const parsed = parseSync(file, source)
  const error = parsed.errors.find((each) => each.severity === "Error")
  if (error !== undefined) throw new Error(`${file}: ${error.message}`)
  return { body: parsed.program.body as any, comments: parsed.comments as any }
}

export const usesOf = (file: string, source: string): ReadonlyArray<Use> => {
  const { body } = parse(file, source)
  const uses: Array<Use> = []
  const lineAt = (offset: number) => source.slice(0, offset).split("\n").length
  const add = (node: Node, specifier: string, path: ReadonlyArray<string>, bare = false) =>
    uses.push({ specifier, path, bare, line: lineAt(node.start) })

  const bindings = new Map<string, { readonly specifier: string; readonly path: ReadonlyArray<string> }>()
  for (const node of body) {
    if (node.type !== "ImportDeclaration") continue
    const specifier: string = node.source.value
    add(node, specifier, [])
    for (const each of node.specifiers) {
      const path =
        each.type === "ImportNamespaceSpecifier"
          ? []
          : [each.type === "ImportDefaultSpecifier" ? "default" : nameOf(each.imported)]
      bindings.set(each.local.name, { specifier, path })
      if (path.length > 0) add(each, specifier, path)
    }
  }

  const visit = (node: Node, ancestors: ReadonlyArray<Node>): void => {
    const parent = ancestors.at(-1)
    switch (node.type) {
      case "ImportDeclaration":
        return
      case "ExportAllDeclaration":
        add(node, node.source.value, ["*"])
        return
      case "ExportNamedDeclaration":
        if (node.source !== null && node.source !== undefined) {
          for (const each of node.specifiers) add(each, node.source.value, [nameOf(each.local)], true)
          return
        }
        break
      case "ImportExpression":
        add(node, stringOf(node.source) ?? "<computed>", ["*"])
        break
      case "CallExpression":
        if (node.callee.type === "Identifier" && node.callee.name === "require") {
          add(node, stringOf(node.arguments[0]) ?? "<computed>", ["*"])
        }
        break
      case "TSImportType":
        add(node, node.source.value, namesOfEntity(node.qualifier), true)
        break
      case "TSImportEqualsDeclaration":
        if (node.moduleReference.type === "TSExternalModuleReference")
          add(node, node.moduleReference.expression.value, ["*"])
        break
      case "Identifier": {
        const binding = bindings.get(node.name)
        if (binding === undefined || parent === undefined || isOnlyAName(node, parent)) break
        const { path, end } = chainFrom(node, ancestors)
        const destructured =
          end.parent?.type === "VariableDeclarator" &&
          end.parent.init === end.node &&
          end.parent.id.type === "ObjectPattern"
        if (destructured) {
          for (const property of end.parent.id.properties) {
            const key = property.type === "Property" && !property.computed ? nameOf(property.key) : "*"
            add(node, binding.specifier, [...binding.path, ...path, key])
          }
        } else add(node, binding.specifier, [...binding.path, ...path], true)
        break
      }
    }
    for (const key of Object.keys(node)) {
      const value = node[key]
      for (const child of Array.isArray(value) ? value : [value]) {
        if (child !== null && typeof child === "object" && typeof child.type === "string")
          visit(child, [...ancestors, node])
      }
    }
  }
  for (const node of body) visit(node, [])
  return uses
}

/** A property key, a label or the name after a dot names nothing that was imported. */
const isOnlyAName = (node: Node, parent: Node): boolean =>
  (parent["key"] === node && parent["computed"] !== true && parent["value"] !== node) ||
  (parent["property"] === node && parent["computed"] !== true) ||
  (parent.type === "TSQualifiedName" && parent["right"] === node) ||
  parent["label"] === node ||
  parent["exported"] === node

/** `Effect.fn.Return` from its first identifier outwards, in expressions and in types. */
const chainFrom = (node: Node, ancestors: ReadonlyArray<Node>) => {
  const path: Array<string> = []
  let inner = node
  let depth = ancestors.length - 1
  for (; depth >= 0; depth -= 1) {
    const outer = ancestors[depth] as Node
    if (outer.type === "MemberExpression" && outer["object"] === inner) {
      const name = outer["computed"] === true ? stringOf(outer["property"]) : nameOf(outer["property"])
      path.push(name ?? "*")
    } else if (outer.type === "TSQualifiedName" && outer["left"] === inner) path.push(nameOf(outer["right"]))
    else if (outer.type !== "ChainExpression" && outer.type !== "TSNonNullExpression") break
    inner = outer
  }
  return { path, end: { node: inner, parent: ancestors[depth] as any } }
}

const nameOf = (node: any): string => (node.type === "Literal" ? String(node.value) : String(node.name))
const stringOf = (node: any): string | undefined =>
  node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined
const namesOfEntity = (node: any): ReadonlyArray<string> =>
  node === null || node === undefined
    ? ["*"]
    : node.type === "TSQualifiedName"
      ? [...namesOfEntity(node.left), nameOf(node.right)]
      : [nameOf(node)]
