/** Step: the host is killed in the middle of its work and started again; nothing is lost and nothing happens twice. */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { bothHold, leadId, notesOf, type Step } from "./Story.ts"

const messages = 12

export const kill: ReadonlyArray<Step> = [
  {
    name: "host killed with SIGKILL in the middle and started again: nothing lost, nothing twice",
    run: async (story) => {
      const { api, portal, state } = story.world
      await portal("POST", "/faults", { on: "AddNote", kind: "drip", ms: 150, times: 4 })
      for (let index = 0; index < messages; index++) {
        const accepted = await api("POST", "/events", {
          type: "message_sent",
          eventId: `demo-kill-${index}`,
          caseId: story.caseId,
          channel: "sms",
          direction: "outbound",
          text: `Killed in the middle, message number ${index}.`,
          sentAt: new Date().toISOString()
        })
        expectEqual("the event is queued", accepted.status, 202)
      }
      const changed = await portal("POST", `/leads/${leadId}/status`, { status: "Cancelled E-Sign" })
      expectEqual("staff changed the status", changed.status, 200)
      await eventually(async () =>
        expectTrue("the first notes arrive", (await notesOf(story, "Killed in the middle")).length >= 2, "none yet")
      )
      await story.killHost()
      const acknowledged = (await state()).deliveries.at(-1)
      await story.startHost()
      await quiescent(story.world, story.connectionId)
      const texts = (await notesOf(story, "Killed in the middle")).map(
        (note: { text: string }) => /number (\d+)/.exec(note.text)![1]
      )
      expectEqual(
        "every note exactly once, in order",
        texts,
        Array.from({ length: messages }, (_, index) => String(index))
      )
      // A webhook that the kill cut off was never acknowledged; the CRM sends it again when a person asks.
      if (acknowledged.status !== 200) await portal("POST", `/leads/${leadId}/send-via-webhook`, {})
      await bothHold(story, "Cancelled E-Sign")
    }
  }
]
