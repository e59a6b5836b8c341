/**
 * The contract of a CRM plugin as a suite of tests: laws that hold for every CRM, run against its sandbox over real
 * HTTP. What a CRM cannot do is skipped with a written reason, and then the plugin must say so itself: in its manifest,
 * and by failing with `CrmUnsupported`.
 */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import { describe, it } from "@effect/vitest"
import type { CrmCapability } from "./CrmLaw.ts"
import { type CrmConnect, crmLaws, runCrmLaw, unsupportedLaw } from "./CrmLaws.ts"

export interface CrmContract {
  readonly name: string
  readonly plugin: CrmPlugin
  readonly connect: CrmConnect
  readonly skip: ReadonlyArray<{ readonly capability: CrmCapability; readonly reason: string }>
}

/** Registers every law as a test. */
export const crmContract = (contract: CrmContract): void => {
  const { connect, name, plugin, skip } = contract
  for (const { capability, reason } of skip) {
    if (reason.trim() === "") throw new Error(`${name}: skipping "${capability}" needs a reason`)
    if (plugin.manifest.capabilities[capability] === null) {
      throw new Error(`${name}: "${capability}" is skipped, but the manifest says that the plugin can do it`)
    }
  }
  describe(`${name} keeps the contract of a CRM`, () => {
    for (const law of crmLaws) {
      const skipped = skip.find(({ capability }) => capability === law.capability)
      if (skipped === undefined) it.live(law.title, () => runCrmLaw(law, plugin, connect))
      else it.skip(`${law.title} (skipped: ${skipped.reason})`, () => {})
    }
    for (const { capability } of skip) {
      const law = unsupportedLaw(capability)
      if (law !== undefined) it.live(law.title, () => runCrmLaw(law, plugin, connect))
    }
  })
}
