/** What the imitated CRM holds: one firm's cases and notes, who is signed in, and which of the next answers go wrong. */

export interface Note {
  readonly id: string
  readonly category: string
  readonly text: string
  readonly at: string
}

export interface Case {
  readonly id: string
  type: string
  status: string
  readonly client: { id: string; firstName: string; lastName: string; email: string; phone: string }
  readonly createdAt: string
  updatedAt: string
  readonly fields: Record<string, string>
  readonly notes: Array<Note>
}

export interface Fault {
  readonly kind: string
  readonly on: string
  times: number
  readonly retryAfterSeconds?: number
}

export const account = "harbor"
export const key = "quillby-key-2718281828"
export const types = ["Motor Vehicle", "Premises"]
export const statuses = ["New", "Signed Up", "Closed"]
export const pageSize = 50

const people = [
  ["1001", "Motor Vehicle", "New", "José", "O'Hara", "jose.ohara@example.test", "555-0142"],
  ["1002", "Premises", "New", "Ada", "Byrne", "ada@example.test", "555-0143"],
  ["1003", "Motor Vehicle", "Signed Up", "Lin", "Wei", "lin@example.test", "555-0144"],
  ["1004", "Premises", "Closed", "Sam", "Okoro", "sam@example.test", "555-0145"]
] as const

export class Office {
  readonly cases = new Map<string, Case>()
  readonly tokens = new Set<string>()
  faults: Array<Fault> = []
  webhookUrl: string | undefined
  #ids = 0

  constructor() {
    this.reset()
  }

  reset(): void {
    this.cases.clear()
    this.tokens.clear()
    this.faults = []
    this.#ids = 0
    people.forEach(([id, type, status, firstName, lastName, email, phone], index) => {
      const at = new Date(Date.UTC(2026, 9, 1 + index, 15)).toISOString()
      this.cases.set(id, {
        id,
        type,
        status,
        client: { id: `P${id}`, firstName, lastName, email, phone },
        createdAt: at,
        updatedAt: at,
        fields: { incident_date: "2026-09-30", referred_by: "" },
        notes: []
      })
    })
  }

  caseOf(id: string): Case {
    const found = this.cases.get(id)
    if (found === undefined) throw new Error(`there is no case ${id}`)
    return found
  }

  signIn(): string {
    const token = `token-${++this.#ids}`
    this.tokens.add(token)
    return token
  }

  addNote(held: Case, category: string, text: string): Note {
    const note = { id: `N${++this.#ids}`, category, text, at: new Date().toISOString() }
    held.notes.push(note)
    return note
  }

  setStatus(held: Case, status: string): void {
    held.status = status
    held.updatedAt = new Date().toISOString()
  }

  takeFault(call: string): Fault | undefined {
    const fault = this.faults.find(({ on }) => on === call)
    if (fault !== undefined && --fault.times <= 0) this.faults = this.faults.filter((each) => each !== fault)
    return fault
  }
}

/** What the CRM posts for a case, and what its Test button posts in place of it. */
export const webhookOf = (held: Case): Record<string, string> => ({
  "Case ID": held.id,
  "Case Type": held.type,
  Status: held.status,
  "Client ID": held.client.id,
  "Client Name": `${held.client.firstName} ${held.client.lastName}`,
  "Created Date": held.createdAt,
  Email: held.client.email,
  Phone: held.client.phone,
  incident_date: held.fields["incident_date"] ?? ""
})

export const testWebhook = (): Record<string, string> =>
  Object.fromEntries(
    ["Case ID", "Case Type", "Status", "Client ID", "Client Name", "Created Date"].map((name) => [name, `{{${name}}}`])
  )
