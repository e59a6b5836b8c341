/** The set-up checklist: four items, each ticked by facts. */
import { checklist, type ChecklistFacts } from "@casewire/core/domain/Checklist"
import { allOff } from "@casewire/core/domain/Toggles"
import { assert, describe, it } from "@effect/vitest"

const links = [{ crmCaseType: { name: "Injury" }, platformCaseType: "Injury" }]
const on = { ...allOff, enabled: true, receive: true, send: true, sendMessages: true, syncStatuses: true }
const fresh: ChecklistFacts = {
  isConnected: true,
  webhookScreen: null,
  lastWebhook: null,
  wasTested: false,
  optionsSeen: [],
  links: [],
  toggles: allOff
}
const ready: ChecklistFacts = { ...fresh, lastWebhook: 1, links, toggles: on }

const states = (facts: ChecklistFacts) => Object.fromEntries(checklist(facts).map(({ id, state }) => [id, state]))

describe("the set-up checklist", () => {
  it("has the four items of the guide, in the safe order", () => {
    assert.deepStrictEqual(
      checklist(fresh).map(({ id }) => id),
      ["webhook", "options", "case-types", "switches"]
    )
    assert.deepStrictEqual(states(fresh), {
      webhook: "open",
      options: "optional",
      "case-types": "open",
      switches: "open"
    })
  })

  it.each([
    ["webhook", { lastWebhook: 5 }, "done", "a webhook was received"],
    ["webhook", { wasTested: true }, "done", "the CRM's test was received"],
    ["options", { optionsSeen: ["list_id"] }, "done", "a webhook carried a parameter"],
    ["case-types", { links }, "done", "a case type is linked"],
    ["case-types", { toggles: { ...on, sendFields: true } }, "attention", "mapped fields are on before a link"],
    ["switches", { toggles: { ...on, syncStatuses: false } }, "open", "status sync is not on yet"],
    ["switches", { toggles: on }, "attention", "status sync is on before a webhook came or a case type is linked"],
    [
      "switches",
      { lastWebhook: 5, links, toggles: { ...on, receive: false } },
      "attention",
      "status sync is on before receive"
    ],
    ["switches", { lastWebhook: 5, links, toggles: on }, "done", "everything before it was done"]
  ] as ReadonlyArray<[string, Partial<ChecklistFacts>, string, string]>)(
    "%s with %j is %s: %s",
    (id, change, state) => {
      assert.strictEqual(states({ ...fresh, ...change })[id], state)
    }
  )

  it("leads to the CRM's own screen for webhooks, where the plugin names one, and nowhere else", () => {
    const link = { href: "https://harbor.crm.example/hooks", label: "Setup, Hooks" }
    assert.deepStrictEqual(
      checklist({ ...fresh, webhookScreen: link }).map((item) => item.link),
      [link, null, null, null]
    )
    assert.isNull(checklist(fresh)[0]?.link)
  })

  it("is done when the firm did everything, and takes nothing for granted", () => {
    assert.deepStrictEqual(states(ready), {
      webhook: "done",
      options: "optional",
      "case-types": "done",
      switches: "done"
    })
    assert.strictEqual(states({ ...ready, toggles: { ...on, sendMessages: false } })["switches"], "attention")
  })

  it("says in sentences what is so", () => {
    const text = checklist({ ...fresh, isConnected: false, toggles: on }).flatMap(({ facts }) => facts)
    assert.includeMembers(text, [
      "The CRM is not connected.",
      "No webhook was received yet.",
      "No case type is linked.",
      "Sync case statuses should come last: no webhook was received and no case type is linked."
    ])
  })
})
