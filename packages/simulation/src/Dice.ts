/** Seeded randomness (sfc32). `fork` makes an independent stream, so that one machine's throws leave the others' alone. */
export class Dice {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number, stream = 0) {
    this.#a = 0x9e3779b9 ^ seed
    this.#b = 0x243f6a88 ^ stream
    this.#c = 0xb7e15162 ^ Math.imul(seed, 0x85ebca6b)
    this.#d = 1
    for (let i = 0; i < 15; i++) this.next()
  }

  /** From zero up to, and never, one. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return (t >>> 0) / 0x1_0000_0000
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }
  chance(probability: number): boolean {
    return this.next() < probability
  }
  pick<A>(items: ReadonlyArray<A>): A {
    return items[this.below(items.length)]!
  }
}
