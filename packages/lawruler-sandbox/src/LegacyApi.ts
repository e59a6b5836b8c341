/**
 * The legacy page `api-legalcrmapp.aspx`: one door for create, update and
 * GetStatus, by GET or POST, names without case. Failures answer 200; only what
 * the framework itself refuses (markup in a value, too many keys, too large a
 * body) is a real 500 page.
 */
import { Option } from "effect"
import { type Answer, aspNetError, html } from "./Answer.ts"
import { type ApiCall, type Operation, type Outcome, outcome } from "./ApiCall.ts"
import * as LegacyAnswer from "./LegacyAnswer.ts"
import * as LegacyWrite from "./LegacyWrite.ts"
import { addContact, addLead, findDuplicate, type Portal } from "./Portal.ts"
import * as Profile from "./Profile.ts"
import type { Form } from "./Request.ts"

export const legacyPages: ReadonlyArray<string> = ["api-legalcrmapp.aspx", "lawruler-parsing.aspx"]

const formOf = (call: ApiCall): Form =>
  Option.getOrElse(call.form, () => ({ values: new Map(), files: [], keyCount: 0 }))

const methodNotAllowed = (): Answer =>
  html("<h2>405 - HTTP verb used to access this page is not allowed.</h2>", 405, { allow: "GET, POST" })

/** What ASP.NET refuses before the page's own code runs. */
const frameworkRefusal = (call: ApiCall, form: Form) => {
  if (call.request.method !== "GET" && call.request.method !== "POST") return methodNotAllowed()
  if (call.request.body.length > Profile.legacyLimits.bytes) return aspNetError("Maximum request length exceeded.")
  if (form.keyCount > Profile.legacyLimits.formKeys) {
    return aspNetError("Operation is not valid due to the current state of the object.")
  }
  for (const [name, value] of form.values) {
    if (Profile.brokenCharacters.test(value)) return aspNetError("Illegal characters in request.")
    if (Profile.dangerousFormValue.test(value)) {
      return aspNetError(
        `A potentially dangerous Request.Form value was detected from the client (${name}="${value.slice(0, 20)}...").`
      )
    }
  }
  return undefined
}

const getStatus = (portal: Portal, form: Form): Outcome => {
  const format = LegacyAnswer.formatOf(form.values)
  const lead = portal.leads.get(leadIdOf(form) ?? -1)
  return outcome(
    lead === undefined ? LegacyAnswer.failure(format, "Lead not found") : LegacyAnswer.status(format, portal, lead)
  )
}

const update = (portal: Portal, form: Form, now: number): Outcome => {
  const format = LegacyAnswer.formatOf(form.values)
  const lead = portal.leads.get(leadIdOf(form) ?? -1)
  if (lead === undefined) return outcome(LegacyAnswer.failure(format, "Lead not found"))
  // Without the override the page treats the post as one more copy of the lead and changes nothing.
  if (form.values.get("overridelead")?.toLowerCase() !== "true") {
    return outcome(LegacyAnswer.duplicate(format, portal, lead))
  }
  const checked = LegacyWrite.check(portal, lead.caseTypeId, form)
  if (typeof checked === "string") return outcome(LegacyAnswer.failure(format, checked))
  const moved = LegacyWrite.write(portal, lead, checked, now)
  return outcome(LegacyAnswer.written(format, portal, lead), moved ? lead : undefined)
}

const missingOnCreate = (values: ReadonlyMap<string, string>): string | undefined => {
  const has = (name: string) => (values.get(name) ?? "").trim() !== ""
  if (!has("fullname") && !(has("firstname") && has("lastname"))) return "FirstName and LastName are required"
  if (!has("cellphone")) return "CellPhone is required"
  if (!has("email1")) return "Email1 is required"
  if (!has("casetype")) return "CaseType is required"
  return undefined
}

const create = (portal: Portal, form: Form, now: number): Outcome => {
  const { values } = form
  const format = LegacyAnswer.formatOf(values)
  const refuse = (reason: string) => outcome(LegacyAnswer.failure(format, reason))
  const missing = missingOnCreate(values)
  if (missing !== undefined) return refuse(missing)
  const caseType = portal.caseTypes.find(({ name }) => name === values.get("casetype"))
  if (caseType === undefined) return refuse(`CaseType '${values.get("casetype")}' does not exist`)
  const checked = LegacyWrite.check(portal, caseType.id, form)
  if (typeof checked === "string") return refuse(checked)

  const person = { phone: values.get("cellphone") ?? "", email: values.get("email1") ?? "" }
  const existing = values.get("dupcheck") === "0" ? undefined : findDuplicate(portal, person)
  if (existing !== undefined && portal.settings.duplicateMode === "existing") {
    return outcome(LegacyAnswer.duplicate(format, portal, existing))
  }
  const duplicate = portal.statuses.find(({ name }) => name.startsWith(Profile.duplicateStatus))
  const status = existing === undefined ? (checked.status ?? portal.statuses[0]) : duplicate
  if (status === undefined) return refuse("No status")

  const contact = addContact(portal, { firstName: "", lastName: "", ...person })
  const lead = addLead(portal, { contact, caseTypeId: caseType.id, status, by: "legacy" }, now)
  LegacyWrite.write(portal, lead, { form, status: undefined }, now)
  return outcome(LegacyAnswer.written(format, portal, lead), lead)
}

const leadIdOf = (form: Form): number | undefined => {
  const text = form.values.get("leadid")?.trim() ?? ""
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

type Act = "getStatus" | "create" | "update"

const actOf = ({ values }: Form): Act => {
  if (values.get("operation")?.toLowerCase() === "getstatus") return "getStatus"
  return (values.get("leadid") ?? "").trim() === "" ? "create" : "update"
}

const run = (call: ApiCall): Outcome => {
  const { now, portal } = call
  const form = formOf(call)
  const refusal = frameworkRefusal(call, form)
  if (refusal !== undefined) return outcome(refusal)
  if (Option.isNone(call.form)) return outcome(aspNetError("Unexpected end of MIME multipart stream."))
  const format = LegacyAnswer.formatOf(form.values)
  if (form.values.get("key") !== portal.credentials.key) return outcome(LegacyAnswer.failure(format, "Invalid Key"))
  const operation = form.values.get("operation") ?? ""
  if (operation !== "" && operation.toLowerCase() !== "getstatus") {
    return outcome(LegacyAnswer.failure(format, "Operation is not supported"))
  }
  switch (actOf(form)) {
    case "getStatus":
      return getStatus(portal, form)
    case "create":
      return create(portal, form, now)
    case "update":
      return update(portal, form, now)
  }
}

/** An update that sets a status or leaves a note also goes by that name. */
const updateAliases = ({ values }: Form): ReadonlyArray<string> => [
  ...((values.get("status") ?? "") === "" ? [] : ["legacy.status"]),
  ...((values.get("conversation") ?? "") === "" ? [] : ["legacy.note"])
]

export const legacyOperation = (call: ApiCall): Operation => {
  const form = formOf(call)
  const act = actOf(form)
  return {
    name: `legacy.${act}`,
    aliases: ["legacy", ...(act === "update" ? updateAliases(form) : [])],
    leadId: leadIdOf(form),
    reads: act === "getStatus",
    run,
    failure: (reason) => LegacyAnswer.failure(LegacyAnswer.formatOf(form.values), reason),
    about: (call, leadId) => ({
      ...call,
      form: Option.map(call.form, (form) => ({
        ...form,
        values: new Map([...form.values, ["leadid", String(leadId)]])
      }))
    })
  }
}
