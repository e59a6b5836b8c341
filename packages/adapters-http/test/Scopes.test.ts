/** Scopes of API tokens over real HTTP: made with less, kept to it, and never given away by whoever has them not. */
import { Effect, Redacted } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ConnectionStore } from "@casewire/core/ports/ConnectionStore"
import { firm, startWorld, type World } from "./Harness.ts"

let world: World
beforeAll(async () => void (world = await startWorld()))
afterAll(() => world.stop())

const issue = (payload: object, token = world.api) => world.call("POST", "/tokens", payload, token)
const made = async (payload: object): Promise<string> => (await issue(payload)).body.token

describe("an API token", () => {
  it("is made with the scopes that it needs, and does what they allow and no more", async () => {
    const answer = await issue({ name: "reports", scopes: ["read", "read"] })
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({ token: expect.stringMatching(/^.{43,}$/), name: "reports", scopes: ["read"] })
    const { token } = answer.body
    expect((await world.call("GET", "/connections", undefined, token)).status).toBe(200)
    const client = { firstName: "Ana", lastName: "Lee" }
    const refused = await world.call("POST", "/clients", client, token)
    expect([refused.status, refused.body]).toEqual([
      403,
      {
        type: "/problems/scope-missing",
        title: "The token has not the scope that this needs",
        status: 403,
        detail: "It needs a token with the scope write.",
        errors: [{ field: "scope", code: "write" }]
      }
    ])
    expect((await world.call("POST", "/clients", client, await made({ name: "w", scopes: ["write"] }))).status).toBe(
      201
    )
  })

  it("may everything when it was made without scopes, also before there were any", async () => {
    expect((await issue({ name: "all" })).body.scopes).toBeNull()
    const old = Redacted.value(
      await world.run(
        Effect.flatMap(ConnectionStore, (store) => store.issueToken({ _tag: "Api", firmId: firm, name: "old" }))
      )
    )
    expect((await issue({ name: "from the old one" }, old)).status).toBe(201)
  })

  it("gives away no scope that it has not itself, and by itself all that it has", async () => {
    const admin = await made({ name: "admin", scopes: ["admin", "read"] })
    const refused = await issue({ name: "more", scopes: ["write", "read", "status:replay"] }, admin)
    expect([refused.status, refused.body.errors]).toEqual([
      403,
      [
        { field: "scope", code: "write" },
        { field: "scope", code: "status:replay" }
      ]
    ])
    expect((await issue({ name: "same" }, admin)).body.scopes).toEqual(["admin", "read"])
    expect((await issue({ name: "less", scopes: ["read"] }, admin)).body.scopes).toEqual(["read"])
    expect((await issue({ name: "x" }, await made({ name: "r", scopes: ["read", "write"] }))).status).toBe(403)
  })

  it("is not made with no scope at all, or one that there is not", async () => {
    for (const scopes of [[], ["everything"], "read", null])
      expect((await issue({ name: "x", scopes })).status).toBe(422)
    expect((await issue({ name: "" })).status).toBe(422)
  })

  it("replays status changes over newer ones only with the scope for just that", async () => {
    const path = `/connections/${world.connection.id}/status-sync/resume`
    const everyday = await made({ name: "everyday", scopes: ["write"] })
    const refused = await world.call("POST", path, { mode: "replay" }, everyday)
    expect([refused.status, refused.body.type, refused.body.errors]).toEqual([
      403,
      "/problems/confirmation-required",
      [{ field: "scope", code: "status:replay" }]
    ])
    // Nothing waits for an answer here, which is told to whoever may ask.
    expect((await world.call("POST", path, { mode: "from_now_on" }, everyday)).status).toBe(409)
    const both = await made({ name: "both", scopes: ["write", "status:replay"] })
    expect((await world.call("POST", path, { mode: "replay" }, both)).status).toBe(409)
    const alone = await made({ name: "alone", scopes: ["status:replay"] })
    expect((await world.call("POST", path, { mode: "replay" }, alone)).body.errors).toEqual([
      { field: "scope", code: "write" }
    ])
  })

  it("shows the same refusal to a browser that signed in with it, and is not taken for nobody", async () => {
    const token = await made({ name: "screens", scopes: ["read"] })
    const signedIn = await fetch(`${world.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: world.url, "sec-fetch-site": "same-origin" },
      body: JSON.stringify({ token })
    })
    expect(signedIn.status).toBe(201)
    const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
    const ask = (path: string, method: string, body?: string) =>
      fetch(`${world.url}/api/v1${path}`, {
        method,
        headers: {
          cookie,
          origin: world.url,
          "sec-fetch-site": "same-origin",
          "x-casewire": "1",
          "content-type": "application/json"
        },
        ...(body === undefined ? {} : { body })
      })
    expect((await ask("/connections", "GET")).status).toBe(200)
    const refused = await ask("/clients", "POST", JSON.stringify({ firstName: "Ana", lastName: "Lee" }))
    expect([refused.status, refused.headers.get("content-type")]).toEqual([403, "application/problem+json"])
    expect(await refused.json()).toMatchObject({ errors: [{ field: "scope", code: "write" }] })
  })
})
