/** A law of the port `Crm`: one promise as a sentence, and a program that fails where a plugin breaks it. */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import type { Crm, CrmError } from "@casewire/core/ports/Crm"
import type { Effect, Scope } from "effect"
import type { CrmSandbox } from "./CrmSandbox.ts"

export type CrmService = Crm["Service"]
export type CrmCapability = keyof CrmPlugin["manifest"]["capabilities"]

/** What a law is given. */
export interface CrmTrial {
  readonly plugin: CrmPlugin
  readonly sandbox: CrmSandbox
  readonly crm: CrmService
  readonly open: (replaced: Readonly<Record<string, string>>) => Effect.Effect<CrmService, never, Scope.Scope>
}

export interface CrmLaw {
  readonly title: string
  readonly capability?: CrmCapability
  readonly run: (trial: CrmTrial) => Effect.Effect<void, CrmError, Scope.Scope>
}
