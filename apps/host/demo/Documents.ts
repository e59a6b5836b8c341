/** Steps: documents both ways, and what staff wrote in the CRM, in the case's timeline. */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { switches } from "./Connecting.ts"
import { leadId, type Step, type Story } from "./Story.ts"

const pull = async ({ connectionId, world: { api } }: Story): Promise<void> => {
  const asked = await api("POST", `/connections/${connectionId}/pull`, {})
  expectEqual("the pull is asked for", asked.status, 202)
  await eventually(async () => {
    const { body } = await api("GET", `/connections/${connectionId}/pull`)
    expectEqual("the pull has ended", [body.pull?.jobId, body.pull?.endedAt !== null], [asked.body.jobId, true])
  })
}

interface Shown {
  readonly name: string
  readonly folder: string
  readonly state: string
  readonly documentId: string | null
  readonly externalId: string | null
}

const documentsOf = async ({ caseId, world: { api } }: Story): Promise<ReadonlyArray<Shown>> =>
  (await api("GET", `/cases/${caseId}/documents`)).body.documents

const scan = "%PDF-1.4\n% signed by the client\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

export const documents: ReadonlyArray<Step> = [
  {
    name: "a document from a subfolder of the sandbox appears on the case, others with the reason why not",
    run: async (story) => {
      const { api, portal } = story.world
      const base64 = Buffer.from("MZ, a program").toString("base64")
      const filed = { name: "setup.exe", contentType: "application/octet-stream", base64, folderId: 3 }
      expectEqual("staff files a program", (await portal("POST", `/leads/${leadId}/documents`, filed)).status, 201)
      await portal("POST", `/leads/${leadId}/send-via-webhook`, {})
      await pull(story)
      await eventually(async () => {
        const found = await documentsOf(story)
        const retainer = found.find(({ folder }) => folder === "Intake / Signed")
        expectEqual(
          "the signed retainer is there",
          [retainer?.name, retainer?.state],
          ["Client-Retainer.pdf", "stored"]
        )
        const { body, status } = await api("GET", `/documents/${retainer!.documentId}`)
        expectTrue("with its bytes", status === 200 && String(body).startsWith("%PDF-1.4\n% signed retainer"), body)
        const nameless = found.find(({ name }) => name === "lawruler-document-55004")
        expectEqual("one without a name has one made of its id", nameless?.state, "stored")
        expectEqual("a program is not taken", found.find(({ name }) => name === "setup.exe")?.state, "skipped:type")
      })
    }
  },
  {
    name: "a note written by staff appears in the case's timeline, and our own notes do not come back",
    run: async (story) => {
      const { api, portal } = story.world
      const note = { category: "Intake", text: "Client asked to be called after five." }
      expectEqual("staff writes a note", (await portal("POST", `/leads/${leadId}/notes`, note)).status, 201)
      await portal("POST", `/leads/${leadId}/status`, { status: "Intake Questionnaire Completed" })
      await quiescent(story.world, story.connectionId)
      await pull(story)
      await eventually(async () => {
        const { body } = await api("GET", `/cases/${story.caseId}/timeline?kinds=note&limit=200`)
        const texts = body.entries.map(({ text }: { text: string }) => text)
        expectEqual("the note is there once", texts.filter((text: string) => text === note.text).length, 1)
        expectEqual(
          "none of ours is",
          texts.filter((text: string) => text.includes("[ref ")),
          []
        )
      })
      const { body } = await api("GET", `/cases/${story.caseId}/timeline?kinds=message&limit=200`)
      expectTrue("messages are in the timeline as messages", body.entries.length > 0, body)
    }
  },
  {
    name: "a platform document appears once in the sandbox although the first answer was lost",
    run: async (story) => {
      const { api, portal, sendBytes } = story.world
      const path = `/connections/${story.connectionId}/toggles`
      await api("PUT", path, { ...switches, sendDocuments: true })
      const up = await sendBytes(`/cases/${story.caseId}/documents?name=Signed%20release.pdf`, scan)
      expectEqual("the document is kept", up.status, 201)
      await portal("POST", "/faults", { on: "Upload", kind: "answer-lost" })
      const event = {
        type: "document_added",
        eventId: "demo-document-1",
        caseId: story.caseId,
        documentId: up.body.documentId
      }
      expectEqual("the event is queued", (await api("POST", "/events", event)).body.result, "queued")
      await eventually(async () => {
        const { body } = await api("GET", "/events/demo-document-1")
        expectEqual("it is done, and says where", [body.state, body.place], ["done", "Documents"])
      }, 30_000)
      const lead = await story.world.lead(leadId)
      const sent = lead.documents.filter(({ name }: { name: string }) => name === "Signed release.pdf")
      expectEqual("exactly one is in the sandbox", sent.length, 1)
      const { body: there } = await portal("GET", `/leads/${leadId}/documents/${sent[0].documentId}`)
      expectEqual("byte for byte", Buffer.from(there.base64, "base64").toString(), scan)
      await pull(story)
      await quiescent(story.world, story.connectionId)
      const ours = (await documentsOf(story)).filter(({ name }) => name === "Signed release.pdf")
      expectEqual(
        "it does not come back as another",
        ours.map(({ externalId }) => externalId),
        [String(sent[0].documentId)]
      )
      await api("PUT", path, switches)
    }
  }
]
