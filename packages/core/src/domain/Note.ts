/**
 * How a message or a call becomes a CRM note: the text, its parts, and the marker that makes a repeat recognisable.
 *
 * The marker is the last line of every part. It is written into the job with the intent and never recomputed, so a
 * worker that finds a job in `sending` can look for it in the CRM before it sends again.
 */
import type { CallAnalysis, CallEnded, MessageSent } from "./PlatformEvent.ts"

export interface NotePart {
  readonly text: string
  readonly marker: string
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

/** `[ref <base32 of the operation id> <part>]`: letters, digits and blanks only, so it survives any normalisation. */
export const markerOf = (operationId: string, part: number): string => {
  let bits = BigInt(`0x${operationId.replaceAll("-", "")}`)
  let text = ""
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return `[ref ${text} ${part}]`
}

const markerPattern = /\[ref [A-Z2-7]{26} \d+\]/

/** Whether a note of the CRM is one that we wrote: it creates nothing when it comes back. */
export const isOwnNote = (text: string): boolean => markerPattern.test(text)

/** Plain text for a CRM: line ends are `\n`; control characters, which some endpoints refuse, are dropped. */
export const plainText = (text: string): string => text.toWellFormed().replace(/\r\n?/g, "\n").replace(control, "")

// oxlint-disable-next-line no-control-regex -- naming the control characters is the point
const control = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/g

/**
 * Cuts a text into parts of at most `limit` UTF-16 units each, marker and part number included. Cuts at a line end or
 * a blank where there is one in the last fifth of a part, never inside a surrogate pair.
 */
export const layoutNote = (operationId: string, text: string, limit: number): ReadonlyArray<NotePart> => {
  const clean = plainText(text)
  const reserved = markerOf(operationId, 9999).length + "(9999/9999)\n".length + 2
  const room = limit - reserved
  const pieces: Array<string> = []
  for (let start = 0; start < clean.length || pieces.length === 0;) {
    let end = Math.min(start + room, clean.length)
    if (end < clean.length) {
      const soft = Math.max(clean.lastIndexOf("\n", end), clean.lastIndexOf(" ", end))
      if (soft > start + room * 0.8) end = soft + 1
      const unit = clean.charCodeAt(end)
      if (unit >= 0xdc00 && unit <= 0xdfff) end -= 1
    }
    pieces.push(clean.slice(start, end))
    start = end
  }
  return pieces.map((piece, index) => {
    const marker = markerOf(operationId, index + 1)
    const head = pieces.length === 1 ? "" : `(${index + 1}/${pieces.length})\n`
    return { text: `${head}${piece.trimEnd()}\n${marker}`, marker }
  })
}

/** Making a format costs a hundred times what using it does. */
const formats = new Map<string, Intl.DateTimeFormat>()

const time = (at: number, zone: string): string => {
  const known = formats.get(zone)
  const format = known ?? new Intl.DateTimeFormat("en-US", { timeZone: zone, dateStyle: "medium", timeStyle: "short" })
  if (known === undefined) formats.set(zone, format)
  return `${format.format(at)} (${zone})`
}

export const messageText = (event: MessageSent, zone: string): string => {
  const subject = event.subject === undefined ? "" : `\nSubject: ${event.subject}`
  const direction = event.direction === "outbound" ? "to" : "from"
  return `${event.channel === "sms" ? "SMS" : "E-mail"} ${direction} client, ${time(event.sentAt, zone)}${subject}\n\n${event.text}`
}

/** What an event says about itself stands on one line, so that no value looks like a heading or a turn. */
const oneLine = (text: string): string => text.replace(/[\s\u0085]+/gu, " ").trim()

const header = (name: string, value: string | undefined): ReadonlyArray<string> =>
  value === undefined || oneLine(value) === "" ? [] : [`${oneLine(name)}: ${oneLine(value)}`]

const yesOrNo = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : value ? "yes" : "no"

const analysisLines = (analysis: CallAnalysis = {}): ReadonlyArray<string> =>
  Object.entries(analysis).flatMap(([name, value]) =>
    header(name, typeof value === "boolean" ? yesOrNo(value) : value === null ? undefined : String(value))
  )

/** Header lines, summary, what the analysis found, then the transcript as turns. */
export const callText = (event: CallEnded, zone: string): string => {
  const minutes = `${Math.floor(event.durationMs / 60_000)} min ${Math.round((event.durationMs % 60_000) / 1000)} s`
  const found = analysisLines(event.analysis)
  const lines = [
    `${event.isAi ? "AI call" : "Call"}, ${event.direction}, ${time(event.startedAt, zone)}`,
    `From ${event.from} to ${event.to}, ${minutes}`,
    ...header("Outcome", event.outcome),
    ...header("Ended by", event.disconnectionReason),
    ...header("Successful", yesOrNo(event.successful)),
    ...header("Sentiment", event.sentiment),
    ...(event.summary === undefined ? [] : ["", event.summary]),
    ...(found.length === 0 ? [] : ["", "Analysis", ...found]),
    ...(event.transcript.length === 0 ? [] : ["", "Transcript"]),
    ...event.transcript.map((turn) => `${turn.speaker === "agent" ? "Agent" : "Client"}: ${turn.text}`)
  ]
  return lines.join("\n")
}
