/** Two modules open outbound sockets, each with its own proof of where it leads: to CRMs, and to firms' own tools. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const packages = fileURLToPath(new URL("../../", import.meta.url))
const opens =
  /from "(?:undici|node:https|node:http2|node:tls|node:dgram|effect\/http\/FetchHttpClient|@effect\/platform-node\/NodeHttpClient)"|\bfetch\(|\bFetchHttpClient\b|\bHttpClient\b|\b(?:request|get|connect|createConnection)\b[^"\n]*from "node:(?:http|net)"|\bWebSocket\b|\bXMLHttpRequest\b/

const sources = (name: string): ReadonlyArray<string> => {
  const folder = join(packages, name, "src")
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file))
}

describe.each(["adapters-http", "api"])("%s", (name) => {
  it.each(sources(name).map((file) => file.slice(packages.length)))("%s", (file) => {
    const isAllowed = ["adapters-http/src/CrmHttp.ts", "adapters-http/src/PlatformHttp.ts"].includes(file)
    expect(opens.test(readFileSync(join(packages, file), "utf8"))).toBe(isAllowed)
  })
})

it("would see one that did", () => {
  for (const line of [
    'import { Pool } from "undici"',
    "await fetch(url)",
    'import { request } from "node:http"',
    'import { connect } from "node:net"',
    'import { HttpClient } from "effect/http"'
  ])
    expect(opens.test(line)).toBe(true)
})
