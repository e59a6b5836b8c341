/** Where a connection may call: tables of hostile settings and paths, and a property over generated strings. */
import { Result } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CrmOrigin, originsOf, pageOf, targetOf } from "../src/CrmOrigin.ts"
import { isGlobalAddress } from "../src/GlobalAddress.ts"
import { manifest } from "./Harness.ts"

const live = (clientRoot: string) =>
  originsOf({ sandbox: false, settings: { clientRoot } }, manifest, "http://127.0.0.1:4010")
const rehearsal = (clientRoot: string, sandbox: string | null = "http://127.0.0.1:4010") =>
  originsOf({ sandbox: true, settings: { clientRoot } }, manifest, sandbox)

const hostile = [
  "acme.evil.com/",
  "evil.com#",
  "evil.com?",
  "a@evil.com",
  "127.0.0.1#",
  "acme:8443",
  "../x",
  "..",
  ".",
  "ａcme",
  "acme%2eevil",
  "acme\t",
  "acme\n",
  " acme",
  "acme。evil",
  "acme.evil",
  "https://acme.example",
  "acme\\evil",
  "acme/",
  "-acme",
  "acme-",
  "ACME",
  "xn--acme-\u00e4",
  "{clientRoot}",
  "{sandbox}",
  "$&",
  "",
  "x".repeat(64)
]

describe("a setting", () => {
  it.each(hostile)("%j leads nowhere, live or in the sandbox", (clientRoot) => {
    for (const made of [live(clientRoot), rehearsal(clientRoot)])
      expect(Result.isFailure(made) ? made.failure.field : "accepted").toBe("clientRoot")
  })

  it("that is a label makes the plugin's origins, and a rehearsal only the sandbox's", () => {
    const origins = Result.getOrThrow(live("harbor"))
    expect([...origins].map(([name, { base, prefix }]) => [name, base, prefix])).toEqual([
      ["app", "https://harbor.acme.example", "/"],
      ["sign", "https://auth.acme.example", "/harbor/"]
    ])
    const sandbox = Result.getOrThrow(rehearsal("harbor"))
    expect([...sandbox.values()].map(({ base, prefix }) => `${base}${prefix}`)).toEqual([
      "http://127.0.0.1:4010/harbor/",
      "http://127.0.0.1:4010/harbor/identity/"
    ])
  })

  it("is of no use to a rehearsal where the operator has no sandbox", () => {
    const made = rehearsal("harbor", null)
    expect(Result.isFailure(made) && made.failure.field).toBe("sandbox")
  })

  it.each([
    "http://{clientRoot}.acme.example/",
    "https://{clientRoot}.acme.example:8443/",
    "https://user@{clientRoot}.acme.example/",
    "https://{clientRoot}.acme.example/x",
    "https://{clientRoot}.acme.example/../",
    "https://{clientRoot}.acme.example/?a=/",
    "{sandbox}/",
    "{sandbox}.evil.example/"
  ])("cannot make the template %j usable", (template) => {
    const made = originsOf(
      { sandbox: false, settings: { clientRoot: "harbor" } },
      { origins: { app: template }, sandboxOrigins: {} },
      "http://127.0.0.1:4010"
    )
    expect(Result.isFailure(made)).toBe(true)
  })

  it("never leads outside, whatever it is (100,000 generated)", () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        ".",
        "/",
        "\\",
        "@",
        "#",
        "?",
        ":",
        "%",
        "%2e",
        "%2f",
        "。",
        "．",
        "\t",
        "\n",
        "\u0000",
        "{",
        "}",
        "-"
      ),
      fc.constantFrom(
        "a",
        "evil.com",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "acme",
        "xn--",
        "ä",
        "Ａ",
        "\u00ad",
        "\u200b"
      ),
      fc.string({ unit: "binary", maxLength: 6 })
    )
    const setting = fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join(""))
    fc.assert(
      fc.property(setting, (clientRoot) => {
        const made = live(clientRoot)
        if (Result.isFailure(made)) return true
        return [...made.success.values()].every(({ base, prefix }) => {
          const { hash, hostname, pathname, port, protocol, search, username } = new URL(`${base}${prefix}`)
          const isAt =
            hostname === `${clientRoot}.acme.example`
              ? pathname === "/"
              : hostname === "auth.acme.example" && pathname === `/${clientRoot}/`
          return (
            isAt &&
            protocol === "https:" &&
            port === "" &&
            `${username}${search}${hash}` === "" &&
            !clientRoot.includes(".")
          )
        })
      }),
      { numRuns: 100_000 }
    )
  })
})

