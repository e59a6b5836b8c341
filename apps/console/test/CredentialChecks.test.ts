/** What a connect form says about its values, with a form of any CRM. */
import { describe, expect, it } from "vitest"
import type { CredentialField, PluginManifest } from "@casewire/core/CrmPlugin"
import { partOffered, problemsOf, remarksOn, wordsFor } from "../src/connections/CredentialChecks.ts"

const field = (name: string, more: Partial<CredentialField> = {}): CredentialField => ({
  name,
  label: name,
  help: "",
  placeholder: "",
  secret: false,
  required: true,
  ...more
})
const root = field("root", {
  pattern: "^[a-z0-9-]+$",
  patternCode: "not-a-label",
  patternHelp: "Only its first part.",
  reserved: ["www"]
})
const credentials = [
  root,
  field("secret", { secret: true }),
  field("key", { secret: true }),
  field("note", { required: false })
]
const manifest = { credentials } as unknown as PluginManifest

describe("a connect form", () => {
  it("names what is missing, and nothing that may be left out", () => {
    expect(Object.keys(problemsOf(manifest, {}))).toEqual(["root", "secret", "key"])
  })

  it("says what a value should look like, and which names are taken", () => {
    const values = { secret: "a", key: "b" }
    expect(problemsOf(manifest, { ...values, root: "https://smith.example" })["root"]).toContain("Only its first part.")
    expect(problemsOf(manifest, { ...values, root: "www" })["root"]).toContain("belongs to the CRM")
    expect(problemsOf(manifest, { ...values, root: "smith" })).toEqual({})
  })

  it("shows the host's refusals at their fields, and none for a field that is not in the form", () => {
    const words = wordsFor(manifest, [
      { field: "root", code: "not-a-label" },
      { field: "key", code: "odd" },
      { field: "elsewhere", code: "missing" }
    ])
    expect(Object.keys(words)).toEqual(["root", "key"])
    expect(words["key"]).toContain("(odd)")
  })

  it.each([
    ["https://smith.example.com/login?x=1", "smith"],
    ["Smith.example.com", "smith"],
    [" smith.example.com ", "smith"],
    ["smith", undefined],
    ["", undefined],
    ["www.example.com", undefined],
    ["not an address at all", undefined],
    ["javascript:alert(1)", undefined]
  ])("offers the first part of an address that was pasted: %j", (typed, part) => {
    expect(partOffered(root, typed)).toBe(part)
  })

  it("remarks on spaces around a secret and on two that are the same, and changes neither", () => {
    expect(Object.keys(remarksOn(manifest, { secret: "a ", key: "b" }))).toEqual(["secret"])
    expect(remarksOn(manifest, { secret: "same", key: "same" })["key"]).toContain("secret")
    expect(remarksOn(manifest, { secret: "", key: "" })).toEqual({})
  })
})
