/**
 * The assumed routes about notes, documents and lookups: invented in
 * the style of the proven ones, because the real paths are not public. The field
 * names used here are just as invented; the package's README lists them.
 */
import { Option, Schema } from "effect"
import { type Answer, bytes } from "./Answer.ts"
import type { ApiCall } from "./ApiCall.ts"
import { toFalseOffset } from "./EasternTime.ts"
import * as Envelope from "./Envelope.ts"
import { addDocument, addNote, type CaseType, folderPath, isNoteCategory, statusesOf } from "./Portal.ts"
import * as Profile from "./Profile.ts"

const namedLead = (call: ApiCall) => Envelope.findLead(call, Envelope.integerParameter(call, "leadId"))

/** Newest first. */
export const getNotes = (call: ApiCall): Answer => {
  const lead = namedLead(call)
  if (Envelope.isAnswer(lead)) return lead
  return Envelope.page(call, lead.notes.toReversed(), (note) => ({
    NoteId: note.noteId,
    LeadId: lead.leadId,
    Category: note.category,
    Text: note.text,
    CreateDate: toFalseOffset(note.createdAt),
    CreatedBy: note.author
  }))
}

const NewNote = Schema.Struct({ LeadId: Schema.Int, Category: Schema.String, Text: Schema.String })

export const addNoteRoute = (call: ApiCall): Answer => {
  const body = Envelope.readBody(call, NewNote)
  if (Envelope.isAnswer(body)) return body
  const lead = Envelope.findLead(call, body.LeadId)
  if (Envelope.isAnswer(lead)) return lead
  if (!isNoteCategory(body.Category)) return Envelope.failure(`Category '${body.Category}' does not exist.`)
  if (body.Text.trim() === "") return Envelope.failure("The Text field is required.")
  if (body.Text.length > Profile.noteLimit) {
    return Envelope.failure(`Text exceeds the maximum of ${Profile.noteLimit} characters.`)
  }
  const author = call.portal.credentials.username
  const note = addNote(call.portal, lead, { category: body.Category, text: body.Text, author }, call.now)
  return Envelope.success({ NoteId: note.noteId })
}

export const getLeadFields = (call: ApiCall): Answer => {
  const lead = namedLead(call)
  if (Envelope.isAnswer(lead)) return lead
  const labels = new Map(call.portal.fields.map((field) => [`Custom${field.number}`, field]))
  const ofCaseType = call.portal.fields
    .filter((field) => field.caseTypeId === lead.caseTypeId && field.inputType !== "script")
    .map((field) => `Custom${field.number}`)
  // Values can outlive the form they were entered on.
  const keys = new Set([...ofCaseType, ...lead.custom.keys()])
  return Envelope.success(
    [...keys].map((key) => ({
      FieldKey: key,
      Label: labels.get(key)?.label ?? key,
      Value: lead.custom.get(key) ?? ""
    }))
  )
}

export const getFolders = (call: ApiCall): Answer => {
  const lead = namedLead(call)
  if (Envelope.isAnswer(lead)) return lead
  return Envelope.success(
    call.portal.folders.map((folder) => ({
      FolderId: folder.folderId,
      ParentFolderId: folder.parentId,
      Name: folder.name,
      Path: folderPath(call.portal, folder)
    }))
  )
}

export const getDocuments = (call: ApiCall): Answer => {
  const lead = namedLead(call)
  if (Envelope.isAnswer(lead)) return lead
  const folderId = Envelope.integerParameter(call, "folderId")
  const documents = lead.documents.filter((document) => folderId === undefined || document.folderId === folderId)
  return Envelope.page(call, documents, (document) => ({
    DocumentId: document.documentId,
    LeadId: lead.leadId,
    FolderId: document.folderId,
    FileName: document.name === "" ? null : document.name,
    ContentType: document.contentType,
    Size: document.content.length,
    CreateDate: toFalseOffset(document.createdAt)
  }))
}

export const download = (call: ApiCall): Answer => {
  const documentId = Envelope.integerParameter(call, "documentId")
  const document = [...call.portal.leads.values()]
    .flatMap((lead) => lead.documents)
    .find((candidate) => candidate.documentId === documentId)
  if (document === undefined) return Envelope.failure(`Document ${documentId ?? ""} was not found.`)
  return bytes(document.content, document.contentType, {
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(document.name)}`
  })
}

const uploadFolder = (call: ApiCall, given: string | undefined): number | undefined => {
  if (given === undefined || given === "") return call.portal.folders[0]?.folderId
  return call.portal.folders.find((folder) => String(folder.folderId) === given)?.folderId
}

export const upload = (call: ApiCall): Answer => {
  if (Option.isNone(call.form)) return Envelope.failure("The multipart body could not be read.")
  const { files, values } = call.form.value
  const leadId = values.get("leadid")
  const lead = Envelope.findLead(call, leadId !== undefined && /^\d{1,10}$/.test(leadId) ? Number(leadId) : undefined)
  if (Envelope.isAnswer(lead)) return lead
  const folderId = uploadFolder(call, values.get("folderid"))
  if (folderId === undefined) return Envelope.failure("The folder does not exist.")
  if (files.length === 0) return Envelope.failure("No file was sent.")
  const added = files.map(({ content, contentType, name }) =>
    addDocument(call.portal, lead, { content, contentType, name, folderId }, call.now)
  )
  return Envelope.success({ DocumentId: added[0]?.documentId, DocumentIds: added.map((one) => one.documentId) })
}

export const getCaseTypes = (call: ApiCall): Answer =>
  Envelope.success(call.portal.caseTypes.map(({ id, name }) => ({ Id: id, Name: name })))

const namedCaseType = (call: ApiCall): CaseType | Answer => {
  const id = Envelope.integerParameter(call, "caseTypeId")
  if (id === undefined) return Envelope.failure("The caseTypeId field is required.")
  return (
    call.portal.caseTypes.find((caseType) => caseType.id === id) ?? Envelope.failure(`Case type ${id} was not found.`)
  )
}

export const getStatuses = (call: ApiCall): Answer => {
  const caseType = namedCaseType(call)
  if (Envelope.isAnswer(caseType)) return caseType
  return Envelope.success(statusesOf(call.portal, caseType.id).map(({ id, name }) => ({ Id: id, Name: name })))
}

export const getFormFields = (call: ApiCall): Answer => {
  const caseType = namedCaseType(call)
  if (Envelope.isAnswer(caseType)) return caseType
  return Envelope.success(
    call.portal.fields
      .filter((field) => field.caseTypeId === caseType.id)
      .map((field) => ({
        FieldKey: `Custom${field.number}`,
        Label: field.label,
        InputType: field.inputType,
        Section: field.section,
        Options: field.options
      }))
  )
}
