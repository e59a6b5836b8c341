/** What a person reads before one version of a plugin replaces another. */
import { assert, describe, it } from "@effect/vitest"
import { PluginManifest } from "@casewire/core/CrmPlugin"
import { pluginDiff } from "@casewire/core/PluginDiff"
import { manifest as present } from "./RehearsalManifest.ts"

/** Every optional part is there, so that each can change. */
const manifest: PluginManifest = {
  ...present,
  contracts: { minimum: 1, maximum: 1 },
  credentials: [
    ...present.credentials,
    {
      name: "office",
      label: "Office",
      help: "Which one",
      placeholder: "main",
      secret: true,
      required: false,
      pattern: "^x",
      patternHelp: "Begins with x",
      patternCode: "no-x",
      reserved: ["x"]
    }
  ],
  fields: {
    keys: { ...present.fields!.keys, defaults: [{ key: "City", names: ["Town"] }], defaultWords: ["Default"] },
    reserved: ["key"]
  },
  webhook: {
    ...present.webhook,
    steps: ["Open the page"],
    hints: ["Send one by hand"],
    screen: { origin: "api", path: "hooks", label: "Webhooks" }
  }
}
const { capabilities, credentials, webhook } = manifest
const [root, password, office] = credentials
const [recordId, stage] = webhook.required

