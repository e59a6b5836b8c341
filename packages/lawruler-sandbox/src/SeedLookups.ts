/**
 * The lookups every seeded portal starts with: case types, the default statuses
 * with small ids, firm-made ones above 1000 with the names firms really type,
 * intake forms (script rows included) and the folder tree.
 */
import type { CaseType, Folder, FormField, InputType, Status } from "./Portal.ts"

export const caseTypes: ReadonlyArray<CaseType> = [
  { id: 222, name: "Harbor MVA" },
  { id: 109, name: "Slip and Fall" },
  { id: 131, name: "Mass Tort – Hernia Mesh" },
  { id: 89, name: "Workers' Compensation" },
  { id: 129, name: "Social Security  Disability" }
]

const shipped = (id: number, name: string, open = true): Status => ({ id, name, open, isDefault: true })
const firmMade = (id: number, name: string, open = true, caseTypeIds?: ReadonlyArray<number>): Status => ({
  id,
  name,
  open,
  isDefault: false,
  ...(caseTypeIds === undefined ? {} : { caseTypeIds })
})

export const statuses: ReadonlyArray<Status> = [
  shipped(1, "New Lead"),
  shipped(3, "Contact Attempted"),
  shipped(5, "Intake Questionnaire Emailed"),
  shipped(6, "Intake Questionnaire Completed"),
  shipped(9, "Sent e-Sign"),
  shipped(10, "Signed e-Sign"),
  shipped(11, "Cancelled E-Sign", false),
  shipped(12, "Disqualified", false),
  shipped(14, "Referral Accepted", false),
  shipped(15, "Referral Declined", false),
  shipped(18, "Converted to Case"),
  shipped(21, "Scheduled Appointment"),
  shipped(24, "Not Retained", false),
  shipped(25, "Duplicate", false),
  firmMade(1049, "WANTED - CHASING"),
  firmMade(1187, "Atty Reveiw  Needed"),
  firmMade(1312, "signed retainer (Default)"),
  firmMade(1420, "REFERRED OUT**", false),
  firmMade(1655, "Police  Report Requested", true, [222]),
  firmMade(2101, "Treating - 2nd Check In", true, [222, 109]),
  firmMade(2333, "Records Recieved", true, [131]),
  firmMade(2847, "CLOSED/ NO  RESPONSE", false)
]

type Row = readonly [number: number, label: string, inputType: InputType, options?: ReadonlyArray<string>]

const section = (caseTypeId: number, name: string, rows: ReadonlyArray<Row>): ReadonlyArray<FormField> =>
  rows.map(([number, label, inputType, options = []]) => ({
    caseTypeId,
    number,
    label,
    inputType,
    section: name,
    options
  }))

const injuries = ["Neck", "Back", "Head, or concussion", "Knee", "Other"]
const treatment = ["Chiropractor", "Urgent Care", "Emergency Room", "Primary Care, or family doctor", "None"]

export const formFields: ReadonlyArray<FormField> = [
  ...section(222, "Accident", [
    [4119, "READ ALOUD: Thank you for calling. This call may be recorded.", "script"],
    [4120, "What is your preferred language?", "single", ["English", "Spanish", "Other"]],
    [4121, "Hernia Mesh: Were you the driver?", "yes/no", ["Yes", "No"]],
    [4122, "Describe the accident in your own words", "textarea"],
    [4124, "Date of accident", "date"],
    [4125, "State in which the accident happened", "state"],
    [4126, "Was a police report made?", "yes/no", ["Yes", "No"]]
  ]),
  ...section(222, "Injury and treatment", [
    [4128, "READ ALOUD: I am sorry to hear that. A few questions about your health.", "script"],
    [4129, "Which parts of your body were hurt? Check all that apply", "multi", injuries],
    [4131, "Where were you treated? Check all that apply", "multi", treatment],
    [4132, "Pharmacy", "text"],
    [4133, "Date of first treatment", "date"],
    [4134, "Are you still treating?", "yes/no", ["Yes", "No"]]
  ]),
  ...section(222, "Insurance", [
    [4138, "READ ALOUD: Please have your insurance card at hand.", "script"],
    [4139, "Insurance company of the other driver", "text"],
    [4140, "Policy number", "text"],
    [4144, "Do you have an attorney now? (No = good)", "yes/no", ["Yes", "No"]]
  ]),
  ...section(109, "Incident", [
    [597, "Date of fall", "date"],
    [598, "Where did you fall?", "text"],
    [600, "Was an incident report made?", "yes/no", ["Yes", "No"]],
    [641, "Describe what happened", "textarea"]
  ]),
  ...section(131, "Mesh", [
    [697, "Date of surgery", "date"],
    [702, "Hospital", "text"],
    [1016, "Complications. Check all that apply", "multi", ["Infection", "Pain, chronic", "Revision surgery"]]
  ])
]

export const folders: ReadonlyArray<Folder> = [
  { folderId: 1, name: "Intake", parentId: null },
  { folderId: 2, name: "Signed", parentId: 1 },
  { folderId: 3, name: "Medical Records", parentId: null },
  { folderId: 4, name: "Communications - Client", parentId: null },
  { folderId: 5, name: "Signed Contracts", parentId: null }
]
