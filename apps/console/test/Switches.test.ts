/** What each switch needs before it can be turned on: the safe order, as a table. */
import { describe, expect, it } from "vitest"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import { allOff, type Toggles } from "@casewire/core/domain/Toggles"
import { missingFor, switchGroups, type SwitchName } from "../src/configuration/Switches.ts"

const can = { changes: null, notes: null, fields: null, statuses: null, documents: null }
const manifest = (capabilities: Partial<PluginManifest["capabilities"]> = {}) =>
  ({ name: "Acme", capabilities: { ...can, ...capabilities } }) as unknown as PluginManifest
const connection = (toggles: Partial<Toggles>, more: object = {}) => ({
  state: "connected" as const,
  caseTypeLinks: [{ crmCaseType: { name: "Injury" }, platformCaseType: "Injury" }],
  toggles: { ...allOff, ...toggles },
  ...more
})
const count = (name: SwitchName, toggles: Partial<Toggles>, more: object = {}) =>
  missingFor(name, connection(toggles, more), manifest()).length

describe("the switches", () => {
  it("are the eight of the host, the master first and status sync last", () => {
    const names = switchGroups.flatMap(([, all]) => all)
    expect(names.toSorted()).toEqual(Object.keys(allOff).toSorted())
    expect([names[0], names.at(-1)]).toEqual(["enabled", "syncStatuses"])
  })

  it.each([
    ["enabled", {}, 0],
    ["receive", {}, 1],
    ["receive", { enabled: true }, 0],
    ["send", { enabled: true }, 0],
    ["sendMessages", { enabled: true }, 1],
    ["sendMessages", { enabled: true, send: true }, 0],
    ["sendFields", { enabled: true, send: true }, 1],
    ["sendFields", { enabled: true, send: true, receive: true }, 0],
    ["syncStatuses", { enabled: true, send: true }, 1],
    ["syncStatuses", {}, 3],
    ["syncStatuses", { enabled: true, receive: true, send: true }, 0]
  ] as const)("%s with %j lacks %i", (name, toggles, lacking) => {
    expect(count(name, toggles)).toBe(lacking)
  })

  it("need a connection that works, and mapped fields a linked case type", () => {
    expect(count("enabled", {}, { state: "reconnect-needed" })).toBe(1)
    expect(count("sendFields", { enabled: true, send: true, receive: true }, { caseTypeLinks: [] })).toBe(1)
  })

  it("say why where the CRM cannot do it", () => {
    const sentences = missingFor(
      "sendDocuments",
      connection({ enabled: true, send: true }),
      manifest({ documents: "it has no documents" })
    )
    expect(sentences).toHaveLength(1)
    expect(sentences[0]).toContain("it has no documents")
  })
})
