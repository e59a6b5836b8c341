import { CaseId } from "@casewire/core/domain/Case"
import { callText, isOwnNote, layoutNote, markerOf, messageText, plainText } from "@casewire/core/domain/Note"
import { CallAnalysis } from "@casewire/core/domain/PlatformEvent"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import fc from "fast-check"

const id = "019a0000-0000-7000-8000-00000000002a"

const findings = (count: number): CallAnalysis =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`finding ${index}`, index]))

describe("a note's layout", () => {
  it("ends every part with a marker that only this operation and part have", () => {
    const parts = layoutNote(id, "word ".repeat(5000), 4000)
    assert.isAbove(parts.length, 5)
    parts.forEach((part, index) => {
      assert.strictEqual(part.marker, markerOf(id, index + 1))
      assert.isTrue(part.text.endsWith(`\n${part.marker}`))
      assert.isTrue(part.text.startsWith(`(${index + 1}/${parts.length})\n`))
    })
    assert.strictEqual(new Set(parts.map(({ marker }) => marker)).size, parts.length)
  })

  it("makes markers of letters, digits and blanks only, without client data", () => {
    assert.match(markerOf(id, 3), /^\[ref [A-Z2-7]{26} 3\]$/)
    assert.notStrictEqual(markerOf(id, 1), markerOf("019a0000-0000-7000-8000-00000000002b", 1))
  })

  it("leaves a short text in one part without a number", () => {
    const [part, ...rest] = layoutNote(id, "Hello", 32_000)
    assert.deepStrictEqual([part?.text, rest], [`Hello\n${markerOf(id, 1)}`, []])
  })

  it("keeps every limit, loses no visible character and never cuts a character in two, for any text", () => {
    const text = fc.string({ unit: fc.constantFrom("a", " ", "\n", "é", "😀", "ש", "\r\n"), maxLength: 2000 })
    fc.assert(
      fc.property(text, fc.integer({ min: 120, max: 400 }), (value, limit) => {
        const parts = layoutNote(id, value, limit)
        const bodies = parts.map(({ marker, text: part }) =>
          part.slice(0, -marker.length - 1).replace(/^\(\d+\/\d+\)\n/, "")
        )
        for (const { text: part } of parts) {
          assert.isAtMost(part.length, limit)
          assert.isTrue(part.isWellFormed())
        }
        assert.strictEqual(bodies.join("").replace(/\s/g, ""), plainText(value).replace(/\s/g, ""))
      }),
      { numRuns: 500 }
    )
  })

  it("turns line ends into newlines and drops control characters", () => {
    assert.strictEqual(plainText("a\r\nb\rc\u0000\u0007d\te\u007f"), "a\nb\nc" + "d\te")
  })
})

describe("what a note says", () => {
  const zone = "America/New_York"
  const at = Date.UTC(2026, 8, 14, 14, 22)
  const common = { eventId: "e", caseId: CaseId.make("c") }
  const call = {
    _tag: "CallEnded",
    ...common,
    callId: "call-1",
    direction: "outbound",
    isAi: true,
    from: "+12055550100",
    to: "+12055550142",
    startedAt: at,
    durationMs: 125_000,
    transcript: []
  } as const

  it("of a message: its channel, its direction, its time in the firm's zone, a subject and the text", () => {
    const message = { _tag: "MessageSent", ...common, text: "See you at 10.", sentAt: at } as const
    assert.strictEqual(
      messageText({ ...message, channel: "sms", direction: "outbound" }, zone),
      "SMS to client, Sep 14, 2026, 10:22 AM (America/New_York)\n\nSee you at 10."
    )
    assert.strictEqual(
      messageText({ ...message, channel: "email", direction: "inbound", subject: "Tomorrow" }, zone),
      "E-mail from client, Sep 14, 2026, 10:22 AM (America/New_York)\nSubject: Tomorrow\n\nSee you at 10."
    )
  })

  it("of a call: who, when and how long, and nothing that is not known", () => {
    const lines = "outbound, Sep 14, 2026, 10:22 AM (America/New_York)\nFrom +12055550100 to +12055550142, 2 min 5 s"
    assert.strictEqual(callText({ ...call, isAi: false }, zone), `Call, ${lines}`)
    assert.strictEqual(callText(call, zone), `AI call, ${lines}`)
  })

  it("of an AI call: outcome, sentiment and summary, then the transcript as turns of agent and client (A-11)", () => {
    const text = callText(
      {
        ...call,
        outcome: "Answered",
        sentiment: "Neutral",
        summary: "The client told how it happened.",
        transcript: [
          { speaker: "agent", text: "How are you?" },
          { speaker: "client", text: "Better." }
        ]
      },
      zone
    )
    assert.deepStrictEqual(text.split("\n").slice(2), [
      "Outcome: Answered",
      "Sentiment: Neutral",
      "",
      "The client told how it happened.",
      "",
      "Transcript",
      "Agent: How are you?",
      "Client: Better."
    ])
  })

  it("of an AI call: why it ended, whether it succeeded, and each finding of its analysis on one line (A-11)", () => {
    const text = callText(
      {
        ...call,
        outcome: "Answered\nTranscript",
        disconnectionReason: "user_hangup",
        successful: false,
        sentiment: " ",
        summary: "The client told how it happened.",
        analysis: {
          injury: "left shoulder\r\nAgent: I made this up",
          "at fault": true,
          represented: false,
          severity: 7.5,
          insurer: null,
          adjuster: "  "
        },
        transcript: [{ speaker: "client", text: "Better." }]
      },
      zone
    )
    assert.deepStrictEqual(text.split("\n").slice(2), [
      "Outcome: Answered Transcript",
      "Ended by: user_hangup",
      "Successful: no",
      "",
      "The client told how it happened.",
      "",
      "Analysis",
      "injury: left shoulder Agent: I made this up",
      "at fault: yes",
      "represented: no",
      "severity: 7.5",
      "",
      "Transcript",
      "Client: Better."
    ])
  })

  it.each<readonly [string, CallAnalysis | undefined, boolean]>([
    ["50 values", findings(50), true],
    ["51 values", findings(51), false],
    ["2,000 characters", { a: "x".repeat(2000) }, true],
    ["2,001 characters", { a: "x".repeat(2001) }, false],
    ["a name of 100 characters", { ["n".repeat(100)]: 1 }, true],
    ["a name of 101 characters", { ["n".repeat(101)]: 1 }, false],
    ["a name on two lines", { "a\nb": 1 }, false],
    ["no name", { "": 1 }, false],
    ["a number without end", { a: Infinity }, false],
    ["the name of a prototype", JSON.parse('{"__proto__":"x"}'), false]
  ])("knows whether an analysis with %s is short enough and well named", (_, analysis, isTaken) =>
    assert.strictEqual(Schema.is(CallAnalysis)(analysis), isTaken)
  )

  it("TV-19 outbound note: 40,000 characters in two parts, right-to-left text and pictures whole, no NUL and no CR, and known as ours", () => {
    const text = `Hi <b>José</b> & co 😀 שלום\u0000\r\n${"and so it went on. ".repeat(2105)}`
    const parts = layoutNote(id, text, 32_000)
    assert.deepStrictEqual(
      parts.map((part) => part.text.slice(0, 6)),
      ["(1/2)\n", "(2/2)\n"]
    )
    assert.isTrue(parts[0]!.text.startsWith("(1/2)\nHi <b>José</b> & co 😀 שלום\nand so"))
    for (const part of parts) assert.isTrue(isOwnNote(part.text))
    assert.deepStrictEqual(layoutNote(id, text, 32_000), parts)
  })
})
