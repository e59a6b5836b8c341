/**
 * The Advanced API's route table. A request finds its operation here by path
 * (without case) and method; what is not in the table, or switched off, answers
 * 404 in the gateway's JSON.
 */
import { Option, Predicate } from "effect"
import * as Leads from "./AdvancedLeads.ts"
import * as Records from "./AdvancedRecords.ts"
import { type Answer, json } from "./Answer.ts"
import { type ApiCall, type Operation, outcome } from "./ApiCall.ts"
import * as Envelope from "./Envelope.ts"
import { assumedRoutes, provenRoutes } from "./Profile.ts"
import { bodyJson, parameter } from "./Request.ts"

const routes = { ...provenRoutes, ...assumedRoutes }

export type RouteName = keyof typeof routes

export const routeNames = Object.keys(routes) as ReadonlyArray<RouteName>

const handlers: Record<RouteName, (call: ApiCall) => Answer> = {
  GetInboxItems: Leads.getInboxItems,
  SearchInboxItems: Leads.searchInboxItems,
  GetLead: Leads.getLead,
  GetCustomReport: Leads.getCustomReport,
  GetNotes: Records.getNotes,
  AddNote: Records.addNoteRoute,
  GetLeadFields: Records.getLeadFields,
  GetFolders: Records.getFolders,
  GetDocuments: Records.getDocuments,
  Download: Records.download,
  Upload: Records.upload,
  GetCaseTypes: Records.getCaseTypes,
  GetStatuses: Records.getStatuses,
  GetFormFields: Records.getFormFields
}

const byRequest = new Map(
  routeNames.map((name) => {
    const { method, path } = routes[name]
    return [`${method} ${path.toLowerCase()}`, name]
  })
)

const leadIdOf = (call: ApiCall): number | undefined => {
  const inQuery = parameter(call.request, "leadId")
  const inForm = Option.isSome(call.form) ? call.form.value.values.get("leadid") : undefined
  const named = inQuery ?? inForm ?? leadIdInBody(call)
  return named !== undefined && /^\d{1,10}$/.test(String(named)) ? Number(named) : undefined
}

const leadIdInBody = (call: ApiCall): unknown => {
  const isJson = /json/i.test(call.request.headers["content-type"] ?? "")
  const body = isJson ? Option.getOrUndefined(bodyJson(call.request)) : undefined
  return Predicate.hasProperty(body, "LeadId") ? body.LeadId : undefined
}

/** `path` is what follows the client root. */
export const advancedOperation = (call: ApiCall, path: string): Operation | undefined => {
  const name = byRequest.get(`${call.request.method} ${path.toLowerCase()}`)
  if (name === undefined || call.portal.settings.routesEnabled[name] === false) return undefined
  return {
    name,
    aliases: ["advanced"],
    leadId: leadIdOf(call),
    reads: routes[name].method === "GET",
    run: (call) => outcome(handlers[name](call)),
    failure: (reason) => Envelope.failure(reason),
    about: (call, leadId) => {
      const query = new URLSearchParams(
        [...call.request.query].map(([key, value]): [string, string] => [
          key,
          key.toLowerCase() === "leadid" ? String(leadId) : value
        ])
      )
      return { ...call, request: { ...call.request, query } }
    }
  }
}

export const notEnabled = (): Answer =>
  json({ statusCode: 403, message: "The Advanced API is not enabled for this account." }, 403)

export const notFound = (): Answer => json({ statusCode: 404, message: "Resource not found" }, 404)
