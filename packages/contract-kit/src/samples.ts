/** The small world in which laws and tests play: two firms, three connections, and builders for what comes and goes. */
import { Effect } from "effect"
import {
  CaseId,
  ClientId,
  ExternalCaseId,
  ExternalClientId,
  type Case,
  type CaseEvent,
  type Client
} from "@casewire/core/domain/Case"
import { ConnectionId, type Connection, type Firm } from "@casewire/core/domain/Connection"
import { FirmId, newId } from "@casewire/core/domain/Ids"
import {
  CampaignId,
  ListId,
  noAutoAdd,
  type Campaign,
  type List,
  type ListEvent,
  type Membership
} from "@casewire/core/domain/List"
import { JobId, Priority, type NewJob } from "@casewire/core/domain/Job"
import { ReceiptId, type Receipt } from "@casewire/core/domain/Receipt"
import { allOff } from "@casewire/core/domain/Toggles"

/** When every law begins: 2026-01-05T09:00:00Z. */
export const start = 1_767_603_600_000

export const firm: Firm = {
  id: FirmId.make("019b8d6a-0000-7000-8000-00000000000a"),
  name: "Alder & Birch",
  createdAt: start
}
export const otherFirm: Firm = {
  id: FirmId.make("019b8d6a-0000-7000-8000-00000000000b"),
  name: "Cedar Law",
  createdAt: start
}

export const connection: Connection = {
  id: ConnectionId.make("019b8d6a-0001-7000-8000-000000000001"),
  firmId: firm.id,
  plugin: "sample-crm",
  name: "Intake",
  state: "connected",
  sandbox: true,
  settings: { root: "alder" },
  callLimit: null,
  toggles: { ...allOff, enabled: true, receive: true, send: true },
  caseTypeLinks: [{ crmCaseType: { externalId: "7", name: "Auto Accident" }, platformCaseType: "Auto" }],
  aliases: { "Lead ID": ["lead_no"] },
  cursor: null,
  health: { lastSync: null, lastStatusPull: null, lastStatusPush: null, lastWebhook: null },
  createdAt: start,
  updatedAt: start
}
export const secondConnection: Connection = {
  ...connection,
  id: ConnectionId.make("019b8d6a-0001-7000-8000-000000000002"),
  name: "Second office"
}
export const otherConnection: Connection = {
  ...connection,
  id: ConnectionId.make("019b8d6a-0001-7000-8000-000000000003"),
  firmId: otherFirm.id
}

export const makeJob = (change: Partial<NewJob> = {}): Effect.Effect<NewJob> =>
  Effect.map(newId, (id) => ({
    id: JobId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    key: "1001",
    lane: "state",
    priority: Priority.read,
    work: { _tag: "ReadCase", externalCaseId: ExternalCaseId.make("1001") },
    ...change
  }))

/** Jobs in the order in which they are to be enqueued. */
export const makeJobs = (...changes: ReadonlyArray<Partial<NewJob>>): Effect.Effect<ReadonlyArray<NewJob>> =>
  Effect.forEach(changes, makeJob)

export const makeReceipt = (change: Partial<Receipt> = {}): Effect.Effect<Receipt> =>
  Effect.map(newId, (id) => ({
    id: ReceiptId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    receivedAt: start,
    receiveNumber: 0,
    mediaType: "application/x-www-form-urlencoded",
    body: "Lead+ID=1001&Status=Intake+%E2%9C%93",
    query: [
      ["list_id", "12"],
      ["list_id", "13"]
    ],
    headerNames: ["content-type", "user-agent"],
    disposition: { _tag: "Accepted" },
    errors: [],
    warnings: [{ field: "Email", code: "blank" }],
    externalCaseId: "1001",
    replayedAt: null,
    ...change
  }))

