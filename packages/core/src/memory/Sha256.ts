/** SHA-256 (FIPS 180-4) for the memory document store: core may import no platform. Adapters use their platform's. */

const primes: ReadonlyArray<number> = Array.from({ length: 311 }, (_, n) => n + 2).filter((n) =>
  Array.from({ length: Math.floor(Math.sqrt(n)) - 1 }, (_, d) => d + 2).every((d) => n % d !== 0)
)
const fraction = (root: number): number => Math.floor((root - Math.floor(root)) * 2 ** 32)
const initial = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))
const rounds = primes.slice(0, 64).map((prime) => fraction(Math.cbrt(prime)))

/** Lower-case hexadecimal. */
export const sha256 = (chunks: ReadonlyArray<Uint8Array>): string => {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const message = new Uint8Array(Math.ceil((length + 9) / 64) * 64)
  let offset = 0
  for (const chunk of chunks) {
    message.set(chunk, offset)
    offset += chunk.length
  }
  message[length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(message.length - 8, Math.floor(length / 2 ** 29))
  view.setUint32(message.length - 4, (length * 8) >>> 0)

  const state = Uint32Array.from(initial)
  const words = new Uint32Array(64)
  for (let start = 0; start < message.length; start += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(start + i * 4)
    compress(state, words)
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("")
}

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

const compress = (state: Uint32Array, words: Uint32Array): void => {
  const word = (index: number): number => words[index] as number
  for (let i = 16; i < 64; i++) {
    const s0 = rotate(word(i - 15), 7) ^ rotate(word(i - 15), 18) ^ (word(i - 15) >>> 3)
    const s1 = rotate(word(i - 2), 17) ^ rotate(word(i - 2), 19) ^ (word(i - 2) >>> 10)
    words[i] = word(i - 16) + s0 + word(i - 7) + s1
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (rounds[i] as number) + word(i)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) {
    state[index] = (state[index] as number) + value
  }
}
