/** The versions of plugins over HTTP: who may, what is shown, what is refused by which name, and live progress. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { PluginStore } from "@casewire/core/ports/PluginStore"
import { firm, manifest, startWorld, type World } from "./Harness.ts"
import { digest, keptVersion } from "./PlayedPluginHost.ts"

let world: World
const wide = { ...manifest, version: "1.1.0", origins: { ...manifest.origins, more: "https://more.example/" } }

beforeAll(async () => {
  world = await startWorld({ operatorFirm: firm })
  await world.run(
    Effect.gen(function* () {
      const store = yield* PluginStore
      for (const kept of [
        keptVersion(manifest, "a", "start"),
        keptVersion({ ...manifest, version: "1.0.2" }, "b", "start"),
        keptVersion(wide, "c", "start")
      ])
        yield* store.keep(kept)
      yield* store.pin({ pluginId: "acme", target: { _tag: "Everyone" }, digest: digest("a") })
    })
  )
})
afterAll(() => world.stop())

/** The events of an answer, in order. */
const events = (text: string): ReadonlyArray<Record<string, unknown>> =>
  text
    .split("\n\n")
    .filter((block) => block !== "")
    .map((block) =>
      JSON.parse(
        block
          .split("\n")
          .filter((line) => line.startsWith("data: "))
          .map((line) => line.slice(6))
          .join("\n")
      )
    )
const swap = (body: object, token = world.api) => world.call("POST", "/plugins/acme/swaps", body, token)
const serving = async () =>
  (await world.call("GET", "/plugins/acme")).body.versions.find((one: { serves: string }) => one.serves === "everyone")
    ?.version

describe("a plugin's versions", () => {
  it("are shown with what serves, and with what each would change", async () => {
    const { body, status } = await world.call("GET", "/plugins/acme")
    expect(status).toBe(200)
    expect(body.versions.map((one: { version: string; serves: string }) => [one.version, one.serves])).toEqual([
      ["1.1.0", "nobody"],
      ["1.0.2", "nobody"],
      ["1.0.0", "everyone"]
    ])
    expect(body.versions[0].permissions.hosts).toContain("more.example")
    expect(body.versions[0].diff).toContainEqual({
      area: "permissions",
      weight: "needs confirmation",
      key: "host-added more.example",
      text: "May call more.example."
    })
    expect(body.versions[2].diff).toEqual([])
    expect(body.running).toEqual([expect.objectContaining({ state: "serving", restarts: 1, faults: 2 })])
    expect(body.versions[0]).not.toHaveProperty("manifest")
  })

  it("of a plugin that is not there are not found", async () => {
    for (const path of ["", "/swaps", "/logs", "/logs/live"])
      expect((await world.call("GET", `/plugins/unknown${path}`)).status).toBe(404)
    expect((await world.call("POST", "/plugins/unknown/reread")).status).toBe(404)
  })
})

describe("a packed plugin that is sent", () => {
  const send = (body: string | Uint8Array) => world.upload("/plugins?name=acme-2.casewire", body)

  it("is kept, and serves nobody", async () => {
    const { body, status } = await send(JSON.stringify({ version: "2.0.0" }))
    expect([status, body.version, body.serves, body.origin]).toEqual([
      201,
      "2.0.0",
      "nobody",
      { kind: "file", location: "acme-2.casewire" }
    ])
    expect(body.keptBy).toBe(`test (${firm})`)
    expect(await serving()).toBe("1.0.0")
  })

  it("is refused by the name of what is wrong with it", async () => {
    const { body, status } = await send("no package")
    expect([status, body.type, body.errors]).toEqual([
      422,
      "/problems/plugin-rejected",
      [{ field: "plugin", code: "not-a-package" }]
    ])
    expect(body.detail).toMatch(/^The file is no whole archive\. Make the file again/)
  })

  it("is refused where it is too large, without being read", async () => {
    expect((await send(new Uint8Array(16 * 1024 * 1024 + 1))).status).toBe(413)
  })
})

