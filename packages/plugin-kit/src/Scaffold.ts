/**
 * Writes a new plugin: the template with its name, address and call limit in place of the template's own. All of it or
 * nothing: the package is made beside its place and moved there when it is whole.
 */
import { Effect, Schema } from "effect"
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

/** Cannot be written: the message says what to do. */
export class ScaffoldRefused extends Schema.TaggedError<ScaffoldRefused>()("ScaffoldRefused", {
  message: Schema.String
}) {}

export interface NewPlugin {
  /** The plugin's id, the package's name and the folder's. */
  readonly id: string
  /** As people call the CRM. */
  readonly name: string
  /** Where its API is; `{account}` stands for what each firm enters. */
  readonly address: string
  /** In a minute. */
  readonly calls: number
}

const isTaken = /^(?:con|prn|aux|nul|com\d|lpt\d|node-modules|casewire|effect|test|core)$/

/** What is wrong with an answer, as a sentence. */
export const problemOf = {
  id: (id: string): string | undefined =>
    !/^[a-z][a-z0-9-]{1,39}[a-z0-9]$/.test(id) || id.includes("--")
      ? "A plugin's name is 3 to 41 small letters, digits and single hyphens, and begins with a letter: acme-crm"
      : isTaken.test(id)
        ? `"${id}" means something else; take another name`
        : undefined,
  // It goes into sources and documents, so it holds nothing that means something there.
  name: (name: string): string | undefined =>
    /^[\p{L}\p{N}](?:[\p{L}\p{N} .&'-]{0,38}[\p{L}\p{N}.])?$/u.test(name)
      ? undefined
      : "The CRM's name is up to 40 letters, digits, blanks and . & ' -",
  address: (address: string): string | undefined =>
    /^https:\/\/(?:\{account\}\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}\/(?:[A-Za-z0-9._~-]*[A-Za-z0-9_~-]\/)*$/.test(
      address
    )
      ? undefined
      : "The API's address is https, a host and a path that ends in /, such as https://{account}.acme.com/api/v1/",
  calls: (calls: number): string | undefined =>
    Number.isInteger(calls) && calls >= 1 && calls <= 100_000
      ? undefined
      : "Calls in a minute: a number from 1 to 100000"
}

const template = () => dirname(fileURLToPath(import.meta.resolve("@casewire/plugin-template/package.json")))

/** Makes `parent/<id>` and answers its path. A folder that is there already is never touched. */
export const writePlugin = Effect.fn("Scaffold.write")(function* (
  parent: string,
  plugin: NewPlugin,
  hostVersion: string
) {
  const problem =
    problemOf.id(plugin.id) ??
    problemOf.name(plugin.name) ??
    problemOf.address(plugin.address) ??
    problemOf.calls(plugin.calls)
  if (problem !== undefined) return yield* new ScaffoldRefused({ message: problem })
  const folder = join(resolve(parent), plugin.id)
  return yield* Effect.try({
    try: () => {
      accessSync(parent, constants.W_OK)
      const making = mkdtempSync(join(parent, `.${plugin.id}-`))
      try {
        for (const [path, text] of filesOf(plugin, hostVersion)) {
          mkdirSync(dirname(join(making, path)), { recursive: true })
          writeFileSync(join(making, path), text, { flag: "wx" })
        }
        // Onto a folder that holds something this fails, whatever was seen a moment before.
        renameSync(making, folder)
      } catch (cause) {
        rmSync(making, { recursive: true, force: true })
        throw cause
      }
      return folder
    },
    catch: (cause) => new ScaffoldRefused({ message: explain(cause, parent, folder) })
  })
})

const explain = (cause: unknown, parent: string, folder: string): string => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
  if (["ENOTEMPTY", "EEXIST", "ENOTDIR", "EPERM"].includes(code) && isThere(folder))
    return `${folder} is there already, and nothing of it was changed; take another name or another folder`
  if (code === "ENOENT" || code === "ENOTDIR") return `there is no folder ${parent}`
  if (["EACCES", "EPERM", "EROFS"].includes(code)) return `${parent} may not be written to (${code})`
  return `the plugin could not be written to ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`
}

const isThere = (path: string): boolean => {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}

/** Every file of the package by its path. */
const filesOf = (plugin: NewPlugin, hostVersion: string): ReadonlyMap<string, string> => {
  const from = template()
  const files = new Map([
    ["package.json", json(packageOf(plugin, hostVersion))],
    ["tsconfig.json", json(compiler)],
    [".gitignore", "node_modules\ndist\n.casewire\n"]
  ])
  for (const folder of ["src", "sandbox", "test"])
    for (const name of readdirSync(join(from, folder)).toSorted())
      files.set(`${folder}/${name}`, fill(readFileSync(join(from, folder, name), "utf8"), plugin))
  files.set("README.md", fill(readFileSync(join(from, "README.md"), "utf8"), plugin))
  return files
}

const fill = (text: string, { address, calls, id, name }: NewPlugin): string =>
  text
    .replaceAll("https://{account}.quillby.example/api/v1/", () => address)
    .replaceAll("calls: 60,", () => `calls: ${calls},`)
    .replaceAll("quillby", () => id)
    .replaceAll("Quillby", () => name)

/** Lists of words on one line, as formatters leave them. */
const json = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2).replace(/\[\n\s+([^[\]{}]*?)\n\s+\]/g, (_, words: string) => `[${words.replace(/\s*\n\s*/g, " ")}]`)}\n`

const Versioned = Schema.fromJsonString(Schema.Struct({ version: Schema.String }))
/** The version that the kit itself works with. */
const versionOf = (name: string): string => {
  const file = new URL(import.meta.resolve(`${name}/package.json`))
  return Schema.decodeUnknownSync(Versioned)(readFileSync(file, "utf8")).version
}

const packageOf = ({ id, name }: NewPlugin, hostVersion: string) => ({
  name: `casewire-plugin-${id}`,
  version: "0.1.0",
  private: true,
  description: `${name} as a CRM of Casewire`,
  type: "module",
  exports: { ".": "./src/index.ts" },
  scripts: { test: "vitest run && casewire plugin test .", check: "tsc" },
  dependencies: { "@casewire/core": versionOf("@casewire/core"), effect: versionOf("effect") },
  devDependencies: {
    "@casewire/contract-kit": versionOf("@casewire/contract-kit"),
    // The command.
    "@casewire/host": hostVersion,
    "@types/node": "24.19.2",
    typescript: "7.0.2",
    vitest: "5.1.1"
  },
  engines: { node: ">=24.18.1 <25 || >=26" },
  casewire: { plugin: "src/index.ts", sandbox: "sandbox/index.ts", skip: [] }
})

const compiler = {
  compilerOptions: {
    target: "ES2024",
    lib: ["ES2024"],
    module: "NodeNext",
    moduleDetection: "force",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"]
  },
  include: ["src", "sandbox", "test"]
}
