/**
 * The workspace as files: its packages, what each may import by its own manifest, and what a reader's eye should find
 * the same everywhere (names, sizes, words). All answers are sorted sentences, so reports are the same on each machine.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { basename, dirname, join, relative, resolve, sep } from "node:path"
import { usesOf } from "./Imports.ts"

export interface WorkspacePackage {
  readonly name: string
  /** Absolute. */
  readonly folder: string
  readonly dependencies: ReadonlyArray<string>
  readonly devDependencies: ReadonlyArray<string>
  readonly exports: ReadonlyArray<string>
}

export const workspacePackages = (root: string): ReadonlyArray<WorkspacePackage> =>
  ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, "package.json")))
      .toSorted()
      .map((folder) => {
        const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
        return {
          name: manifest.name,
          folder,
          dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
          devDependencies: Object.keys(manifest.devDependencies ?? {}),
          exports: Object.keys(manifest.exports ?? {})
        }
      })
  )

/** Every source file under a folder, except what is installed or built. */
export const sourceFiles = (folder: string): ReadonlyArray<string> =>
  filesUnder(folder).filter((file) => /\.(ts|tsx|mts|mjs)$/.test(file))

export const filesUnder = (folder: string): ReadonlyArray<string> =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { withFileTypes: true })
        .filter(
          (entry) =>
            !["node_modules", "dist", ".git", ".turbo", ".casewire", "coverage", "test-results"].includes(entry.name)
        )
        .flatMap((entry) =>
          entry.isDirectory() ? filesUnder(join(folder, entry.name)) : entry.isFile() ? [join(folder, entry.name)] : []
        )
        .toSorted()

/**
 * The imports of a package that reach past a boundary, in any form of import: a package that its manifest does not
 * list, a file of another package, or a module that another package does not export. What only tests need may come
 * from the package's devDependencies, or be one of the root's tools.
 */
export const trespasses = (
  root: string,
  inside: WorkspacePackage,
  packages: ReadonlyArray<WorkspacePackage>,
  rootTools: ReadonlyArray<string>
): ReadonlyArray<string> =>
  sourceFiles(inside.folder).flatMap((file) => {
    const inSource = file.startsWith(join(inside.folder, "src") + sep)
    const listed = inSource ? inside.dependencies : [...inside.dependencies, ...inside.devDependencies, ...rootTools]
    return usesOf(file, readFileSync(file, "utf8"))
      .filter((use) => use.path.length === 0 || use.path[0] === "*" || use.bare)
      .flatMap((use) => {
        const at = `${relative(root, file)}:${use.line}`
        if (use.specifier.startsWith(".")) {
          const target = resolve(dirname(file), use.specifier)
          return target.startsWith(inside.folder + sep) ? [] : [`${at}: ${use.specifier} is a file of another package`]
        }
        if (use.specifier === "<computed>" || use.specifier.startsWith("node:")) return []
        if (builtinModules.includes(use.specifier)) return [`${at}: ${use.specifier} lacks its "node:" prefix`]
        const name = use.specifier
          .split("/")
          .slice(0, use.specifier.startsWith("@") ? 2 : 1)
          .join("/")
        if (!listed.includes(name) && name !== inside.name)
          return [`${at}: ${name} is not a dependency of ${inside.name}`]
        const target = packages.find((each) => each.name === name)
        return target === undefined || isExported(target, use.specifier)
          ? []
          : [`${at}: ${use.specifier} is not exported by ${name}`]
      })
      .filter((sentence, index, all) => all.indexOf(sentence) === index)
  })

const isExported = (target: WorkspacePackage, specifier: string): boolean => {
  const inner = `.${specifier.slice(target.name.length)}`
  if (inner.includes("/src/")) return false
  return target.exports.some((pattern) => {
    const [before = "", after] = pattern.split("*")
    return after === undefined
      ? inner === pattern
      : inner.startsWith(before) && inner.endsWith(after) && inner.length > pattern.length - 1
  })
}

const emptyWords = ["utils", "util", "helpers", "helper", "common", "shared", "types", "constants", "misc", "base"]
/** Entries, and tests and benchmarks that are named for a folder or a command rather than an export. */
const namedOtherwise = /^(main|index|samples)\.ts$|\.(config|d|test)\.ts$|[\\/]bench[\\/]/

/** File names of the sources: PascalCase after their main export, never an empty word. */
export const namingFaults = (root: string, files: ReadonlyArray<string>): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const name = basename(file)
    const stem = name.split(".")[0] ?? ""
    const at = relative(root, file)
    if (emptyWords.includes(stem.toLowerCase()))
      return [`${at}: "${stem}" says nothing, name the file for what it holds`]
    if (
      /\.tsx?$/.test(name) &&
      !namedOtherwise.test(name) &&
      !namedOtherwise.test(file) &&
      !/^[A-Z][A-Za-z0-9]*$/.test(stem)
    )
      return [`${at}: sources are named in PascalCase`]
    return []
  })

export const sizeFaults = (root: string, files: ReadonlyArray<string>, lines: number): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const count = readFileSync(file, "utf8").trimEnd().split("\n").length
    return count > lines ? [`${relative(root, file)}: ${count} lines, at most ${lines}`] : []
  })

/** Where a pattern occurs, in file names too. */
export const wordsFound = (root: string, files: ReadonlyArray<string>, pattern: RegExp): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const at = relative(root, file)
    const inName = pattern.test(at.split(sep).join("/")) ? [`${at}: in the name`] : []
    const text = readFileSync(file)
    if (text.includes(0)) return inName
    return [
      ...inName,
      ...text
        .toString("utf8")
        .split("\n")
        .flatMap((line, index) => (pattern.test(line) ? [`${at}:${index + 1}: ${line.trim().slice(0, 120)}`] : []))
    ]
  })
