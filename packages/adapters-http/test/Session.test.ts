/** Signing a browser in: a cookie that scripts cannot read, worth as much as its token, and only from the host's own pages. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makeSessions, sessionMs } from "../src/Sessions.ts"
import { Redacted } from "effect"
import { startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const send = (method: string, path: string, headers: Record<string, string>, body?: unknown, at = world.url) =>
  fetch(`${at}/api/v1${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
const signIn = (token: string, origin: string = world.url) => send("POST", "/session", { origin }, { token })
const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(";")[0] ?? ""

describe("signing in", () => {
  it("makes a session cookie that no script can read and no other site sends", async () => {
    const answer = await signIn(world.api)
    expect(answer.status).toBe(201)
    const [cookie = ""] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^casewire-session=[\w-]{43}; /)
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", `Max-Age=${sessionMs / 1000}`])
      expect(cookie).toContain(part)
    // Browsers refuse Secure and its prefix over plain HTTP.
    expect(cookie).not.toContain("Secure")
    expect(cookie).not.toContain(world.api)
    expect(await answer.json()).toMatchObject({ firm: { id: "firm-a", name: "firm-a" }, name: "test", rehearsal: null })
  })

  it("binds the cookie to its host where the host is behind TLS", async () => {
    const behind = await startWorld({ publicUrl: "https://casewire.example" })
    try {
      const headers = { origin: "https://casewire.example" }
      const answer = await send("POST", "/session", headers, { token: behind.api }, behind.url)
      expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-casewire-session=.*Secure/)
      const cookie = cookieOf(answer)
      expect((await send("GET", "/connections", { cookie }, undefined, behind.url)).status).toBe(200)
    } finally {
      await behind.stop()
    }
  })

  it("is refused with a wrong token, a webhook's token, and from another site's page", async () => {
    const tries = [
      await signIn("wrong"),
      await signIn(world.token),
      await signIn(world.api, "https://evil.example"),
      await send("POST", "/session", {}, { token: world.api })
    ]
    expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 401])
    expect(tries.flatMap((answer) => answer.headers.getSetCookie())).toEqual([])
  })

  it("slows down whoever guesses tokens, and says so", async () => {
    const guarded = await startWorld()
    try {
      const statuses: Array<number> = []
      for (let index = 0; index < 22; index++) {
        const headers = { origin: guarded.url }
        statuses.push((await send("POST", "/session", headers, { token: `guess-${index}` }, guarded.url)).status)
      }
      expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401))
      expect(statuses.slice(20)).toEqual([429, 429])
    } finally {
      await guarded.stop()
    }
  })
})

describe("a session", () => {
  it("reads without an origin, and changes something only from a page of this host", async () => {
    const cookie = cookieOf(await signIn(world.api))
    expect((await send("GET", "/connections", { cookie })).status).toBe(200)
    const write = (headers: Record<string, string>) =>
      send("POST", "/lists", { cookie, ...headers }, { name: "A list" })
    expect((await write({ origin: world.url })).status).toBe(201)
    for (const headers of [
      {},
      { origin: "null" },
      { origin: "https://evil.example" },
      { origin: world.url.replace(/\d+$/, "1") }
    ])
      expect((await write(headers)).status).toBe(401)
  })

  it("sees the firm of its token only, and says which one that is", async () => {
    const cookie = cookieOf(await signIn(world.otherApi))
    expect(await (await send("GET", "/session", { cookie })).json()).toMatchObject({ firm: { id: "firm-b" } })
    expect((await send("GET", `/connections/${world.connection.id}`, { cookie })).status).toBe(404)
  })

  it("is not counted as a program's requests are", async () => {
    const small = await startWorld({ requestsPerHour: 1 })
    try {
      const answer = await send("POST", "/session", { origin: small.url }, { token: small.api }, small.url)
      const cookie = cookieOf(answer)
      for (let index = 0; index < 3; index++)
        expect((await send("GET", "/connections", { cookie }, undefined, small.url)).status).toBe(200)
    } finally {
      await small.stop()
    }
  })

  it("ends when it is signed out", async () => {
    const cookie = cookieOf(await signIn(world.api))
    const out = await send("DELETE", "/session", { cookie, origin: world.url })
    expect(out.status).toBe(204)
    expect(out.headers.getSetCookie()[0]).toContain("Max-Age=0")
    expect((await send("GET", "/connections", { cookie })).status).toBe(401)
  })

  it("ends by itself, and the oldest makes room for the newest", () => {
    const sessions = makeSessions()
    const token = Redacted.make("t")
    const first = sessions.open(token, 0)
    expect(sessions.find(first.id, sessionMs - 1)?.token).toBe(token)
    expect(sessions.find(first.id, sessionMs)).toBeUndefined()
    for (let index = 0; index < 1000; index++) sessions.open(token, 1)
    expect(sessions.find(first.id, 1)).toBeUndefined()
    const last = sessions.open(token, 2)
    expect(sessions.find(last.id, 3)).toBeDefined()
  })
})
