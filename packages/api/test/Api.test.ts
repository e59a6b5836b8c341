/** What the definition promises by itself: its OpenAPI document, and how moments are written. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Exit, Schema } from "effect"
import { OpenApi } from "effect/http-api"
import { describe, expect, it } from "vitest"
import { PlatformEventName } from "@casewire/core/domain/Subscription"
import { Api } from "../src/Api.ts"
import { EventInput } from "../src/Events.ts"
import { Time, TimeInput } from "../src/Time.ts"

interface Operation {
  readonly summary?: string
  readonly "x-scope"?: string
  readonly security?: ReadonlyArray<object>
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
}

const document = OpenApi.fromApi(Api)
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item as Readonly<Record<string, Operation>>).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation
  }))
)

describe("the OpenAPI document", () => {
  it("is of version 3.1, and below one prefix", () => {
    expect(document.openapi).toMatch(/^3\.1/)
    expect(Object.keys(document.paths).filter((path) => !path.startsWith("/api/v1/"))).toEqual([])
  })

  it.each(operations)("$name needs a session or a token, and refuses with problems only", ({ name, operation }) => {
    // Signing in is how both begin.
    expect(operation.security).toEqual(name === "POST /api/v1/session" ? [] : [{ session: [] }, { bearer: [] }])
    const refusals = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
    expect(refusals.map(([status]) => status)).toContain("401")
    for (const [, { content }] of refusals) expect(Object.keys(content ?? {})).toEqual(["application/problem+json"])
  })

  it("says in words what every operation is for", () => {
    expect(operations.filter(({ operation }) => operation.summary === undefined).map(({ name }) => name)).toEqual([])
  })

  it("says of every operation which scope a token needs for it", () => {
    const scopes = operations.map(({ name, operation }) => [name, operation["x-scope"]] as const)
    expect(scopes.filter(([, scope]) => scope === undefined)).toEqual([["POST /api/v1/session", undefined]])
    // Whatever only looks is open to a token that only looks.
    const looks = scopes.filter(([name]) => name.startsWith("GET "))
    expect(looks.filter(([, scope]) => scope !== "read" && scope !== "any")).toEqual([])
  })

  it("says that an id which is not there is 404, wherever a path names one", () => {
    const without = operations.filter(
      ({ name, operation }) => name.includes("{id}") && operation.responses["404"] === undefined
    )
    expect(without.map(({ name }) => name)).toEqual([])
  })
})

describe("the names of events", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/webhooks.md"), "utf8")
  const told = PlatformEventName.literals
  const taken = EventInput.members.map(({ fields: { type } }) => type.literal)

  it.each([...new Set<string>([...told, ...taken, "webhook_test"])])(
    "%s is written as the platform writes its names, and documented",
    (name) => {
      expect(name).toMatch(/^[a-z]+(?:_[a-z]+)+$/)
      expect(page).toContain(`\`${name}\``)
    }
  )

  it("are the platform's own for calls", () => {
    for (const names of [told, taken]) expect(names).toEqual(expect.arrayContaining(["call_ended", "call_analyzed"]))
  })
})

describe("a moment", () => {
  it("is written in UTC and read with any offset", () => {
    expect(Schema.encodeSync(Time)(1_767_603_600_000)).toBe("2026-01-05T09:00:00.000Z")
    expect(Schema.decodeUnknownSync(Time)("2026-01-05T04:00:00-05:00")).toBe(1_767_603_600_000)
    expect(Schema.decodeUnknownSync(TimeInput)(1_767_603_600_000)).toBe(1_767_603_600_000)
  })

  it.each(["yesterday", "2026-01-05", "2026-01-05T09:00:00", "2026-13-45T99:00:00Z", "1767603600000", ""])(
    "is not %j",
    (text) => expect(Exit.isFailure(Schema.decodeUnknownExit(Time)(text))).toBe(true)
  )
})