describe("a swap", () => {
  it("that widens a permission is refused until its line is confirmed by name", async () => {
    const version = digest("c")
    const refused = await swap({ version, reason: "newer" })
    expect([refused.status, refused.body.type]).toEqual([422, "/problems/plugin-rejected"])
    expect(refused.body.errors).toEqual([
      { field: "plugin", code: "confirmation-missing" },
      { field: "confirmed", code: "host-added more.example" }
    ])
    expect(refused.body.detail).toContain("May call more.example.")
    expect(await serving()).toBe("1.0.0")
    expect((await swap({ version, reason: "newer", confirmed: ["everything"] })).status).toBe(422)

    const done = await swap({ version, reason: "newer", confirmed: ["host-added more.example"] })
    expect([done.status, done.headers.get("content-type")]).toEqual([200, expect.stringContaining("text/event-stream")])
    const told = events(done.text)
    expect(told[0]).toEqual({ type: "begun", swap: expect.any(String) })
    expect(told.filter(({ state }) => state === "passed").map(({ step }) => step)).toEqual([
      "verify",
      "start",
      "self-test",
      "shadow",
      "switch",
      "drain",
      "stop"
    ])
    expect(told[1]).toEqual({
      type: "step",
      step: "verify",
      state: "begun",
      at: "1970-01-01T00:00:02.000Z",
      detail: null
    })
    expect(told.at(-1)).toEqual({ type: "done", digest: version })
    expect(await serving()).toBe("1.1.0")
  })

  it("to an older version is refused as a downgrade", async () => {
    const { body, status } = await swap({ version: digest("b"), reason: "older" })
    expect([status, body.errors]).toEqual([
      422,
      [
        { field: "plugin", code: "downgrade" },
        { field: "confirmed", code: "downgrade 1.0.2" }
      ]
    ])
  })

  it("that fails once it has begun says so in its last event, and leaves what serves", async () => {
    const confirmed = ["host-added more.example"]
    const answer = await swap({ version: digest("e"), reason: "breaks", confirmed })
    expect(answer.status).toBe(200)
    expect(events(answer.text).at(-1)).toEqual({
      type: "failed",
      code: "self-test-failed",
      message: "The self-test failed. Read the plugin's log: `casewire plugin logs`.",
      unconfirmed: []
    })
    expect(await serving()).toBe("1.1.0")
  })

  it("tells each step when it happens, not when all are over", async () => {
    const abort = new AbortController()
    const answer = await fetch(`${world.url}/api/v1/plugins/acme/swaps`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.api}`, "content-type": "application/json" },
      body: JSON.stringify({ version: digest("c"), reason: "hangs" }),
      signal: abort.signal
    })
    let text = ""
    for await (const chunk of answer.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (
        events(text.slice(0, text.lastIndexOf("\n\n"))).some(
          ({ state, step }) => step === "start" && state === "passed"
        )
      )
        break
    }
    abort.abort()
    expect(text).not.toContain("done")
  })

  it("to a version that is not kept, or without a reason, is refused", async () => {
    expect((await swap({ version: digest("9"), reason: "x" })).body.errors[0].code).toBe("version-unknown")
    expect((await swap({ version: digest("b"), reason: "" })).status).toBe(422)
    expect((await swap({ version: "latest", reason: "x" })).status).toBe(422)
  })

  it("can be taken back by hand to a kept version, without confirming that it is older", async () => {
    const answer = await world.call("POST", "/plugins/acme/rollback", { reason: "it lags", version: digest("b") })
    expect(events(answer.text).at(-1)).toEqual({ type: "done", digest: digest("b") })
    expect(await serving()).toBe("1.0.2")
  })

  it("stands in the history with who, why and what became of it, refused ones too", async () => {
    const { body } = await world.call("GET", "/plugins/acme/swaps")
    expect(
      body.swaps.map((one: Record<string, unknown>) => [one["kind"], one["result"], one["reason"], one["by"]])
    ).toEqual([
      ["roll-back", "done", "it lags", `test (${firm})`],
      ["swap", "done", "hangs", `test (${firm})`],
      ["swap", "failed", "breaks", `test (${firm})`],
      ["swap", "refused", "older", `test (${firm})`],
      ["swap", "done", "newer", `test (${firm})`],
      ["swap", "refused", "newer", `test (${firm})`],
      ["swap", "refused", "newer", `test (${firm})`]
    ])
    const [first] = body.swaps
    expect((await world.call("GET", `/plugins/acme/swaps/${first.id}`)).body).toEqual(first)
    expect((await world.call("GET", `/plugins/acme/swaps/${crypto.randomUUID()}`)).status).toBe(404)
    expect((await world.call("GET", "/plugins/acme/swaps?limit=1")).body.swaps).toEqual([first])
  })
})

describe("a plugin's source and log", () => {
  it("is read again on demand, and what is there is kept", async () => {
    const { body, status } = await world.call("POST", "/plugins/acme/reread")
    expect([status, body.version, body.keptBy]).toEqual([200, "1.0.1", `test (${firm})`])
  })

  it("shows its last lines, and those to come as events", async () => {
    const lines = (await world.call("GET", "/plugins/acme/logs?limit=1")).body.lines
    expect(lines).toEqual([{ at: "1970-01-01T00:00:05.000Z", digest: digest("a"), level: "info", text: "two" }])
    const live = await world.call("GET", "/plugins/acme/logs/live")
    expect(events(live.text).map(({ text }) => text)).toEqual(["one", "two", "three"])
  })
})

describe("who may operate plugins", () => {
  const attempts = (of: World, token: string) =>
    Promise.all([
      of.call("GET", "/plugins/acme", undefined, token),
      of.call("POST", "/plugins/acme/reread", undefined, token),
      of.call("POST", "/plugins/acme/swaps", { version: digest("a"), reason: "x" }, token),
      of.call("POST", "/plugins/acme/rollback", { reason: "x" }, token),
      of.call("GET", "/plugins/acme/swaps", undefined, token),
      of.call("GET", "/plugins/acme/logs", undefined, token),
      of.call("GET", "/plugins/acme/logs/live", undefined, token),
      of.upload("/plugins", "{}", token)
    ])
  const refused = Array.from({ length: 8 }, () => [403, "/problems/operator-required"])
  const seen = (answers: Awaited<ReturnType<typeof attempts>>) => answers.map(({ body, status }) => [status, body.type])

  it("is the firm that the settings name, and no other", async () => {
    expect(seen(await attempts(world, world.otherApi))).toEqual(refused)
  })

  it("is nobody on a host of several firms whose settings name none", async () => {
    const several = await startWorld()
    try {
      expect(seen(await attempts(several, several.api))).toEqual(refused)
      expect((await several.call("GET", "/plugins/acme")).body.detail).toContain("CASEWIRE_OPERATOR_FIRM")
    } finally {
      await several.stop()
    }
  })
})
