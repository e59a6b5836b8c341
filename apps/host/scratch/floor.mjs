import { createServer } from "node:http"
import { createRequire } from "node:module"
import { mkdtempSync, writeFileSync } from "node:fs"
const require = createRequire("/work/main/packages/adapters-db/package.json")
const SqliteConnection = require("better-sqlite3")
const folder = mkdtempSync("/tmp/bench-floor-")
const bare = new SqliteConnection(folder + "/bare")
bare.pragma("journal_mode = wal"); bare.pragma("synchronous = full")
bare.exec("create table inbox (id integer primary key, received integer, body text)")
const insert = bare.prepare("insert into inbox (received, body) values (?, ?)")
const commit = bare.transaction((rows) => { for (const row of rows) insert.run(1, row) })
let waiting = [], rows = []
const put = (row, cb) => { rows.push(row); waiting.push(cb); if (rows.length > 1) return
  setImmediate(() => { const b = rows, d = waiting; rows = []; waiting = []; commit(b); for (const f of d) f() }) }
const s = createServer((req, res) => {
  const chunks = []
  req.on("data", (c) => chunks.push(c)); req.on("end", () => {
    put(Buffer.concat(chunks).toString(), () => { const body = '{"ok":true}'; res.writeHead(200, { "content-type": "application/json", "content-length": body.length }); res.end(body) })
  })
})
s.listen(0, "127.0.0.1", () => { writeFileSync("/tmp/bench-floor.json", JSON.stringify({ url: `http://127.0.0.1:${s.address().port}/x`, pid: process.pid })); console.log("up") })