type Change = Partial<PluginManifest>
const table: ReadonlyArray<readonly [title: string, change: Change, lines: ReadonlyArray<string>]> = [
  ["nothing", {}, []],
  ["the order of a record's keys", { origins: { ...manifest.origins } }, []],
  ["a newer version", { version: "1.1.0" }, ["harmless: version-changed"]],
  ["an older version", { version: "1.0.0-rc.1" }, ["needs confirmation: downgrade 1.0.0-rc.1"]],
  ["the name", { name: "Other" }, ["needs attention: name-changed"]],
  ["the contract", { contract: 2, contracts: { minimum: 1, maximum: 2 } }, ["harmless: contract-changed"]],
  [
    "one more host",
    { origins: { ...manifest.origins, auth: "https://auth.crm.example/" } },
    ["needs confirmation: host-added auth.crm.example"]
  ],
  [
    "another host",
    { origins: { api: "https://{root}.other.example/" } },
    ["needs confirmation: host-added {root}.other.example", "harmless: host-removed {root}.crm.example"]
  ],
  [
    "a narrower path",
    { origins: { api: "https://{root}.crm.example/v2/" } },
    ["harmless: path-removed {root}.crm.example/"]
  ],
  ["another name of an origin", { origins: { main: manifest.origins["api"]! } }, ["harmless: origins-renamed"]],
  ["the sandbox's paths", { sandboxOrigins: { api: "{sandbox}/v2/" } }, ["needs attention: sandbox-changed"]],
  [
    "an input that must be filled in",
    { credentials: [...credentials, { ...password!, name: "pin" }] },
    ["needs confirmation: credential-required pin"]
  ],
  [
    "an input that may be left empty",
    { credentials: [...credentials, { ...office!, name: "pin" }] },
    ["needs attention: credential-added pin"]
  ],
  ["an input less", { credentials: [root!, password!] }, ["needs attention: credential-removed office"]],
  [
    "an input that becomes needed",
    { credentials: [root!, password!, { ...office!, required: true }] },
    ["needs confirmation: credential-required office"]
  ],
  [
    "an input that may be left out",
    { credentials: [root!, { ...password!, required: false }, office!] },
    ["harmless: credential-optional password"]
  ],
  [
    "a secret that is shown",
    { credentials: [root!, { ...password!, secret: false }, office!] },
    ["needs confirmation: credential-shown password"]
  ],
  [
    "an input that is hidden",
    { credentials: [{ ...root!, secret: true }, password!, office!] },
    ["needs attention: credential-hidden root"]
  ],
  [
    "what an input takes",
    { credentials: [{ ...root!, pattern: "^[a-c]+$" }, password!, office!] },
    ["needs attention: credential-judged root"]
  ],
  [
    "the words of an input",
    { credentials: [{ ...root!, label: "Account" }, password!, office!] },
    ["harmless: credential-worded root"]
  ],
  [
    "something it can do no more",
    { capabilities: { ...capabilities, notes: "It has none." } },
    ["needs confirmation: capability-removed notes"]
  ],
  [
    "documents no more",
    { capabilities: { ...capabilities, documents: "It has none." } },
    ["harmless: documents-removed", "needs confirmation: capability-removed documents"]
  ],
  [
    "one more required field",
    { webhook: { ...webhook, required: [...webhook.required, { name: "Phone", aliases: [] }] } },
    ["needs confirmation: field-required Phone"]
  ],
  [
    "a required field less",
    { webhook: { ...webhook, required: [recordId!, stage!] } },
    ["needs attention: field-optional Full Name"]
  ],
  [
    "one more alias",
    { webhook: { ...webhook, required: [recordId!, { ...stage!, aliases: ["Status"] }, webhook.required[2]!] } },
    ["harmless: alias-added Stage status"]
  ],
  [
    "another spelling of a key",
    { webhook: { ...webhook, required: [{ ...recordId!, aliases: ["record_id"] }, ...webhook.required.slice(1)] } },
    []
  ],
  [
    "how a field must look",
    { webhook: { ...webhook, required: [{ ...recordId!, pattern: "^[0-9]{3}$" }, ...webhook.required.slice(1)] } },
    ["needs attention: field-judged Record ID"]
  ],
  [
    "which field names the record",
    { webhook: { ...webhook, record: "Stage" } },
    ["needs confirmation: record-changed Stage"]
  ],
  ["what counts as a test", { webhook: { ...webhook, testValue: "^test$" } }, ["needs confirmation: test-changed"]],
  ["what counts as empty", { webhook: { ...webhook, fillers: ["NA", "-"] } }, ["needs attention: fillers-changed"]],
  [
    "an option less",
    { webhook: { ...webhook, options: webhook.options.slice(1) } },
    ["needs confirmation: option-removed list_id"]
  ],
  [
    "one more option",
    { webhook: { ...webhook, options: [...webhook.options, "x"] } },
    ["needs attention: option-added x"]
  ],
  ["the steps of the set-up", { webhook: { ...webhook, steps: [] } }, ["harmless: steps-worded"]],
  [
    "how field keys are spelled",
    { fields: { ...manifest.fields!, keys: { ...manifest.fields!.keys, canonical: "custom_$1" } } },
    ["needs confirmation: field-keys-changed"]
  ],
  [
    "the fields every firm has",
    { fields: { ...manifest.fields!, keys: { ...manifest.fields!.keys, defaults: [] } } },
    ["needs attention: default-fields-changed"]
  ],
  [
    "the names that are no fields",
    { fields: { ...manifest.fields!, reserved: ["key", "mode"] } },
    ["needs attention: reserved-fields-changed"]
  ],
  ["the time zone", { notes: { ...manifest.notes, timeZone: "UTC" } }, ["needs confirmation: time-zone-changed"]],
  [
    "how long a note may be",
    { notes: { ...manifest.notes, maxLength: 500 } },
    ["needs attention: note-length-changed"]
  ],
  ["where documents are found", { documents: { place: "Files" } }, ["harmless: places-worded"]],
  ["whose calls are counted together", { account: [] }, ["needs confirmation: account-changed"]],
  ["more calls", { budget: { calls: 100, windowMs: 60_000 } }, ["needs confirmation: budget-changed 100/60000"]],
  ["fewer calls", { budget: { calls: 60, windowMs: 90_000 } }, ["needs attention: budget-changed 60/90000"]]
]

const shown = (before: PluginManifest | null, after: PluginManifest) =>
  pluginDiff(before, after).map(({ key, weight }) => `${weight}: ${key}`)

