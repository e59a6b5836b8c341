/** A plugin that is broken on purpose, as a change of a sound one, with the laws of the contract that must catch it. */
import type { CrmDocumentsService, CrmService, CrmStore } from "@casewire/contract-kit/CrmLaw"
import type { CrmSandbox } from "@casewire/contract-kit/CrmSandbox"

export interface BrokenPlugin {
  readonly name: string
  readonly crm: (crm: CrmService, sandbox: CrmSandbox) => Partial<CrmService>
  readonly documents?: (
    documents: CrmDocumentsService,
    around: { readonly good: CrmService; readonly sandbox: CrmSandbox; readonly store: CrmStore }
  ) => Partial<CrmDocumentsService>
  /** What the sandbox would see of it, where that is the fault. */
  readonly sandbox?: (sandbox: CrmSandbox) => Partial<CrmSandbox>
  readonly laws: ReadonlyArray<string>
}
