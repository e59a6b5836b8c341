/**
 * Webhooks at a steady rate from a process of its own: prepared bytes over keep-alive sockets, and the smallest look at
 * what comes back. A request is timed from the moment when it was due, so that a server that stops for a while shows.
 */
import { connect, type Socket } from "node:net"

export interface SteadyStart {
  readonly target: string
  readonly perSecond: number
  readonly bodies: ReadonlyArray<string>
}

/** What was answered since the last time it was asked. */
export interface SteadyReport {
  readonly ms: ReadonlyArray<number>
  readonly receiptIds: ReadonlyArray<string>
  readonly failed: number
}

const mostSockets = 64

class Line {
  readonly #url: URL
  readonly #freed: (line: Line) => void
  #socket: Socket | undefined
  #text = ""
  #due = 0

  constructor(url: URL, freed: (line: Line) => void) {
    this.#url = url
    this.#freed = freed
  }

  send(due: number, body: string): void {
    this.#due = due
    this.#text = ""
    const bytes =
      `POST ${this.#url.pathname}${this.#url.search} HTTP/1.1\r\nHost: ${this.#url.host}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const socket = this.#socket
    if (socket !== undefined && !socket.destroyed) return void socket.write(bytes)
    this.#open().write(bytes)
  }

  #open(): Socket {
    const socket = connect(Number(this.#url.port), this.#url.hostname)
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on("data", (chunk) => {
      this.#text += chunk.toString("latin1")
      const head = this.#text.indexOf("\r\n\r\n")
      const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? 0)
      if (head < 0 || this.#text.length < head + 4 + length) return
      const id = this.#text.startsWith("HTTP/1.1 200") ? /"receiptId":"([^"]+)"/.exec(this.#text)?.[1] : undefined
      this.#end(id)
    })
    // The host closes a socket that was idle for long; that is no failure unless something was asked on it.
    const lost = () => {
      socket.destroy()
      if (this.#due > 0) this.#end(undefined)
    }
    socket.on("error", lost)
    socket.on("close", lost)
    return socket
  }

  #end(receiptId: string | undefined): void {
    ms.push(performance.now() - this.#due)
    if (receiptId === undefined) failed += 1
    else receiptIds.push(receiptId)
    this.#due = 0
    this.#freed(this)
  }
}

let ms: Array<number> = []
let receiptIds: Array<string> = []
let failed = 0
const waiting: Array<{ readonly due: number; readonly body: string }> = []
const free: Array<Line> = []
let lines = 0
let timer: NodeJS.Timeout | undefined

const opened = (url: URL, freed: (line: Line) => void): Line | undefined => {
  if (lines >= mostSockets) return undefined
  lines += 1
  return new Line(url, freed)
}

const start = ({ bodies, perSecond, target }: SteadyStart) => {
  const url = new URL(target)
  const freed = (line: Line) => {
    const next = waiting.shift()
    if (next === undefined) free.push(line)
    else line.send(next.due, next.body)
  }
  let due = performance.now()
  let count = 0
  timer = setInterval(() => {
    for (; due <= performance.now(); due += 1000 / perSecond) {
      const body = bodies[count++ % bodies.length] ?? ""
      const line = free.pop() ?? opened(url, freed)
      if (line === undefined) waiting.push({ due, body })
      else line.send(due, body)
    }
  }, 2)
}

process.on("message", (message: SteadyStart | "report" | "stop") => {
  if (message === "stop") clearInterval(timer)
  else if (message === "report") {
    process.send?.({ ms, receiptIds, failed } satisfies SteadyReport)
    ms = []
    receiptIds = []
    failed = 0
  } else start(message)
})

// Nobody is left to report to.
process.on("disconnect", () => process.exit())
