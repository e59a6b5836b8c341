import { connect } from "node:net"
import { readFileSync } from "node:fs"
const conns = 64, total = Number(process.argv[3] ?? 20000)
const cpuOf = (pid) => { const p = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" "); return (Number(p[11]) + Number(p[12])) * 10 }
let counter = 0
const body = () => { const n = ++counter; return new URLSearchParams({ "Lead ID": String(100000 + (n * 7919) % 500000), "Case Type ID": "12", "Case Type": "Motor Vehicle Accident", "Status ID": "34", "Status": "** Signed Up **", "Full Name": "Maria Delgado", "Created Date": "11/24/2026 10:11:12 AM", "Primary Contact ID": String(n), "First Name": "Maria", "Last Name": "Delgado", "Note": "x".repeat(300) }).toString() }
const run = (which, n) => new Promise((resolve) => {
  const { url, pid } = JSON.parse(readFileSync(`/tmp/bench-${which}.json`, "utf8")); const u = new URL(url)
  let sent = 0, done = 0, bad = 0; const t0 = performance.now(), c0 = cpuOf(pid)
  for (let i = 0; i < conns; i++) {
    const s = connect(Number(u.port), u.hostname); s.setNoDelay(true)
    const next = () => { if (sent >= n) return s.end(); sent++; const b = body(); s.write(`POST ${u.pathname}${u.search} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nUser-Agent: x\r\nContent-Length: ${b.length}\r\n\r\n${b}`) }
    let buf = ""
    s.on("data", (d) => { buf += d.toString("latin1"); const h = buf.indexOf("\r\n\r\n"); if (h < 0) return; const m = /content-length: (\d+)/i.exec(buf); if (buf.length < h + 4 + Number(m[1])) return
      if (!buf.startsWith("HTTP/1.1 200")) { if (bad++ === 0) console.log(buf) } buf = ""; if (++done === n) resolve({ rate: n / (performance.now() - t0) * 1000, cpu: (cpuOf(pid) - c0) / n * 1000, bad }); next() })
    next()
  }
})
const res = { host: [], floor: [] }
const ws = (process.argv[4] ?? "floor,host").split(","); for (const w of ws) await run(w, 5000)
for (let r = 0; r < Number(process.argv[2] ?? 5); r++) for (const w of ws) res[w].push(await run(w, total))
const med = (a) => a.toSorted((x, y) => x - y)[a.length >> 1]
for (const w of ws) console.log(w, "rate", Math.round(med(res[w].map((x) => x.rate))), "cpu us", med(res[w].map((x) => x.cpu)).toFixed(1), "bad", res[w].reduce((a, x) => a + x.bad, 0))
if (ws.length > 1) console.log("ratio", (med(res.host.map((x, i) => x.rate / res.floor[i].rate))).toFixed(3))
