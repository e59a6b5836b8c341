/**
 * A load of its own process: so many keep-alive connections, one request at a time on each, prepared bytes in and the
 * smallest possible look at what comes back, so that it is the server that is measured.
 */
import { connect } from "node:net"

const [target = "", body = "", seconds = "4", connections = "64"] = process.argv.slice(2)
const url = new URL(target)
const request = Buffer.from(
  `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
)
let answered = 0
let refused = 0
let isOver = false

const open = () =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => {
      socket.setNoDelay(true)
      socket.write(request)
    })
    let text = ""
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      const head = text.indexOf("\r\n\r\n")
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < head + 4 + length) return
      if (text.startsWith("HTTP/1.1 200")) answered++
      else refused++
      text = ""
      if (isOver) socket.end()
      else socket.write(request)
    })
    socket.on("close", () => resolve())
    socket.on("error", reject)
  })

const before = process.cpuUsage()
const began = performance.now()
const all = Array.from({ length: Number(connections) }, open)
console.log("started")
setTimeout(() => (isOver = true), Number(seconds) * 1000)
await Promise.all(all)
const { system, user } = process.cpuUsage(before)
console.log(
  JSON.stringify({ answered, refused, seconds: (performance.now() - began) / 1000, loadCpu: (system + user) / 1e6 })
)
