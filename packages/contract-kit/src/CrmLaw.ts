/** A law of the port `Crm`: one promise as a sentence, and a program that fails where a plugin breaks it. */
import type { CrmPlugin } from "@casewire/core/CrmPlugin"
import type { FirmId } from "@casewire/core/domain/Ids"
import type { Crm, CrmError } from "@casewire/core/ports/Crm"
import type { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import type { DocumentStore } from "@casewire/core/ports/DocumentStore"
import type { Effect, Scope } from "effect"
import type { CrmSandbox } from "./CrmSandbox.ts"

export type CrmService = Crm["Service"]
export type CrmDocumentsService = CrmDocuments["Service"]
export type CrmCapability = keyof CrmPlugin["manifest"]["capabilities"]

/** The document store behind the connection, and whose it is. */
export interface CrmStore {
  readonly documents: DocumentStore["Service"]
  readonly firmId: FirmId
}

/** What a law is given. */
export interface CrmTrial {
  readonly plugin: CrmPlugin
  readonly sandbox: CrmSandbox
  readonly crm: CrmService
  readonly documents: CrmDocumentsService
  /** Where the host keeps the bytes. */
  readonly store: CrmStore
  readonly open: (replaced: Readonly<Record<string, string>>) => Effect.Effect<CrmService, never, Scope.Scope>
}

export interface CrmLaw {
  /** Unique: skips, reports and the page of laws name a law by it. */
  readonly title: string
  /** What goes wrong in a firm where the law is broken, and how plugins come to break it. */
  readonly why: string
  readonly capability?: CrmCapability
  readonly run: (trial: CrmTrial) => Effect.Effect<void, CrmError, Scope.Scope>
}
