/** The eight switches in the safe order, and what each of them needs before it can do anything. Plain decisions. */
import type { ConnectionView } from "@casewire/api/Connections"
import type { PluginManifest } from "@casewire/core/CrmPlugin"
import type { Toggles } from "@casewire/core/domain/Toggles"
import { configurationCopy as copy } from "../copy/ConfigurationCopy.ts"

export type SwitchName = keyof Toggles

export const switchGroups: ReadonlyArray<readonly [keyof typeof copy.groups, ReadonlyArray<SwitchName>]> = [
  ["master", ["enabled"]],
  ["receive", ["receive"]],
  ["send", ["send", "sendFields", "sendMessages", "sendCalls", "sendDocuments"]],
  ["status", ["syncStatuses"]]
]

const capabilities: Partial<Record<SwitchName, keyof PluginManifest["capabilities"]>> = {
  sendFields: "fields",
  sendMessages: "notes",
  sendCalls: "notes",
  sendDocuments: "documents",
  syncStatuses: "statuses"
}

/** What stands in the way of turning a switch on; nothing stands in the way of turning one off. */
export const missingFor = (
  name: SwitchName,
  { caseTypeLinks, state, toggles }: Pick<ConnectionView, "caseTypeLinks" | "state" | "toggles">,
  manifest: PluginManifest
): ReadonlyArray<string> => {
  const capability = capabilities[name]
  const lacking = capability === undefined ? null : manifest.capabilities[capability]
  const needs: ReadonlyArray<SwitchName> =
    name === "enabled"
      ? []
      : name === "receive" || name === "send"
        ? ["enabled"]
        : name === "syncStatuses"
          ? ["enabled", "receive", "send"]
          : name === "sendFields"
            ? ["enabled", "receive", "send"]
            : ["enabled", "send"]
  return [
    ...(lacking === null ? [] : [copy.missing.capability(lacking)]),
    ...(state === "connected" ? [] : [copy.missing.connected]),
    ...needs.filter((need) => !toggles[need]).map((need) => wordsOf(need, manifest.name)),
    ...(name === "sendFields" && caseTypeLinks.length === 0 ? [copy.missing.links] : [])
  ]
}

const wordsOf = (need: SwitchName, crm: string): string =>
  need === "enabled" ? copy.missing.enabled : need === "receive" ? copy.missing.receive(crm) : copy.missing.send(crm)
