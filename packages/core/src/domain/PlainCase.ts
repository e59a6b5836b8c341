/**
 * A case and its client as they are before any CRM is asked: entered by hand or imported from a file. They belong to no
 * connection until the case is linked, and a client stays so until the CRM's first read makes it the CRM's.
 */
import {
  type Case,
  type CaseEntry,
  CaseId,
  type Client,
  ClientId,
  ExternalCaseId,
  ExternalClientId,
  noConnection
} from "./Case.ts"
import type { FirmId, Instant } from "./Ids.ts"
import { unknownValue } from "./Merge.ts"

export type ClientWords = Pick<Client, "firstName" | "lastName" | "fullName" | "email" | "phone">

export const plainClient = (firmId: FirmId, id: string, words: ClientWords, now: Instant): Client => ({
  id: ClientId.make(id),
  firmId,
  connectionId: noConnection,
  externalId: ExternalClientId.make(id),
  standing: "unverified",
  ...words,
  updatedAt: now
})

export const plainCase = (
  client: Client,
  id: string,
  of: { readonly name: string; readonly caseType: string; readonly status: string | null; readonly entry: CaseEntry },
  now: Instant
): Case => ({
  id: CaseId.make(id),
  firmId: client.firmId,
  connectionId: noConnection,
  externalId: ExternalCaseId.make(id),
  clientId: client.id,
  standing: "unverified",
  name: of.name === "" ? [client.fullName, of.caseType].filter((part) => part !== "").join(" – ") : of.name,
  caseType: { name: of.caseType },
  status: { ...unknownValue, platform: of.status },
  reported: null,
  fields: {},
  values: {},
  entry: of.entry,
  dirtySince: null,
  receiveNumber: 0,
  createdAt: now,
  updatedAt: now,
  externalCreatedAt: null,
  externalUpdatedAt: null,
  verifiedAt: null
})
