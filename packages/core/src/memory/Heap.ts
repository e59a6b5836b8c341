/** A binary heap: the least item first, `push` and `pop` in logarithmic time. */
export class Heap<A> {
  readonly #items: Array<A> = []
  readonly #isLess: (a: A, b: A) => boolean

  constructor(isLess: (a: A, b: A) => boolean) {
    this.#isLess = isLess
  }

  peek(): A | undefined {
    return this.#items[0]
  }

  push(item: A): void {
    const items = this.#items
    let index = items.length
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent] as A
      if (!this.#isLess(item, above)) break
      items[index] = above
      index = parent
    }
    items[index] = item
  }

  pop(): A | undefined {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (items.length === 0 || last === undefined) return least
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      if (child + 1 < items.length && this.#isLess(items[child + 1] as A, items[child] as A)) child += 1
      const below = items[child] as A
      if (!this.#isLess(below, last)) break
      items[index] = below
      index = child
    }
    items[index] = last
    return least
  }
}
