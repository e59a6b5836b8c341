/**
 * Everything this plugin believes about Law Ruler's wire, in one table, each constant with where the belief comes from:
 * `documented` by a vendor, `observed` in a working client, or `assumed`, with the number of the unknown. When a real
 * portal shows something else, this is the file to correct; a test fails if an assumed value occurs in another one.
 */
import { Schema } from "effect"

type Provenance = "documented" | "observed" | `assumed A-${number}`
interface Believed<A> {
  readonly provenance: Provenance
  readonly value: A
}
const documented = <const A>(value: A): Believed<A> => ({ provenance: "documented", value })
const observed = <const A>(value: A): Believed<A> => ({ provenance: "observed", value })
const assumed = <const A>(number: number, value: A): Believed<A> => ({ provenance: `assumed A-${number}`, value })

interface Route {
  readonly name: string
  readonly method: "GET" | "POST"
  readonly path: string
}
const get = (path: string): Route => ({ name: path.slice(path.indexOf("/") + 1), method: "GET", path })
const post = (path: string): Route => ({ name: path.slice(path.indexOf("/") + 1), method: "POST", path })

export const wireProfile = {
  // Origins and sign-in
  legacyOrigin: documented("https://{clientRoot}.lawruler.com/"),
  /** Staff's page for webhooks, below the legacy origin as the page of a lead is. */
  webhookScreen: observed("Webhook.aspx"),
  authOrigin: observed("https://auth.lawruler.com/{clientRoot}/"),
  advancedOrigin: observed("https://apim.lawruler.com/{clientRoot}/"),
  tokenPath: observed("identity/connect/token"),
  tokenScope: observed("openid profile read write offline_access"),
  /** Tried in this order where the firm gave no client id; the next one only after `invalid_client`. */
  clientIdCandidates: assumed(1, ["clientRoot", "key"]),
  tokenSeconds: assumed(24, 3600),
  callBudget: assumed(14, { calls: 60, windowMs: 60_000 }),

  // Advanced API
  getLead: observed(get("ApiCases/GetLead")),
  searchInboxItems: observed(post("ApiCases/SearchInboxItems")),
  getLeadFields: assumed(26, get("ApiCases/GetLeadFields")),
  getNotes: assumed(15, get("ApiCases/GetNotes")),
  addNote: assumed(15, post("ApiCases/AddNote")),
  getCaseTypes: assumed(15, get("ApiLookup/GetCaseTypes")),
  getStatuses: assumed(15, get("ApiLookup/GetStatuses")),
  getFormFields: assumed(15, get("ApiLookup/GetFormFields")),
  getFolders: assumed(15, get("ApiDocuments/GetFolders")),
  /** Without a folder it lists the documents of every one. */
  getDocuments: assumed(15, get("ApiDocuments/GetDocuments")),
  download: assumed(15, get("ApiDocuments/Download")),
  upload: assumed(15, post("ApiDocuments/Upload")),
  leadQuery: observed("leadId"),
  documentQuery: assumed(15, "documentId"),
  /** Fields of the upload's multipart body. */
  uploadLead: assumed(15, "LeadId"),
  uploadFile: observed("File"),
  caseTypeQuery: assumed(15, "caseTypeId"),
  pageSize: observed(100),
  inboxSearch: observed({ InboxType: 1, DefaultSortOrder: 1, DefaultSortOrderAscending: false }),
  /** What `FromDate` filters and the newest-first order sorts by. */
  inboxSortedBy: assumed(27, "UpdateDateTime"),
  leadNotFound: assumed(12, /\blead\b.*\b(not found|does not exist|no such)\b|\b(no such|unknown|invalid) lead\b/i),
  /** A form row without any input, which is no field. */
  scriptInput: assumed(15, "script"),
  timeZone: observed("America/New_York"),

  // Legacy page
  legacyPath: observed("api-legalcrmapp.aspx"),
  legacyKey: observed("Key"),
  legacyLead: observed("LeadID"),
  legacyOverride: observed(["overridelead", "true"]),
  legacyJson: observed(["ReturnJSON", "True"]),
  legacyXml: observed(["ReturnXML", "True"]),
  legacyGetStatus: observed(["Operation", "GetStatus"]),
  legacyStatus: observed("Status"),
  legacySuccessText: observed(/(?:Success\s+Lead\s*#|Lead\s+ID:\s*)(\d{1,10})\b/i),
  legacyErrorText: assumed(12, /^\s*Error:/i),
  keyRefused: assumed(
    12,
    /\b(invalid|incorrect|unknown|missing|bad|wrong)\s+(api\s*)?key\b|\bkey\b.*\b(is|was)?\s*(invalid|incorrect|not valid)\b|\bunauthori[sz]ed\b/i
  ),
  /** A refusal that asking again cannot change; other words leave open what happened. */
  plainRefusal: assumed(12, /\b(does not exist|not supported|not allowed|is required|are required|must be|exceeds)\b/i),
  legacyKeyLimit: assumed(20, 900),
  legacyByteLimit: assumed(20, 4 * 1024 * 1024),
  /** Words that steer the page, and parameters that do more than fill a field. */
  reservedFields: observed(
    "key operation leadid overridelead returnjson returnxml username password clientsecret " +
      "companyid conversation dupcheck file status"
  ),

  /** How firms write the keys of their own fields; brackets around them are gone before this is asked. */
  fieldKeys: observed({ pattern: String.raw`^\s*(?:custom)?[\s_-]?#?(\d{3,6})\s*$`, canonical: "Custom$1" }),
  /** Fields of every portal by their parameter, with the names that firms use for them. */
  defaultFields: observed([
    { key: "FirstName", names: ["First Name", "Client First Name"] },
    { key: "LastName", names: ["Last Name", "Client Last Name"] },
    { key: "CellPhone", names: ["Cell Phone", "Mobile", "Mobile Phone", "Phone"] },
    { key: "HomePhone", names: ["Home Phone"] },
    { key: "Email1", names: ["Email", "E-mail", "Primary Email", "Email Address"] },
    { key: "Address1", names: ["Address", "Street Address", "Address Line 1"] },
    { key: "Address2", names: ["Address Line 2", "Apartment"] },
    { key: "City", names: ["City"] },
    { key: "State", names: ["State"] },
    { key: "Zip", names: ["Zip", "Zip Code", "Postal Code"] },
    { key: "County", names: ["County"] },
    { key: "DOB", names: ["Date of Birth", "Birth Date"] },
    { key: "Language", names: ["Language", "Preferred Language"] },
    { key: "LeadProvider", names: ["Marketing Source", "Lead Provider", "Source"] },
    { key: "Hear", names: ["How did you hear about us"] },
    { key: "Summary", names: ["Summary", "Case Summary", "Description"] }
  ]),
  /** What mapping sheets say in place of a key. */
  defaultWords: documented(["Default Field", "Default"]),

  // Notes
  noteCategory: documented("Client Communications"),
  noteLimit: assumed(17, 32_000),
  /** Markup characters and what is sent in their place, so that no script reaches a firm's CRM. */
  markup: assumed(17, [
    ["<", "‹"],
    [">", "›"]
  ]),
  /** The same for the legacy page, which also refuses numeric entities. */
  legacyMarkup: assumed(17, [
    ["<", "‹"],
    [">", "›"],
    ["&#", "& #"]
  ]),

  // Documents
  documentFallback: assumed(9, (documentId: string) => `lawruler-document-${documentId}`),
  /** Attached files begin with the id of their lead. */
  attachedFileLead: observed(String.raw`^(\d{5,10})-`),

  // Records and statuses
  /** What status names end in besides their name, compared without case. */
  statusSuffixes: observed(["*", " (default)"]),
  customField: observed(/^(?:<<)?\s*(?:custom)?[\s_-]?(\d{3,6})\s*(?:>>)?$/i),
  clientFallback: assumed(7, (leadId: string) => `lead:${leadId}`),
  fillers: observed(["NA", "N/A", "."]),
  testValue: observed(String.raw`^\s*\{\{\s*(?:default|custom)\d+\s*\}\}`),
  options: documented(["list_id", "list_name", "list_action", "remove_from_list", "campaign_id"]),

  // Pulling
  lookBackMs: assumed(8, 30 * 24 * 3_600_000),
  overlapMs: assumed(8, 15 * 60_000)
} as const satisfies Record<string, Believed<unknown>>

type Values = { readonly [K in keyof typeof wireProfile]: (typeof wireProfile)[K]["value"] }
export const wire = Object.fromEntries(
  Object.entries(wireProfile).map(([name, { value }]) => [name, value])
) as unknown as Values
export type { Route }

const Text = Schema.NullishOr(Schema.String)
/** Numbers arrive as numbers or as digits in a string. */
const Id = Schema.Union([Schema.Int, Schema.String])

/** Answers of the assumed routes: their property names are as invented as their paths. */
export const Lookup = Schema.Struct({ Id: Id, Name: Schema.String })
export const FormField = Schema.Struct({
  FieldKey: Schema.String,
  Label: Schema.optional(Text),
  InputType: Schema.optional(Text),
  Section: Schema.optional(Text),
  Options: Schema.optional(Schema.NullishOr(Schema.Array(Schema.String)))
})
export const LeadField = Schema.Struct({
  FieldKey: Schema.String,
  Value: Schema.optional(Schema.NullishOr(Schema.Union([Schema.String, Schema.Number, Schema.Array(Schema.String)])))
})
export const Note = Schema.Struct({
  NoteId: Id,
  LeadId: Schema.optional(Schema.NullishOr(Id)),
  Category: Schema.optional(Text),
  Text: Schema.optional(Text),
  CreateDate: Schema.optional(Text)
})
export const Folder = Schema.Struct({
  FolderId: Id,
  ParentFolderId: Schema.optional(Schema.NullishOr(Id)),
  Name: Schema.optional(Text)
})
export const Document = Schema.Struct({
  DocumentId: Id,
  LeadId: Schema.optional(Schema.NullishOr(Id)),
  FolderId: Schema.optional(Schema.NullishOr(Id)),
  FileName: Schema.optional(Text),
  ContentType: Schema.optional(Text),
  Size: Schema.optional(Schema.NullishOr(Schema.Int)),
  CreateDate: Schema.optional(Text)
})
export const UploadedDocument = Schema.Union([Schema.Struct({ DocumentId: Id }), Id])
export const NewNote = (leadId: number, category: string, text: string) => ({
  LeadId: leadId,
  Category: category,
  Text: text
})
export const AddedNote = Schema.Union([Schema.Struct({ NoteId: Id }), Id])

/** Answers of the proven calls (observed). `Contact` may be absent or null, and so may anything in it. */
export const Contact = Schema.Struct({
  ContactId: Schema.optional(Schema.NullishOr(Id)),
  Firstname: Schema.optional(Text),
  Lastname: Schema.optional(Text),
  FullName: Schema.optional(Text),
  PrimaryEmail: Schema.optional(Text),
  CellPhone: Schema.optional(Text)
})
export const Lead = Schema.Struct({
  LeadId: Id,
  DisplayName: Schema.optional(Text),
  Contact: Schema.optional(Schema.NullishOr(Contact)),
  CreateDate: Schema.optional(Text),
  UpdateDateTime: Schema.optional(Text),
  CaseType: Schema.optional(Text),
  CaseTypeId: Schema.optional(Schema.NullishOr(Id)),
  Status: Schema.optional(Text),
  StatusId: Schema.optional(Schema.NullishOr(Id)),
  Source: Schema.optional(Schema.NullishOr(Schema.Struct({ Name: Schema.optional(Text) })))
})
