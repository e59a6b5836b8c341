/** The API of the imitated CRM: which call is meant, and what it does. Faults are none of its business. */
import { account, type Case, key, type Office, pageSize, statuses, types } from "./Office.ts"

export interface Request {
  readonly method: string
  readonly path: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly token: string | undefined
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface Call {
  /** What a fault strikes. */
  readonly name: "login" | "read" | "catalog" | "notes" | "addNote"
  readonly run: () => Answer
  /** The same call about another case, or its answer made to look so. */
  readonly mistaken?: () => Answer
}

const error = (status: number, text: string): Answer => ({ status, body: { error: text } })

/** The call that is meant, or the answer where there is none. */
export const route = (office: Office, request: Request): Call | Answer => {
  const [firm = "", ...path] = request.path
  const { method } = request
  if (method === "POST" && path.join("/") === "login") return { name: "login", run: () => login(office, request.body) }
  if (firm !== account || request.token === undefined || !office.tokens.has(request.token))
    return error(401, "not signed in")
  if (method === "GET" && path.join("/") === "cases") {
    const ids = (request.query.get("ids") ?? "").split(",")
    const others = [...office.cases.keys()].filter((id) => !ids.includes(id))
    return { name: "read", run: () => read(office, ids), mistaken: () => read(office, others.slice(0, 1)) }
  }
  if (method === "GET" && path.join("/") === "options") return { name: "catalog", run: options }
  if (path.length === 3 && path[0] === "cases" && path[2] === "notes") {
    const held = office.cases.get(path[1] ?? "")
    if (held === undefined) return error(404, "no such case")
    const other = [...office.cases.values()].find((each) => each !== held) ?? held
    if (method === "GET") {
      const page = Number(request.query.get("page") ?? "1")
      return { name: "notes", run: () => notes(held, page), mistaken: () => notes(other, page) }
    }
    if (method === "POST") {
      const run = () => addNote(office, held, request.body)
      return { name: "addNote", run, mistaken: () => ({ ...run(), body: { caseId: other.id, id: "N0" } }) }
    }
  }
  return error(404, "no such call")
}

const login = (office: Office, body: string): Answer => {
  const given = JSON.parse(body) as { account?: unknown; key?: unknown }
  if (given.account !== account) return error(404, "unknown account")
  return given.key === key ? { status: 200, body: { token: office.signIn() } } : error(401, "wrong key")
}

const choices = (names: ReadonlyArray<string>) => names.map((name, index) => ({ id: String(index + 1), name }))
const choice = (names: ReadonlyArray<string>, name: string) => ({ id: String(names.indexOf(name) + 1), name })

const read = (office: Office, ids: ReadonlyArray<string>): Answer => ({
  status: 200,
  body: {
    // In an order of its own, as CRMs do.
    cases: [...office.cases.values()]
      .filter(({ id }) => ids.includes(id))
      .map(({ notes: _, status, type, ...rest }) => ({
        ...rest,
        type: choice(types, type),
        status: choice(statuses, status)
      }))
  }
})

const options = (): Answer => ({
  status: 200,
  body: {
    types: choices(types),
    statuses: choices(statuses),
    fields: [
      { key: "incident_date", label: "Date of the incident", type: "date", options: [] },
      { key: "referred_by", label: "Referred by", type: "text", options: [] }
    ]
  }
})

const notes = (held: Case, page: number): Answer => {
  const end = page * pageSize
  return {
    status: 200,
    body: {
      caseId: held.id,
      notes: held.notes.slice(end - pageSize, end),
      next: held.notes.length > end ? page + 1 : null
    }
  }
}

const addNote = (office: Office, held: Case, body: string): Answer => {
  const given = JSON.parse(body) as { category: string; text: string }
  return { status: 200, body: { caseId: held.id, id: office.addNote(held, given.category, given.text).id } }
}
