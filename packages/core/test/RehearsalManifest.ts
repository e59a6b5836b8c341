/** What the rehearsal's CRM declares about itself. */
import type { PluginManifest } from "@casewire/core/CrmPlugin"

export const manifest: PluginManifest = {
  id: "rehearsal",
  name: "Rehearsal CRM",
  version: "1.0.0",
  contract: 1,
  credentials: [
    { name: "root", label: "Root", help: "", placeholder: "", secret: false, required: true, pattern: "^[a-z]+$" },
    { name: "password", label: "Password", help: "", placeholder: "", secret: true, required: true }
  ],
  origins: { api: "https://{root}.crm.example/" },
  sandboxOrigins: { api: "{sandbox}/{root}/" },
  account: ["root"],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: null },
  notes: { maxLength: 1000, timeZone: "America/New_York", place: "Notes, category Client" },
  documents: { place: "Documents" },
  fields: {
    keys: { pattern: "^(?:custom)?(\\d{3,6})$", canonical: "Custom$1", defaults: [], defaultWords: [] },
    reserved: ["key", "operation"]
  },
  webhook: {
    required: [
      { name: "Record ID", aliases: [], pattern: "^[0-9]+$" },
      { name: "Stage", aliases: [] },
      { name: "Full Name", aliases: [] }
    ],
    record: "Record ID",
    fillers: ["NA"],
    testValue: "^\\{\\{",
    options: ["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"],
    fileRecord: "^([0-9]{2,})-",
    steps: []
  }
}
