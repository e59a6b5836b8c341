/** Which files are documents, by name, size and first bytes, and what they are called (T-D1, A-10). */
import { assert, describe, it } from "@effect/vitest"
import {
  documentLimitBytes,
  documentTypes,
  isOfOtherRecord,
  judgeContent,
  judgeFile,
  recordingName,
  safeName
} from "@casewire/core/domain/Document"
import { type Look, lookOf } from "@casewire/core/domain/FileType"

const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0))

/** First bytes as each kind of file has them. */
const heads: Readonly<Record<Look, ReadonlyArray<string>>> = {
  pdf: ["%PDF-1.7\n", "\xef\xbb\xbf%PDF-1.4"],
  png: ["\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
  jpeg: ["\xff\xd8\xff\xe0\0\x10JFIF", "\xff\xd8\xff\xe1Exif"],
  gif: ["GIF89a", "GIF87a"],
  tiff: ["II*\0\b\0", "MM\0*\0\0"],
  heif: ["\0\0\0\x18ftypheic", "\0\0\0\x1cftypmif1"],
  mp4: ["\0\0\0\x20ftypisom", "\0\0\0\x20ftypM4A "],
  ole: ["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0"],
  zip: ["PK\x03\x04\x14\0\x06\0"],
  rtf: ["{\\rtf1\\ansi"],
  mp3: ["ID3\x04\0", "\xff\xfb\x90\0", "\xff\xf3\x84\0"],
  wav: ["RIFF\x24\0\0\0WAVEfmt "],
  text: ["Lead ID,Source\r\n248199,Radio\r\n", "From: a@example.test\n\nJos\xe9", "\xff\xfeJ\0o\0"]
}

describe("the look of a file", () => {
  for (const [look, all] of Object.entries(heads))
    it(`is ${look}`, () => {
      for (const head of all) assert.strictEqual(lookOf(latin(head)), look, JSON.stringify(head))
    })

  it.each([
    ["nothing", ""],
    ["a program", "MZ\x90\0\x03"],
    ["another program", "\x7fELF\x02\x01\x01\0"],
    ["a page", "<!DOCTYPE html><html>"],
    ["a page after blanks", " \r\n<HTML><body>"],
    ["a picture that runs scripts", "<svg onload=alert(1)>"],
    ["the same with a declaration", '<?xml version="1.0"?><svg>'],
    ["a script", "#!/bin/sh\nrm -rf /"],
    ["bytes without meaning", "\x01\x02\x03\x04"]
  ])("of %s is none", (_, head) => {
    assert.isUndefined(lookOf(latin(head)))
  })
})

describe("a file is eligible", () => {
  const listed =
    "pdf, png, jpg, jpeg, gif, tif, heic, doc, docx, xls, xlsx, csv, txt, rtf, eml, msg, mp3, wav, m4a, mp4"

  it("by an extension of the list, whatever its case, and by no other", () => {
    assert.deepStrictEqual([...documentTypes.keys()].sort(), listed.split(", ").sort())
    for (const extension of documentTypes.keys())
      for (const name of [`a.${extension}`, `A.${extension.toUpperCase()}`, `a.b.${extension} `])
        assert.strictEqual(judgeFile({ name, contentType: "", size: 10 })._tag, "Eligible", name)
    for (const name of ["a.exe", "a.html", "a.svg", "a.js", "a.zip", "a.pdf.exe", "a.docm"])
      assert.deepStrictEqual(judgeFile({ name, contentType: "application/pdf", size: 10 }), {
        _tag: "Skip",
        why: "type"
      })
  })

  it("without an extension by what it is said to be", () => {
    const named = (contentType: string) => judgeFile({ name: "crm-document-55004", contentType, size: 10 })
    assert.deepStrictEqual(named("application/pdf; charset=binary"), {
      _tag: "Eligible",
      contentType: "application/pdf"
    })
    assert.deepStrictEqual(named("application/octet-stream"), { _tag: "Skip", why: "type" })
  })

  it("with content, and at most 25 MiB of it", () => {
    const sized = (size: number | null) => judgeFile({ name: "a.pdf", contentType: "", size })
    assert.deepStrictEqual(sized(0), { _tag: "Skip", why: "empty" })
    assert.deepStrictEqual(sized(documentLimitBytes + 1), { _tag: "Skip", why: "too-large" })
    for (const size of [1, documentLimitBytes, null]) assert.strictEqual(sized(size)._tag, "Eligible")
    assert.strictEqual(documentLimitBytes, 26_214_400)
  })

  it("when its bytes look like its type, and not like another", () => {
    for (const [extension, { contentType, looks }] of documentTypes)
      for (const [look, [head]] of Object.entries(heads)) {
        const verdict = judgeContent({ name: `a.${extension}`, contentType: "x/y", size: null }, latin(head!))
        assert.deepStrictEqual(
          verdict,
          looks.includes(look as Look) ? { _tag: "Eligible", contentType } : { _tag: "Skip", why: "content-mismatch" },
          `${extension} with the bytes of ${look}`
        )
      }
  })
})

describe("a name", () => {
  it.each([
    ["../../x.pdf", "x.pdf"],
    ["C:\\temp\\x.pdf", "x.pdf"],
    ["a\0b.pdf", "ab.pdf"],
    ["CON.pdf", "_CON.pdf"],
    ["lpt1", "_lpt1"],
    ["..", "document"],
    [".hidden.pdf", "hidden.pdf"],
    ["", "document"],
    ["a:b*c?.pdf", "abc.pdf"],
    ["\u202Efdp.exe", "fdp.exe"],
    ["Cafe\u0301.pdf", "Café.pdf"]
  ])("%j is kept as %j", (name, safe) => {
    assert.strictEqual(safeName(name), safe)
  })

  it("is at most 200 characters, and keeps its extension", () => {
    assert.strictEqual(safeName(`${"n".repeat(300)}.pdf`), `${"n".repeat(196)}.pdf`)
    assert.isAtMost(safeName("😀".repeat(300)).length, 200)
    assert.isTrue(safeName(`${"😀".repeat(150)}.pdf`).isWellFormed())
  })

  it("of an attached file may speak of another record", () => {
    const pattern = String.raw`^(\d{5,10})-`
    assert.isTrue(isOfOtherRecord("999999-IntakeForm.pdf", pattern, "248199"))
    assert.isFalse(isOfOtherRecord("248199-IntakeForm.pdf", pattern, "248199"))
    assert.isFalse(isOfOtherRecord("IntakeForm.pdf", pattern, "248199"))
    assert.isFalse(isOfOtherRecord("2026-09-14 scan.pdf", pattern, "248199"))
    assert.isFalse(isOfOtherRecord("999999-IntakeForm.pdf", undefined, "248199"))
  })
})

describe("a recording", () => {
  const zone = "America/New_York"
  it("is called by its call, in the firm's own time, summer and winter", () => {
    const call = { callId: "call_7f3", phone: "+1 (205) 555-0142" }
    const name = (startedAt: number) => recordingName({ ...call, startedAt }, "mp3", zone)
    assert.strictEqual(name(Date.UTC(2026, 8, 14, 14, 5)), "AI Call 2026-09-14 1005 0142 call_7f3.mp3")
    assert.strictEqual(name(Date.UTC(2026, 0, 1, 4, 59)), "AI Call 2025-12-31 2359 0142 call_7f3.mp3")
    assert.strictEqual(name(Date.UTC(2026, 0, 1, 5, 0)), "AI Call 2026-01-01 0000 0142 call_7f3.mp3")
  })

  it("is at most 120 characters, and nothing in it leads anywhere", () => {
    const name = recordingName({ callId: `../${"x".repeat(300)}`, startedAt: 0, phone: "" }, "wav", zone)
    assert.strictEqual(name.length, 120)
    assert.match(name, /^AI Call 1969-12-31 1900 0000 \.\.x+\.wav$/)
  })
})