describe("a request's path", () => {
  const sign = Result.getOrThrow(live("harbor")).get("sign")!
  const at = (path: string, query: ReadonlyArray<readonly [string, string]> = [], origin: CrmOrigin = sign) =>
    targetOf(origin, path, query)

  it("is joined below the prefix", () => {
    expect(Result.getOrThrow(at("connect/token"))).toBe("/harbor/connect/token")
    expect(Result.getOrThrow(at("", [["a b", "1&2"]]))).toBe("/harbor/?a+b=1%262")
    expect(Result.getOrThrow(at("Api%20Cases.aspx"))).toBe("/harbor/Api%20Cases.aspx")
  })

  it.each([
    "/connect",
    "//evil.com",
    "../other/x",
    "a/../../other",
    "a/./b",
    "..%2fother",
    "%2e%2e/other",
    "a\\..\\b",
    "https://evil.com/",
    "x?y=1",
    "x#y",
    "x\ty",
    "x y",
    "ä",
    "a%00b"
  ])("%j is refused before a socket opens", (path) => expect(Result.isFailure(at(path))).toBe(true))

  it.each(["password", "Key", "client_secret", "ACCESS_TOKEN", "ｐassword", "pass-word", "username"])(
    "may not carry %j in its query",
    (name) => expect(Result.isFailure(at("x", [[name, "1"]]))).toBe(true)
  )

  it("never leaves the prefix, whatever it is (100,000 generated)", () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        "..",
        ".",
        "/",
        "//",
        "\\",
        "%2e",
        "%2E",
        "%2f",
        "%5c",
        "@",
        ":",
        "?",
        "#",
        "\t",
        "evil.com",
        "a"
      ),
      fc.string({ unit: "binary", maxLength: 4 })
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const target = at(parts.join(""))
        if (Result.isFailure(target)) return true
        const url = new URL(target.success, sign.base)
        return (
          url.origin === sign.base &&
          url.pathname.startsWith(sign.prefix) &&
          !/\/\.\.?(?:\/|$)/.test(decodeURIComponent(url.pathname))
        )
      }),
      { numRuns: 100_000 }
    )
  })
})

describe("a page for people", () => {
  const screen = { origin: "app", path: "setup/hooks" }

  it("lies below the origin that the plugin names", () => {
    expect(pageOf({ settings: { clientRoot: "acme" } }, manifest, screen)).toBe("https://acme.acme.example/setup/hooks")
  })

  it.each(hostile)("is none with the setting %j", (clientRoot) => {
    expect(pageOf({ settings: { clientRoot } }, manifest, screen)).toBeNull()
  })

  it.each(["../x", "/x", "//evil.com", "https://evil.com", "a\\b", "a%2fb", "x?y", "x#y", "javascript:alert(1)"])(
    "is none, or none elsewhere, with the path %j",
    (path) => {
      const page = pageOf({ settings: { clientRoot: "acme" } }, manifest, { ...screen, path })
      expect(page === null || page.startsWith("https://acme.acme.example/")).toBe(true)
      expect(pageOf({ settings: { clientRoot: "acme" } }, manifest, { ...screen, origin: "none" })).toBeNull()
    }
  )
})

describe("an address", () => {
  it.each([
    ["8.8.8.8", true],
    ["2606:4700:4700::1111", true],
    ["0.0.0.0", false],
    ["10.1.2.3", false],
    ["100.64.0.1", false],
    ["127.0.0.1", false],
    ["169.254.169.254", false],
    ["172.31.255.255", false],
    ["172.32.0.1", true],
    ["192.168.1.1", false],
    ["198.18.0.1", false],
    ["224.0.0.1", false],
    ["255.255.255.255", false],
    ["::", false],
    ["::1", false],
    ["::ffff:127.0.0.1", false],
    ["::ffff:8.8.8.8", false],
    ["64:ff9b::7f00:1", false],
    ["fe80::1%eth0", false],
    ["fc00::1", false],
    ["ff02::1", false],
    ["2001:db8::1", false],
    ["2002:7f00:1::", false],
    ["not an address", false]
  ])("%s: of the open internet %s", (address, isGlobal) => expect(isGlobalAddress(address)).toBe(isGlobal))
})
