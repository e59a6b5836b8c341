/** The console's files: what a browser gets under which address, how long it may keep it, and what never is a page. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { raw, startWorld, type World } from "./Harness.ts"

const page = "<!doctype html><title>Console</title>"
const script = "console.info('x')"
let folder = ""
let world: World

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "casewire-console-"))
  mkdirSync(join(folder, "assets"))
  writeFileSync(join(folder, "index.html"), page)
  writeFileSync(join(folder, "secret.key"), "not for anybody")
  writeFileSync(join(folder, "assets/index-abc.js"), script)
  writeFileSync(join(folder, "assets/index-abc.js.br"), brotliCompressSync(script))
  writeFileSync(join(folder, "assets/index-abc.js.gz"), gzipSync(script))
  world = await startWorld({ consoleFolder: folder })
})
afterAll(async () => {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = { accept: "text/html" }, method = "GET") =>
  fetch(`${world.url}${path}`, { method, headers })

describe("the console's files", () => {
  it.each(["/", "/connections", "/leads/4711", "/login"])("answer %s with the one document", async (path) => {
    const answer = await get(path)
    expect([answer.status, await answer.text()]).toEqual([200, page])
    expect(answer.headers.get("cache-control")).toBe("no-cache")
    const policy = answer.headers.get("content-security-policy") ?? ""
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "require-trusted-types-for"])
      expect(policy).toContain(part)
    expect(policy).not.toContain("unsafe")
  })

  it.each(["/api/v1/nothing", "/api/nothing", "/webhooks", "/problems/none", "/assets/none.js", "/none.js", "/docs/x"])(
    "are not what answers %s, which is 404 also for a browser",
    async (path) => {
      const answer = await get(path)
      expect(answer.status).toBeGreaterThanOrEqual(401)
      expect(answer.headers.get("content-type")).toBe("application/problem+json")
    }
  )

  it("give no page to a program, and none to a request that changes something", async () => {
    expect((await get("/connections", { accept: "application/json" })).status).toBe(404)
    expect((await get("/connections", { accept: "text/html" }, "POST")).status).toBe(404)
  })

  it("come compressed as the browser can take them, and last when their name holds their digest", async () => {
    for (const [accepted, encoding] of [
      ["gzip, deflate, br", "br"],
      ["gzip", "gzip"],
      ["identity", null]
    ] as const) {
      const answer = await get("/assets/index-abc.js", { "accept-encoding": accepted })
      expect([answer.headers.get("content-encoding"), await answer.text()]).toEqual([encoding, script])
      expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable")
      expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8")
      expect(answer.headers.get("vary")).toBe("accept-encoding")
    }
  })

  it("are not sent again to a browser that has them", async () => {
    const etag = (await get("/")).headers.get("etag") ?? ""
    const again = await get("/", { accept: "text/html", "if-none-match": etag })
    expect([again.status, await again.text()]).toEqual([304, ""])
  })

  it("hold nothing that is not part of a page, and nothing outside the folder", async () => {
    expect((await get("/secret.key")).status).toBe(404)
    for (const path of ["/../secret.key", "/assets/../../etc/passwd", "/%2e%2e/secret.key", "/assets//index-abc.js"]) {
      const { body, status } = await raw(world.port, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      expect([path, status, body.includes("not for anybody")]).toEqual([path, 404, false])
    }
  })

  it("answer HEAD without a body", async () => {
    const answer = await get("/", { accept: "text/html" }, "HEAD")
    expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([
      200,
      String(page.length),
      ""
    ])
  })
})
