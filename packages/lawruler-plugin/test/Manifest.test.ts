import { checkCredentials } from "@casewire/core/CrmPlugin"
import { customKey, defaultKey, fieldKeyProblem } from "@casewire/core/domain/FieldKey"
import { assert, describe, it } from "@effect/vitest"
import plugin from "../src/index.ts"

const { manifest } = plugin
const good = { username: "u", password: "p", clientRoot: "harbor", clientSecret: "s", key: "k" }

describe("the client root", () => {
  it.each(["a", "harbor", "harbor-law", "1firm", "x".repeat(63), "xn--bcher-kva"])("%s is taken", (clientRoot) => {
    assert.deepStrictEqual(checkCredentials(manifest, { ...good, clientRoot }), [])
  })

  it.each([
    "acme.evil.com/",
    "evil.com#",
    "a@evil.com",
    "127.0.0.1#",
    "acme:8443",
    "../x",
    "ａcme",
    "acme%2eevil",
    "acme\t",
    "acme\n",
    " acme",
    "acme。evil",
    "https://acme.lawruler.com",
    "Acme",
    "-acme",
    "acme-",
    "x".repeat(64),
    "a\\b",
    "a?b",
    "a/b"
  ])("%j is refused by its name", (clientRoot) => {
    assert.deepStrictEqual(checkCredentials(manifest, { ...good, clientRoot }), [
      { field: "clientRoot", code: "not-a-subdomain-label" }
    ])
  })

  it.each(["auth", "apim", "www", "support", "api", "kb"])("%s is Law Ruler's own", (clientRoot) => {
    assert.deepStrictEqual(checkCredentials(manifest, { ...good, clientRoot }), [
      { field: "clientRoot", code: "reserved" }
    ])
  })
})

describe("the manifest", () => {
  it("names Law Ruler's webhook screen, below an origin of its own, for the link in the set-up checklist", () => {
    const { origins, webhook } = manifest
    assert.strictEqual(webhook.screen?.path, "Webhook.aspx")
    assert.strictEqual(origins[webhook.screen?.origin ?? ""], "https://{clientRoot}.lawruler.com/")
  })

  it("asks for the five values of the guide, and a client id if there is one", () => {
    assert.deepStrictEqual(
      manifest.credentials.map(({ name, required, secret }) => [name, required, secret]),
      [
        ["username", true, false],
        ["password", true, true],
        ["clientRoot", true, false],
        ["clientSecret", true, true],
        ["key", true, true],
        ["clientId", false, false]
      ]
    )
    for (const { help } of manifest.credentials) assert.isAbove(help.length, 40)
  })

  it("says at each value where the firm finds it, and whom to ask for what is not there", () => {
    const help = Object.fromEntries(manifest.credentials.map(({ help, name }) => [name, help]))
    assert.include(help["username"], "A user of its own")
    assert.include(help["password"], "change it here too")
    assert.include(help["clientRoot"], "https://yourfirm.lawruler.com, it is yourfirm")
    for (const name of ["clientSecret", "key"]) assert.include(help[name], "Setup, then Third-Party Integrations")
    assert.match(help["clientSecret"] ?? "", /support@lawruler\.com .* Advanced API and higher rate limits/)
  })

  it("tells how a webhook is set up, in the guide's order and in Law Ruler's own words", () => {
    const steps = manifest.webhook.steps.join("\n")
    const order = [
      "Setup, then Webhooks",
      "create one first",
      "Edit selected webhook",
      "API URL",
      "case types and statuses",
      "Lead ID, Case Type ID, Case Type, Status ID, Status, Full Name, Created Date, Primary Contact ID, First Name and Last Name",
      "Save the webhook",
      "Send via Webhook"
    ].map((words) => steps.indexOf(words))
    assert.notInclude(order, -1)
    assert.deepStrictEqual(
      order.toSorted((a, b) => a - b),
      order
    )
  })

  it("says where in Law Ruler notes and documents are found, and takes the guide's five options in a webhook's URL", () => {
    assert.strictEqual(manifest.notes?.place, "Notes, category Client Communications")
    assert.strictEqual(manifest.documents?.place, "Documents")
    assert.deepStrictEqual(manifest.webhook.options, [
      "list_id",
      "list_name",
      "list_action",
      "remove_from_list",
      "campaign_id"
    ])
  })

  it("leads to Law Ruler's three hosts, and in the sandbox below the client root", () => {
    assert.deepStrictEqual(manifest.origins, {
      legacy: "https://{clientRoot}.lawruler.com/",
      auth: "https://auth.lawruler.com/{clientRoot}/",
      advanced: "https://apim.lawruler.com/{clientRoot}/"
    })
    assert.deepStrictEqual(Object.keys(manifest.sandboxOrigins), Object.keys(manifest.origins))
    for (const origin of Object.values(manifest.sandboxOrigins)) assert.strictEqual(origin, "{sandbox}/{clientRoot}/")
  })

  it("requires the ten fields of the guide", () => {
    assert.deepStrictEqual(
      manifest.webhook.required.map(({ name }) => name),
      [
        "Lead ID",
        "Case Type ID",
        "Case Type",
        "Status ID",
        "Status",
        "Full Name",
        "Created Date",
        "Primary Contact ID",
        "First Name",
        "Last Name"
      ]
    )
    assert.include(
      manifest.webhook.required.map(({ name }) => name),
      manifest.webhook.record
    )
  })

  it("is plain data", () => {
    assert.deepStrictEqual(structuredClone(manifest), manifest)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(manifest)), manifest)
  })
})

describe("field keys (TV-17)", () => {
  const { keys, reserved } = manifest.fields!
  const words = [
    "key",
    "operation",
    "leadid",
    "overridelead",
    "returnjson",
    "returnxml",
    "username",
    "password",
    "clientsecret"
  ]

  it.each(words.flatMap((word) => [word, word.toUpperCase(), `${word} `]))("%j is never a field (T-C7)", (word) => {
    assert.strictEqual(fieldKeyProblem(word, reserved), "reserved")
  })

  it.each(["<<Custom1234>>", "Custom1234", "custom1234", "1234", "Custom #1234", "custom_1234"])(
    "%j is Custom1234",
    (text) => assert.strictEqual(customKey(keys, text), "Custom1234")
  )

  it("of default fields are parameters of the legacy page, none of them reserved", () => {
    for (const { key } of keys.defaults) assert.isUndefined(fieldKeyProblem(key, reserved), key)
    assert.strictEqual(defaultKey(keys, "Cell Phone"), "CellPhone")
    assert.strictEqual(defaultKey(keys, "E-mail"), "Email1")
  })
})
