/**
 * Everything the sandbox assumes about Law Ruler, in one place. The numbers (A-n)
 * name unknowns; the README lists them. When a real portal shows something else,
 * this is the file to correct. What is not in here was observed in public clients
 * or is ordinary protocol behaviour.
 */

/** throttling of a portal's API calls. */
export const rateLimit = { limit: 60, windowSeconds: 60, retryAfterHeader: true }

/** one attempt, ten seconds, no retry; the Test button posts raw tokens. */
export const webhookDelivery = { timeoutMs: 10_000, retries: 0, retryDelayMs: 200, retryFaultAttempts: 3 }

/** longest note in UTF-16 units. */
export const noteLimit = 32_000

/** what ASP.NET request validation calls dangerous in a form value. */
export const dangerousFormValue = /<[a-z!/?]|&#/i

/** control characters (other than tab and line ends) break the page as well. */
// oxlint-disable-next-line no-control-regex
export const brokenCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** framework defaults of the legacy page. */
export const legacyLimits = { formKeys: 1000, bytes: 4 * 1024 * 1024 }

/** Largest request body of any kind; beyond it the host answers 413. */
export const bodyLimit = 30 * 1024 * 1024

/** token life and the one-time refresh token. */
export const tokenSeconds = 3600

/** Page sizes of list calls: 100 and 500 were observed, the upper bound is assumed. */
export const pageSize = { default: 100, max: 1000 }

/** category that a legacy `Conversation` is filed under. */
export const conversationCategory = "General"

/** Note categories; only "Client Communications" is documented. */
export const noteCategories = ["General", "Client Communications", "Intake", "Medical", "Attorney Notes"]

/** every path here is invented in the style of the proven calls. */
export const assumedRoutes = {
  GetNotes: { method: "GET", path: "ApiCases/GetNotes" },
  AddNote: { method: "POST", path: "ApiCases/AddNote" },
  GetLeadFields: { method: "GET", path: "ApiCases/GetLeadFields" },
  GetFolders: { method: "GET", path: "ApiDocuments/GetFolders" },
  GetDocuments: { method: "GET", path: "ApiDocuments/GetDocuments" },
  Download: { method: "GET", path: "ApiDocuments/Download" },
  Upload: { method: "POST", path: "ApiDocuments/Upload" },
  GetCaseTypes: { method: "GET", path: "ApiLookup/GetCaseTypes" },
  GetStatuses: { method: "GET", path: "ApiLookup/GetStatuses" },
  GetFormFields: { method: "GET", path: "ApiLookup/GetFormFields" }
} as const

/** The four calls that a working public client makes (observed). */
export const provenRoutes = {
  GetInboxItems: { method: "GET", path: "ApiCases/GetInboxItems" },
  SearchInboxItems: { method: "POST", path: "ApiCases/SearchInboxItems" },
  GetLead: { method: "GET", path: "ApiCases/GetLead" },
  GetCustomReport: { method: "POST", path: "ApiReport/GetCustomReport" }
} as const

/** the words of the legacy page. Only the success text is observed. */
export const legacyText = {
  success: (leadId: number) => `Success Lead #${leadId}`,
  successOldForm: (leadId: number) => `Lead ID:<br/><br/>${leadId}`,
  duplicate: (leadId: number) => `Duplicate Lead #${leadId}`,
  failure: (reason: string) => `Error: ${reason}`,
  status: (leadId: number, status: string) => `Lead ID:<br/>${leadId}<br/>Status:<br/>${status}`
}

/** XML root names. */
export const legacyXml = { root: "Lead", failureRoot: "Result" }

/** what the second duplicate mode files the new lead under. */
export const duplicateStatus = "Duplicate"

/**
 * Tokens behind the webhook field picker. 23, 27, 41, 95 and 96 were observed;
 * the other numbers are assumed and matter only to the Test button.
 */
export const webhookFields = {
  "Lead ID": 95,
  Status: 96,
  "Status ID": 97,
  "Case Type": 20,
  "Case Type ID": 21,
  "Full Name": 1,
  "First Name": 2,
  "Last Name": 3,
  "Created Date": 94,
  "Primary Contact ID": 98,
  Email: 6,
  Phone: 7,
  "Mailing Address": 12,
  "Date of Birth": 23,
  "Case Description": 27,
  "Date of Incident": 41,
  "Marketing Source": 30,
  Assignee: 31,
  Owner: 32,
  Tags: 33
} as const

export type WebhookField = keyof typeof webhookFields

/** Keys of a row whose body was left out: the ten required fields, Email and Phone. */
export const defaultBody: ReadonlyArray<{ key: string; field: WebhookField }> = [
  { key: "LeadID", field: "Lead ID" },
  { key: "CaseTypeID", field: "Case Type ID" },
  { key: "CaseType", field: "Case Type" },
  { key: "StatusID", field: "Status ID" },
  { key: "Status", field: "Status" },
  { key: "FullName", field: "Full Name" },
  { key: "CreatedDate", field: "Created Date" },
  { key: "PrimaryContactID", field: "Primary Contact ID" },
  { key: "FirstName", field: "First Name" },
  { key: "LastName", field: "Last Name" },
  { key: "Email", field: "Email" },
  { key: "Phone", field: "Phone" }
]
