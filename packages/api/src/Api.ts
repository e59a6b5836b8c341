/**
 * The management API as one definition: the server's routes, the OpenAPI document, the typed client and the tests'
 * access matrix are all made from it.
 */
import { HttpApi, OpenApi } from "effect/http-api"
import { CasesGroup } from "./Cases.ts"
import { ConnectionsGroup } from "./Connections.ts"
import { DecisionsGroup } from "./Decisions.ts"
import { DoctorGroup } from "./Doctor.ts"
import { EntriesGroup } from "./Entries.ts"
import { EventsGroup } from "./Events.ts"
import { HealthGroup } from "./Health.ts"
import { ImportsGroup } from "./Imports.ts"
import { JobsGroup } from "./Jobs.ts"
import { CampaignsGroup, ListsGroup } from "./Lists.ts"
import { MappingsGroup } from "./Mappings.ts"
import { PluginsGroup } from "./Plugins.ts"
import { PluginVersionsGroup } from "./PluginVersions.ts"
import { ReceiptsGroup } from "./Receipts.ts"
import { RunsGroup } from "./Runs.ts"
import { SessionGroup } from "./Session.ts"
import { StatusSyncGroup } from "./StatusSync.ts"
import { SubscriptionsGroup } from "./Subscriptions.ts"
import { SyncGroup } from "./Sync.ts"
import { TimelineGroup } from "./Timeline.ts"
import { TokensGroup } from "./Tokens.ts"

export class Api extends HttpApi.make("casewire")
  .add(PluginsGroup)
  .add(PluginVersionsGroup)
  .add(ConnectionsGroup)
  .add(DecisionsGroup)
  .add(EventsGroup)
  .add(CasesGroup)
  .add(MappingsGroup)
  .add(ListsGroup)
  .add(CampaignsGroup)
  .add(EntriesGroup)
  .add(TimelineGroup)
  .add(SyncGroup)
  .add(StatusSyncGroup)
  .add(RunsGroup)
  .add(ImportsGroup)
  .add(SubscriptionsGroup)
  .add(ReceiptsGroup)
  .add(JobsGroup)
  .add(HealthGroup)
  .add(DoctorGroup)
  .add(SessionGroup)
  .add(TokensGroup)
  .annotateMerge(
    OpenApi.annotations({
      title: "Casewire",
      version: "1",
      description: "Connects a law firm's client-communication platform with its CRM."
    })
  ) {}
