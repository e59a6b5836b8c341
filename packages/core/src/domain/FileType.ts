/**
 * What a file is, by its first bytes. The question here is not "what may this be" but "is it what its name says", for
 * the short list of types that documents may have; everything else is not eligible whatever it is. Office files of one
 * family look alike from outside, and plain text has no signature, so a type names the looks that it allows.
 */

/** A look that first bytes can have. */
export type Look =
  | "pdf"
  | "png"
  | "jpeg"
  | "gif"
  | "tiff"
  | "heif"
  | "mp4"
  | "ole"
  | "zip"
  | "rtf"
  | "mp3"
  | "wav"
  | "text"

/** So many bytes are enough to tell. */
export const headBytes = 4096

const ascii = (head: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...head.subarray(at, at + length))

const signatures: ReadonlyArray<readonly [Look, (head: Uint8Array) => boolean]> = [
  // Some writers put a few bytes before the header, and readers accept it within the first 1,024.
  ["pdf", (head) => ascii(head, 0, 1024).includes("%PDF-")],
  ["png", (head) => ascii(head, 0, 8) === "\x89PNG\r\n\x1a\n"],
  ["jpeg", (head) => ascii(head, 0, 3) === "\xff\xd8\xff"],
  ["gif", (head) => /^GIF8[79]a/.test(ascii(head, 0, 6))],
  ["tiff", (head) => /^(?:II\*\0|MM\0\*)/.test(ascii(head, 0, 4))],
  ["heif", (head) => /^ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)/.test(ascii(head, 4, 8))],
  ["mp4", (head) => ascii(head, 4, 4) === "ftyp"],
  ["ole", (head) => ascii(head, 0, 8) === "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
  ["zip", (head) => ascii(head, 0, 4) === "PK\x03\x04"],
  ["rtf", (head) => ascii(head, 0, 5) === "{\\rtf"],
  ["mp3", (head) => ascii(head, 0, 3) === "ID3" || (head[0] === 0xff && (head[1]! & 0xe6) === 0xe2)],
  ["wav", (head) => ascii(head, 0, 4) === "RIFF" && ascii(head, 8, 4) === "WAVE"]
]

/** Undefined where the bytes look like nothing that documents may be. */
export const lookOf = (head: Uint8Array): Look | undefined =>
  signatures.find(([, fits]) => fits(head))?.[0] ?? (isText(head) ? "text" : undefined)

/** Text in UTF-8, UTF-16 with its mark, or a one-byte encoding: no control characters but line ends and tabs. */
const isText = (head: Uint8Array): boolean => {
  if (head.length === 0) return false
  if (/^(?:\xff\xfe|\xfe\xff)/.test(ascii(head, 0, 2))) return true
  // An executable, an archive or a script that browsers would run is never "just text".
  if (/^\s*(?:<!doctype|<html|<svg|<script|<\?xml|#!)/i.test(ascii(head, 0, 256))) return false
  return head
    .subarray(0, headBytes)
    .every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 12 || byte === 13)
}
