/** Steps: what the platform sends becomes notes in the CRM, exactly once, whatever the answer's fate. */
import { eventually, expectEqual, expectTrue, quiescent } from "../harness/World.ts"
import { notesOf, type Step } from "./Story.ts"

const now = () => new Date().toISOString()

export const outbound: ReadonlyArray<Step> = [
  {
    name: "message becomes exactly one note although the first answer was lost",
    run: async (story) => {
      const { api, portal } = story.world
      await portal("POST", "/faults", { on: "AddNote", kind: "answer-lost", times: 1 })
      const event = {
        type: "message_sent",
        eventId: "demo-message-1",
        caseId: story.caseId,
        channel: "sms",
        direction: "outbound",
        text: "Hi <b>José</b> & co 😀 — your appointment is tomorrow at 10.",
        sentAt: now()
      }
      const accepted = await api("POST", "/events", event)
      expectEqual("the event is queued", [accepted.status, accepted.body.result], [202, "queued"])
      const again = await api("POST", "/events", event)
      expectEqual("the same event is known", [again.body.result, again.body.jobId], ["known", accepted.body.jobId])
      await eventually(async () => {
        const { body } = await api("GET", `/jobs/${accepted.body.jobId}`)
        expectEqual("the job is done", body.state, "done")
      })
      const notes = await notesOf(story, "your appointment is tomorrow")
      expectEqual(
        "exactly one note, where the firm looks",
        notes.map((note: { category: string }) => note.category),
        ["Client Communications"]
      )
      expectTrue("no markup reached the CRM", !notes[0].text.includes("<b>"), notes[0].text)
    }
  },
  {
    name: "call with a 40,000-character transcript becomes a numbered series of notes",
    run: async (story) => {
      const turns = Array.from({ length: 400 }, (_, index) => ({
        speaker: index % 2 === 0 ? "agent" : "client",
        text: `Turn ${String(index).padStart(3, "0")} ${"and so it went on that day ".repeat(4)}`.slice(0, 92)
      }))
      const accepted = await story.world.api("POST", "/events", {
        type: "call_ended",
        eventId: "demo-call-1",
        caseId: story.caseId,
        callId: "call-40k",
        direction: "outbound",
        isAi: true,
        from: "+12055550100",
        to: "+12055550142",
        startedAt: now(),
        durationMs: 1_260_000,
        outcome: "Answered",
        sentiment: "Neutral",
        summary: "The client told how the accident happened.",
        transcript: turns
      })
      await eventually(async () => {
        const { body } = await story.world.api("GET", `/jobs/${accepted.body.jobId}`)
        expectEqual("the job is done", body.state, "done")
      })
      const { body: job } = await story.world.api("GET", `/jobs/${accepted.body.jobId}`)
      const notes = await notesOf(story, /\[ref (\w+) /.exec(job.texts[0])![1]!)
      expectTrue("more than one part", notes.length > 1 && notes.length === job.parts, notes.length)
      notes.forEach((note: { text: string }, index: number) =>
        expectTrue(
          `part ${index + 1} is numbered`,
          note.text.startsWith(`(${index + 1}/${notes.length})`),
          note.text.slice(0, 20)
        )
      )
      const whole = notes.map((note: { text: string }) => note.text).join("\n")
      expectTrue(
        "every turn is there",
        turns.every(({ text }) => whole.includes(text.slice(0, 8))),
        whole.length
      )
    }
  },
  {
    name: "a 429 is waited out",
    run: async (story) => {
      const { api, portal, state } = story.world
      await portal("POST", "/faults", { on: "AddNote", kind: "429", retryAfter: 2, times: 1 })
      const before = (await state()).calls.filter((call: { operation: string }) => call.operation === "AddNote").length
      const accepted = await api("POST", "/events", {
        type: "message_sent",
        eventId: "demo-message-2",
        caseId: story.caseId,
        channel: "email",
        direction: "outbound",
        subject: "Your appointment",
        text: "It is confirmed (after a throttled call).",
        sentAt: now()
      })
      await eventually(async () => {
        const { body } = await api("GET", `/jobs/${accepted.body.jobId}`)
        expectEqual("the job is done", body.state, "done")
      })
      const calls = (await state()).calls
        .filter((call: { operation: string }) => call.operation === "AddNote")
        .slice(before)
      expectEqual(
        "refused once, then taken",
        calls.map((call: { status: number }) => call.status),
        [429, 200]
      )
      const waited = Date.parse(calls[1].at) - Date.parse(calls[0].at)
      expectTrue("not before the CRM asked", waited >= 1_900, waited)
      expectEqual("one note", (await notesOf(story, "after a throttled call")).length, 1)
      await quiescent(story.world, story.connectionId)
    }
  }
]
