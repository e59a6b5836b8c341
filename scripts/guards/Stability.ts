/**
 * The `@stability` tag of any symbol of `effect`, read from the sources that the package ships: the docs block that
 * stands before the export. A member of a nested namespace without a tag of its own has its namespace's; anything else
 * without a tag counts as unstable, and so does a name that is declared more than once with different tags.
 */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { type Node, parse } from "./Imports.ts"

/** `none` is a symbol without a tag, `absent` a name that its module does not export. */
export type Stability = "stable" | "unstable" | "experimental" | "none" | "absent"

interface Exported {
  readonly tags: Array<Stability>
  /** Set for `export * as Name from "./Name.ts"`. */
  readonly module?: string
  readonly members?: Map<string, Exported>
}

export class EffectSources {
  readonly #folder: string
  readonly #modules = new Map<string, Map<string, Exported>>()

  constructor(packageFolder: string) {
    this.#folder = join(packageFolder, "src")
  }

  /** The file of `effect`, `effect/Effect` or `effect/http/HttpClient`. */
  fileOf(specifier: string): string | undefined {
    const inner = specifier === "effect" ? "index" : specifier.slice("effect/".length)
    return [`${inner}.ts`, `${inner}/index.ts`].map((file) => join(this.#folder, file)).find((file) => existsSync(file))
  }

  /** The verdict on a chain of names, with the first name in it that is not stable. */
  judge(
    specifier: string,
    path: ReadonlyArray<string>
  ): { readonly stability: Stability; readonly symbol: string; readonly namespace: boolean } {
    const file = this.fileOf(specifier)
    if (file === undefined) return { stability: "absent", symbol: specifier, namespace: false }
    let scope: Map<string, Exported> | undefined = this.#module(file)
    let namespace = true
    for (const [index, name] of path.entries()) {
      const symbol = [
        ...(specifier === "effect" ? [] : [specifier.slice("effect/".length)]),
        ...path.slice(0, index + 1)
      ].join(".")
      // Past the last namespace the names are properties of a value or of a type: their owner has the tag.
      if (scope === undefined) return { stability: "stable", symbol, namespace: false }
      const found: Exported | undefined = scope.get(name)
      if (found === undefined) {
        if (namespace) return { stability: "absent", symbol, namespace: false }
        return { stability: "stable", symbol, namespace: false }
      }
      const stability = worstOf(found.tags)
      if (stability !== "stable") return { stability, symbol, namespace: found.module !== undefined }
      namespace = found.module !== undefined
      scope = found.module === undefined ? found.members : this.#module(found.module)
    }
    return { stability: "stable", symbol: path.join("."), namespace }
  }

  #module(file: string): Map<string, Exported> {
    const known = this.#modules.get(file)
    if (known !== undefined) return known
    const symbols = new Map<string, Exported>()
    this.#modules.set(file, symbols)
    const source = readFileSync(file, "utf8")
    const { body, comments } = parse(file, source)
    const docs = docsBefore(source, comments)
    this.#collect(body, docs, symbols, file, "none")
    return symbols
  }

  #collect(
    body: ReadonlyArray<Node>,
    docs: (offset: number) => string,
    into: Map<string, Exported>,
    file: string,
    inherited: Stability
  ): void {
    const put = (name: string, tag: Stability, extra: { module?: string; members?: Map<string, Exported> } = {}) => {
      const known = into.get(name)
      into.set(name, {
        tags: [...(known?.tags ?? []), tag],
        ...(extra.module === undefined ? {} : { module: extra.module }),
        ...((extra.members ?? known?.members)
          ? { members: (extra.members ?? known?.members) as Map<string, Exported> }
          : {})
      })
    }
    for (const node of body) {
      if (node.type === "ExportAllDeclaration") {
        const target = resolve(dirname(file), node["source"].value)
        if (node["exported"] !== null && node["exported"] !== undefined) {
          put(node["exported"].name, tagIn(docs(node.start), inherited), { module: target })
        } else for (const [name, symbol] of this.#module(target)) into.set(name, symbol)
        continue
      }
      if (node.type !== "ExportNamedDeclaration") {
        // Inside an ambient namespace everything is exported.
        if (inherited !== "none" && declarationsOf(node).length > 0)
          this.#declare(node, node.start, docs, put, file, inherited)
        continue
      }
      for (const each of node["specifiers"] as ReadonlyArray<Node>) {
        const own = tagIn(docs(each.start), "none")
        put(nameOf(each["exported"]), own === "none" ? tagIn(docs(node.start), inherited) : own)
      }
      if (node["declaration"] !== null && node["declaration"] !== undefined) {
        this.#declare(node["declaration"], node.start, docs, put, file, inherited)
      }
    }
  }

  #declare(
    declaration: Node,
    start: number,
    docs: (offset: number) => string,
    put: (name: string, tag: Stability, extra?: { members?: Map<string, Exported> }) => void,
    file: string,
    inherited: Stability
  ): void {
    const tag = tagIn(docs(start), inherited)
    for (const name of declarationsOf(declaration)) {
      if (declaration.type !== "TSModuleDeclaration") put(name, tag)
      else {
        const members = new Map<string, Exported>()
        this.#collect(declaration["body"]?.body ?? [], docs, members, file, tag)
        put(name, tag, { members })
      }
    }
  }
}

const declarationsOf = (node: Node): ReadonlyArray<string> =>
  node.type === "VariableDeclaration"
    ? (node["declarations"] as ReadonlyArray<any>).map((each) => String(each.id.name))
    : /^(FunctionDeclaration|TSDeclareFunction|ClassDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration|TSModuleDeclaration|TSEnumDeclaration)$/.test(
          node.type
        )
      ? [String(node["id"]?.name)]
      : []

/** The last docs block before an offset, if nothing but space or line comments stands between. */
const docsBefore = (source: string, comments: ReadonlyArray<Node>) => {
  const byEnd = comments.toSorted((left, right) => left.end - right.end)
  return (offset: number): string => {
    let low = 0
    let high = byEnd.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((byEnd[middle] as Node).end <= offset) low = middle + 1
      else high = middle
    }
    let until = offset
    for (let index = low - 1; index >= 0; index -= 1) {
      const comment = byEnd[index] as Node
      if (source.slice(comment.end, until).trim() !== "") return ""
      if (comment.type === "Block") return String(comment["value"])
      until = comment.start
    }
    return ""
  }
}

const tagIn = (docs: string, otherwise: Stability): Stability =>
  (/@stability\s+(stable|unstable|experimental)\b/.exec(docs)?.[1] as Stability | undefined) ?? otherwise
const nameOf = (node: any): string => (node.type === "Literal" ? String(node.value) : String(node.name))
/** Overloads repeat a tag or leave it out; a second tag that differs makes the whole name suspect. */
const worstOf = (tags: ReadonlyArray<Stability>): Stability =>
  tags.find((tag) => tag === "unstable" || tag === "experimental") ?? (tags.includes("stable") ? "stable" : "none")