describe("the difference between two versions of a plugin", () => {
  it.each(table)("in %s is told and weighed", (_, change, lines) => {
    assert.deepStrictEqual(shown(manifest, { ...manifest, ...change }), [...lines])
  })

  it("tells what becomes possible, which begins at once where a switch is on", () => {
    const none = { changes: "x", notes: "x", fields: "x", statuses: "x", documents: "x" }
    assert.deepStrictEqual(shown({ ...manifest, capabilities: none }, manifest), [
      "needs confirmation: documents-added",
      "needs attention: capability-added changes",
      "needs confirmation: capability-added notes",
      "needs confirmation: capability-added fields",
      "needs confirmation: capability-added statuses",
      "needs confirmation: capability-added documents"
    ])
    assert.deepStrictEqual(
      shown({ ...manifest, capabilities: none }, { ...manifest, capabilities: { ...none, notes: "y" } }),
      ["harmless: capability-worded notes"]
    )
  })

  it("lets a path grow wider only with confirmation", () => {
    const narrow = { ...manifest, origins: { api: "https://{root}.crm.example/v2/" } }
    assert.deepStrictEqual(shown(narrow, manifest), ["needs confirmation: path-added {root}.crm.example/"])
  })

  it("tells of a new plugin everything that it may do", () => {
    assert.deepStrictEqual(shown(null, manifest), [
      "needs attention: plugin-added",
      "needs confirmation: host-added {root}.crm.example",
      "needs confirmation: documents-added"
    ])
  })

  it("is empty between a version and itself, whatever the order of its keys", () => {
    const turned = Object.fromEntries(Object.entries(manifest).toReversed()) as unknown as PluginManifest
    assert.deepStrictEqual(shown(manifest, turned), [])
  })

  it("is tested on a manifest that has every part there is", () => {
    // The permissions follow from the rest.
    assert.deepStrictEqual(missingParts(PluginManifest, manifest), [".permissions"])
  })

  it("has a line for whatever leaf of the manifest changes", () => {
    const silent = leavesOf(manifest).filter((path) => pluginDiff(manifest, changedAt(manifest, path)).length === 0)
    assert.deepStrictEqual(
      silent.map((path) => path.join(".")),
      []
    )
    assert.isAbove(leavesOf(manifest).length, 60)
  })

  it("has a key of its own for each line, so that confirming one confirms no other", () => {
    const other = leavesOf(manifest).reduce((made, path) => changedAt(made, path), manifest)
    const keys = pluginDiff(manifest, other).map(({ key }) => key)
    assert.deepStrictEqual(keys, [...new Set(keys)])
    assert.isAbove(keys.length, 20)
  })
})

/** The keys of a schema that a value leaves out, at any depth. */
const missingParts = (schema: unknown, value: unknown, at = ""): ReadonlyArray<string> => {
  const { fields, schema: inner, rest } = Object(schema)
  if (Array.isArray(value)) return value.flatMap((each) => missingParts(rest?.[0] ?? inner ?? schema, each, `${at}[]`))
  if (fields === undefined) return inner === undefined ? [] : missingParts(inner, value, at)
  return Object.entries(fields).flatMap(([key, field]) =>
    Object.hasOwn(Object(value), key) ? missingParts(field, Object(value)[key], `${at}.${key}`) : [`${at}.${key}`]
  )
}

type Path = ReadonlyArray<string | number>

const leavesOf = (value: unknown, at: Path = []): ReadonlyArray<Path> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
        leavesOf(inner, [...at, Array.isArray(value) ? Number(key) : key])
      )
    : [at]

/** The manifest with another value of the same kind at one place. */
const changedAt = (value: PluginManifest, path: Path): PluginManifest => {
  const copy = structuredClone(value)
  let at: Record<string | number, unknown> = copy as unknown as Record<string, unknown>
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>
  const last = path.at(-1)!
  const old = at[last]
  at[last] =
    typeof old === "boolean" ? !old : typeof old === "number" ? old + 1 : old === null ? "not" : otherText(`${old}`)
  return copy
}

const otherText = (text: string): string =>
  text.startsWith("https://") ? text.replace("https://", "https://x") : text === "1.0.0" ? "1.0.1" : `${text}x`
