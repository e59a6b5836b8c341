/**
 * The floor of the ingest benchmark: a bare `node:http` server that stores each body as it came, unsealed, one row a
 * request, with the same flushed group commit, and answers after it. No token, no fields, no job.
 */
import Database from "better-sqlite3"
import { createServer, type ServerResponse } from "node:http"
import { join } from "node:path"

const [port = "0", folder = "."] = process.argv.slice(2)
const database = new Database(join(folder, "floor.db"))
database.pragma("journal_mode = wal")
database.pragma("synchronous = full")
database.exec("create table receipts (n integer primary key, received_at integer not null, body blob not null)")
const insert = database.prepare("insert into receipts (received_at, body) values (?, ?)")
const commit = database.transaction((rows: ReadonlyArray<Buffer>) => {
  for (const row of rows) insert.run(Date.now(), row)
})

let rows: Array<Buffer> = []
let waiting: Array<ServerResponse> = []
const flush = () => {
  const [stored, answered] = [rows, waiting]
  rows = []
  waiting = []
  commit(stored)
  for (const response of answered) {
    response.writeHead(200, { "content-type": "application/json", "content-length": 11 })
    response.end('{"ok":true}')
  }
}

createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    rows.push(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    waiting.push(response)
    if (rows.length === 1) setImmediate(flush)
  })
}).listen(Number(port), "127.0.0.1", () => console.log("ready"))
