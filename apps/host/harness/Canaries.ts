/**
 * Needles for the canary test: ten secrets and ten facts about clients, and every spelling in which one of them may
 * stand in a log, a span, a problem or a file: as it is, percent-encoded, hexadecimal, and in Base64 at any offset.
 */

export interface Needle {
  readonly name: string
  readonly spellings: ReadonlyArray<Buffer>
}

export interface Hit {
  readonly name: string
  readonly where: string
  /** What stands around it, so that a failure can be understood. */
  readonly around: string
}

export const needle = (name: string, value: string): Needle => {
  const bytes = Buffer.from(value, "utf8")
  if (bytes.length < 8) throw new Error(`${name} is too short to be looked for`)
  const texts = new Set([value, encodeURIComponent(value), new URLSearchParams({ v: value }).toString().slice(2)])
  for (const text of [JSON.stringify(value).slice(1, -1), value.toLowerCase(), value.toUpperCase()]) texts.add(text)
  for (const hex of [bytes.toString("hex"), bytes.toString("hex").toUpperCase()]) texts.add(hex)
  for (const shift of [0, 1, 2]) {
    // Without what depends on its neighbours: the first and the last group of an unknown surrounding.
    const group = Buffer.concat([Buffer.alloc(shift), bytes])
    const whole = group.subarray(0, group.length - (group.length % 3))
    const inner = whole.toString("base64").slice(shift === 0 ? 0 : 4)
    for (const text of [inner, inner.replaceAll("+", "-").replaceAll("/", "_")]) texts.add(text)
  }
  return { name, spellings: [...texts].map((text) => Buffer.from(text, "utf8")) }
}

export const hitsIn = (needles: ReadonlyArray<Needle>, where: string, hay: Buffer | string): ReadonlyArray<Hit> => {
  const bytes = typeof hay === "string" ? Buffer.from(hay, "utf8") : hay
  return needles.flatMap(({ name, spellings }): ReadonlyArray<Hit> => {
    for (const spelling of spellings) {
      const at = bytes.indexOf(spelling)
      if (at >= 0)
        return [
          { name, where, around: bytes.subarray(Math.max(0, at - 120), at + spelling.length + 60).toString("latin1") }
        ]
    }
    return []
  })
}

export const facts = {
  fullName: "Zephyrine Quackenbush-Okonkwo",
  lastName: "Quackenbush-Okonkwo",
  phone: "(205) 555-0177",
  email: "zephyrine.q@canary.example.test",
  socialSecurity: "078-05-1120",
  message: "The settlement sheep arrives on Thursday",
  transcript: "I was hit by a turquoise ambulance",
  fieldValue: "Pharmacy of the Silver Pelican",
  documentName: "Kumquat-MRI-findings.pdf",
  documentText: "fracture of the left ukulele bone",
  note: "Staff think the marmalade story is true"
}

export const secrets = {
  password: "tide-over-granite-41",
  clientSecret: "harbor-client-secret-7Qk2",
  key: "HARBOR-3F9A-51C7-KEY",
  wrongPassword: "mistyped-granite-password-42",
  strangersToken: "c3RyYW5nZXItd2ViaG9vay10b2tlbi1mb3ItY2FuYXJ5",
  strangersBearer: "stranger-bearer-5d1f7a0be2",
  sheetKey: "8f14e45fceea167a5a36dedd4bea2543"
}