export const makeClient = (change: Partial<Client> = {}): Effect.Effect<Client> =>
  Effect.map(newId, (id) => ({
    id: ClientId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    externalId: ExternalClientId.make("501"),
    standing: "verified",
    firstName: "Zoë",
    lastName: "O’Hara",
    fullName: "Zoë O’Hara",
    email: "zoe@example.com",
    phone: "+1 555 0100",
    updatedAt: start,
    ...change
  }))

export const makeCase = (change: Partial<Case> = {}): Effect.Effect<Case> =>
  Effect.map(newId, (id) => ({
    id: CaseId.make(id),
    firmId: firm.id,
    connectionId: connection.id,
    externalId: ExternalCaseId.make("1001"),
    clientId: ClientId.make("019b8d6a-0002-7000-8000-000000000001"),
    standing: "verified",
    name: "Zoë O’Hara / Auto Accident",
    caseType: { externalId: "7", name: "Auto Accident" },
    status: { platform: "Intake", basePlatform: "Intake", baseCrm: "Intake", seenCrm: null },
    reported: {
      status: { name: "Signed", raw: "** Signed **", externalId: "12" },
      receiptId: "019b8d6a-0003-7000-8000-000000000001",
      at: start
    },
    fields: { Injuries: ["neck", "back"], Empty: [] },
    values: { injuredPart: { platform: "neck", basePlatform: "neck", baseCrm: "Neck", seenCrm: null } },
    dirtySince: null,
    receiveNumber: 4,
    createdAt: start,
    updatedAt: start,
    externalCreatedAt: null,
    externalUpdatedAt: start - 1,
    verifiedAt: start,
    ...change
  }))

export const makeEvent = (change: Partial<CaseEvent> = {}): Effect.Effect<CaseEvent> =>
  Effect.map(newId, (id) => ({
    id,
    firmId: firm.id,
    caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000001"),
    at: start,
    kind: "status-applied",
    cause: "019b8d6a-0003-7000-8000-000000000001",
    before: "Intake",
    after: "Signed",
    ...change
  }))

export const makeList = (change: Partial<List> = {}): Effect.Effect<List> =>
  Effect.map(newId, (id) => ({
    id: ListId.make(id),
    firmId: firm.id,
    number: 1,
    name: "Intake – Größe",
    description: "who to call",
    caseType: "Auto",
    autoAdd: { ...noAutoAdd, on: true, caseTypes: [{ externalId: "7", name: "Auto Accident" }], statuses: ["Signed"] },
    createdAt: start,
    updatedAt: start,
    archivedAt: null,
    ...change
  }))

export const makeCampaign = (change: Partial<Campaign> = {}): Effect.Effect<Campaign> =>
  Effect.map(newId, (id) => ({
    id: CampaignId.make(id),
    firmId: firm.id,
    number: 1,
    name: "Spring",
    listId: null,
    createdAt: start,
    updatedAt: start,
    archivedAt: null,
    ...change
  }))

export const makeMembership = (change: Partial<Membership> = {}): Membership => ({
  firmId: firm.id,
  kind: "list",
  targetId: "019b8d6a-0005-7000-8000-000000000001",
  caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000001"),
  isMember: true,
  heldOffBy: null,
  receiveNumber: 3,
  waiting: [
    { receiptId: "019b8d6a-0003-7000-8000-000000000001", receiveNumber: 2, status: "Signed", field: "list_id" }
  ],
  since: start,
  cause: "019b8d6a-0003-7000-8000-000000000001",
  ...change
})

export const makeListEvent = (change: Partial<ListEvent> = {}): Effect.Effect<ListEvent> =>
  Effect.map(newId, (id) => ({
    id,
    firmId: firm.id,
    at: start,
    kind: "list",
    targetId: "019b8d6a-0005-7000-8000-000000000001",
    caseId: CaseId.make("019b8d6a-0004-7000-8000-000000000001"),
    change: "added",
    by: "receipt",
    cause: "019b8d6a-0003-7000-8000-000000000001",
    detail: "Zoë",
    ...change
  }))
