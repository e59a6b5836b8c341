import { CaseId } from "@casewire/core/domain/Case"
import { FirmId } from "@casewire/core/domain/Ids"
import {
  type AutoAdd,
  CampaignId,
  type Campaign,
  type List,
  ListId,
  type Membership,
  noAutoAdd
} from "@casewire/core/domain/List"
import {
  decideAutoAdd,
  decideByHand,
  decideReceipt,
  decideWaiting,
  findCampaign,
  findList,
  hasCaseType,
  readListIntent,
  withWaiting
} from "@casewire/core/domain/ListRouting"
import { normaliseKey } from "@casewire/core/domain/WebhookFields"
import { assert, describe, it } from "@effect/vitest"

const firmId = FirmId.make("firm-1")
const list = (number: number, name: string, change: Partial<List> = {}): List => ({
  id: ListId.make(`list-${number}`),
  firmId,
  number,
  name,
  description: "",
  caseType: null,
  autoAdd: noAutoAdd,
  createdAt: 0,
  updatedAt: 0,
  archivedAt: null,
  ...change
})
const lists = [
  list(123, "Intake"),
  list(124, "Other"),
  list(7, "Twin"),
  list(8, " twin "),
  list(9, "Old", { archivedAt: 5 })
]
const campaign: Campaign = {
  id: CampaignId.make("campaign-42"),
  firmId,
  number: 42,
  name: "Spring",
  listId: null,
  createdAt: 0,
  updatedAt: 0,
  archivedAt: null
}

/** What a webhook with these options would do, in one line. */
const routed = (...pairs: ReadonlyArray<readonly [string, string]>): string => {
  const options = new Map<string, Array<string>>()
  for (const [key, value] of pairs) options.set(normaliseKey(key), [...(options.get(normaliseKey(key)) ?? []), value])
  const intent = readListIntent(options)
  const found = intent.list === null ? undefined : findList(intent.list, lists)
  const joined = intent.campaignId === null ? undefined : findCampaign(intent.campaignId, [campaign])
  const codes = [
    ...intent.warnings,
    ...[found, joined].flatMap((one) => (one?._tag === "NotFound" ? [one.warning] : []))
  ].map(({ code, field }) => `${field}:${code}`)
  return [
    ...(found?._tag === "Found" ? [`${intent.action} ${found.value.number}`] : []),
    ...(joined?._tag === "Found" ? [`campaign ${joined.value.number}`] : []),
    ...codes
  ].join(", ")
}

describe("what a webhook's options ask for", () => {
  it.each([
    [
      "TV-6 a: list_id with attach adds",
      [
        ["list_id", "123"],
        ["list_action", "attach"]
      ],
      "add 123"
    ],
    [
      "TV-6 b: remove and detach are one",
      [
        ["list_id", "123"],
        ["list_action", "remove"]
      ],
      "remove 123"
    ],
    [
      "detach removes",
      [
        ["list_id", "123"],
        ["list_action", "Detach"]
      ],
      "remove 123"
    ],
    ["a list alone is an add", [["list_id", "123"]], "add 123"],
    [
      "TV-6 c: remove_from_list wins over list_action",
      [
        ["list_id", "123"],
        ["remove_from_list", "true"],
        ["list_action", "add"]
      ],
      "remove 123, list_action:contradicts-remove_from_list"
    ],
    [
      "remove_from_list=false asks for nothing",
      [
        ["list_id", "123"],
        ["remove_from_list", "false"]
      ],
      "add 123"
    ],
    ["TV-6 d: a name is trimmed and compared without case", [["list_name", " intake "]], "add 123"],
    ["a name that two lists have is no list", [["list_name", "TWIN"]], "list_name:list_ambiguous"],
    ["a list is never made from a name", [["list_name", "New one"]], "list_name:list_not_found"],
    ["TV-6 e: an unknown list is a warning", [["list_id", "999999"]], "list_id:list_not_found"],
    ["an archived list is as unknown as any", [["list_id", "9"]], "list_id:list_not_found"],
    ["a name never stands for a number", [["list_id", "Intake"]], "list_id:list_not_found"],
    ["TV-6 f: a campaign by its number", [["campaign_id", "42"]], "campaign 42"],
    ["an unknown campaign is a warning", [["campaign_id", "43"]], "campaign_id:campaign_not_found"],
    [
      "TV-6 g: list_id beats list_name",
      [
        ["list_id", "123"],
        ["list_name", "Other"]
      ],
      "add 123, list_name:list_id-used"
    ],
    [
      "an unknown action does nothing",
      [
        ["list_id", "123"],
        ["list_action", "explode"]
      ],
      "list_action:unknown"
    ],
    [
      "an unclear removal does nothing",
      [
        ["list_id", "123"],
        ["remove_from_list", "maybe"]
      ],
      "remove_from_list:unknown"
    ],
    [
      "two lists are none",
      [
        ["list_id", "123"],
        ["list_id", "124"]
      ],
      "list_id:repeated"
    ],
    [
      "two lists are none, also beside a name",
      [
        ["list_id", "123"],
        ["list_id", "124"],
        ["list_name", "Intake"]
      ],
      "list_id:repeated"
    ],
    [
      "the same list twice is one",
      [
        ["list_id", "123"],
        ["list_id", " 123 "]
      ],
      "add 123"
    ],
    ["an action without a list", [["list_action", "remove"]], "list_action:no-list-named"]
  ] as const)("%s", (_title, pairs, expected) => {
    assert.strictEqual(routed(...pairs), expected)
  })
})

const membership = (change: Partial<Membership> = {}): Membership => ({
  firmId,
  kind: "list",
  targetId: "list-123",
  caseId: CaseId.make("case-1"),
  isMember: false,
  heldOffBy: null,
  receiveNumber: 10,
  waiting: [],
  since: 0,
  cause: "",
  ...change
})
const member = membership({ isMember: true })
const waits = (receiveNumber: number, status: string | null) => ({
  receiptId: `r${receiveNumber}`,
  receiveNumber,
  status,
  field: "list_id"
})

describe("what a receipt does to a membership", () => {
  it.each([
    ["add", 1, "New", undefined, "New", "Apply", "a first add with the verified status"],
    ["add", 1, "New", undefined, undefined, "Wait", "an add before anything was read"],
    ["add", 1, "New", undefined, "Signed", "Wait", "an add with another status than the verified one"],
    ["add", 1, "new ", undefined, "New", "Apply", "spelling does not make another status"],
    ["add", 1, null, undefined, "Signed", "Apply", "an add without a status contradicts nothing"],
    ["add", 11, "New", member, "New", "Repeat", "an add of a member"],
    ["add", 11, "New", membership(), "New", "Apply", "a newer add after a removal by a webhook"],
    ["add", 10, "New", membership(), "New", "Older", "a copy of what stands before the removal"],
    ["add", 3, "New", membership(), "New", "Older", "an older add never undoes a removal"],
    ["add", 11, "New", membership({ heldOffBy: "person" }), "New", "HeldOff", "a person's removal beats any add"],
    ["add", 11, "New", membership({ heldOffBy: "webhook" }), "New", "Apply", "a webhook's removal does not"],
    ["add", 11, "New", membership({ waiting: [waits(11, "New")] }), undefined, "Repeat", "the same receipt once more"],
    ["remove", 1, "New", undefined, "Signed", "Apply", "a remove waits for no status"],
    ["remove", 11, "New", member, undefined, "Apply", "a remove of a member"],
    ["remove", 10, "New", member, "New", "Older", "an older remove never undoes an add"],
    ["remove", 11, "New", membership({ heldOffBy: "webhook" }), "New", "Repeat", "a remove of what is out"],
    ["remove", 9, "New", membership(), "New", "Repeat", "an older remove of what is out"],
    [
      "remove",
      12,
      "New",
      membership({ heldOffBy: "webhook", waiting: [waits(11, "New")] }),
      "New",
      "Apply",
      "a remove ends an add that waits"
    ],
    [
      "remove",
      11,
      "New",
      membership({ heldOffBy: "webhook", waiting: [waits(12, "New")] }),
      "New",
      "Repeat",
      "but not one that came later"
    ]
  ] as const)(
    "%s number %i with %s on %j, verified %s: %s (%s)",
    (action, order, status, present, verified, expected, _why) => {
      assert.strictEqual(decideReceipt({ action, order, status, present, verified })._tag, expected)
    }
  )

  it("grants the newest waiting add that named the verified status, and drops those that did not", () => {
    const all = [waits(1, "New"), waits(2, "Signed"), waits(3, null)] as const
    assert.deepStrictEqual(decideWaiting(all, "Signed"), { granted: all[2], dropped: [all[0]] })
    assert.deepStrictEqual(decideWaiting(all.slice(0, 2), "SIGNED"), { granted: all[1], dropped: [all[0]] })
    assert.deepStrictEqual(decideWaiting(all.slice(0, 1), "Signed"), { granted: undefined, dropped: [all[0]] })
  })

  it("keeps one waiting add a status, the newest", () => {
    assert.deepStrictEqual(
      withWaiting([waits(1, "New"), waits(2, "Signed")], waits(3, "new")).map(({ receiveNumber }) => receiveNumber),
      [2, 3]
    )
    assert.deepStrictEqual(withWaiting([waits(5, "New")], waits(3, "New")), [waits(5, "New")])
  })
})

describe("TV-23 auto-add", () => {
  const filters = {
    none: {},
    caseType: { caseTypes: [{ externalId: "7", name: "Injury" }] },
    status: { statuses: ["Signed"] },
    both: { caseTypes: [{ externalId: "7", name: "Injury" }], statuses: ["Signed"] }
  } as const
  const cases = {
    "Injury, Signed": { caseType: { externalId: "7", name: "Injury" }, status: "signed" },
    "Injury, New": { caseType: { externalId: "7", name: "Injury" }, status: "New" },
    "Other, Signed": { caseType: { externalId: "8", name: "Other" }, status: "Signed" }
  } as const
  const passes: Record<keyof typeof filters, ReadonlyArray<keyof typeof cases>> = {
    none: ["Injury, Signed", "Injury, New", "Other, Signed"],
    caseType: ["Injury, Signed", "Injury, New"],
    status: ["Injury, Signed", "Other, Signed"],
    both: ["Injury, Signed"]
  }
  for (const filter of ["none", "caseType", "status", "both"] as const)
    for (const isFirstSync of [true, false])
      for (const firstSyncOnly of [true, false])
        it(`filter ${filter}, ${isFirstSync ? "first" : "later"} sync, first-sync-only ${firstSyncOnly ? "on" : "off"}`, () => {
          const rule: AutoAdd = { ...noAutoAdd, on: true, firstSyncOnly, ...filters[filter] }
          for (const [name, facts] of Object.entries(cases)) {
            const verdict = decideAutoAdd(rule, { ...facts, connectionId: "c", isFirstSync }, undefined)
            const expected = (isFirstSync || !firstSyncOnly) && (passes[filter] as ReadonlyArray<string>).includes(name)
            assert.strictEqual(verdict._tag === "Add", expected, name)
          }
        })

  const rule: AutoAdd = { ...noAutoAdd, on: true }
  const facts = { caseType: { externalId: "7", name: "Injury" }, status: "New", connectionId: "c-1", isFirstSync: true }
  it.each([
    ["off", { ...rule, on: false }, undefined, "off"],
    ["any of several statuses", { ...rule, statuses: ["Signed", "NEW "] }, undefined, "Add"],
    ["any of several case types", { ...rule, caseTypes: [{ name: "Other" }, { name: "injury" }] }, undefined, "Add"],
    [
      "an equal name under another id",
      { ...rule, caseTypes: [{ externalId: "8", name: "Injury" }] },
      undefined,
      "case-type"
    ],
    ["another connection", { ...rule, connectionId: "c-2" }, undefined, "connection"],
    ["its own connection", { ...rule, connectionId: "c-1" }, undefined, "Add"],
    ["a member", rule, member, "member"],
    ["a case a person took out", rule, membership({ heldOffBy: "person" }), "removed-by-person"],
    ["a case a webhook took out", rule, membership({ heldOffBy: "webhook" }), "removed-by-webhook"],
    ["a case whose removal was lifted", rule, membership(), "Add"]
  ] as const)("%s", (_title, given, present, expected) => {
    const verdict = decideAutoAdd(given as AutoAdd, facts, present)
    assert.strictEqual(verdict._tag === "Add" ? "Add" : verdict.reason, expected)
  })
})

describe("what a person does", () => {
  it.each([
    ["add", undefined, { isMember: true, heldOffBy: null }],
    ["add", membership({ heldOffBy: "person" }), { isMember: true, heldOffBy: null }],
    ["add", member, "Already"],
    ["remove", member, { isMember: false, heldOffBy: "person" }],
    ["remove", undefined, { isMember: false, heldOffBy: "person" }],
    ["remove", membership({ heldOffBy: "webhook" }), { isMember: false, heldOffBy: "person" }],
    ["remove", membership({ heldOffBy: "person" }), "Already"],
    ["lift", membership({ heldOffBy: "person" }), { isMember: false, heldOffBy: null }],
    ["lift", membership({ heldOffBy: "webhook" }), { isMember: false, heldOffBy: null }],
    ["lift", member, "Already"],
    ["lift", undefined, "Already"]
  ] as const)("%s on %j", (action, present, expected) => {
    const verdict = decideByHand(action, present)
    assert.deepStrictEqual(verdict._tag === "Already" ? "Already" : verdict.next, expected)
  })
})

describe("the one case type of a list", () => {
  const links = [{ crmCaseType: { externalId: "7", name: "Injury" }, platformCaseType: "Personal injury" }]
  it.each([
    [null, { name: "Anything" }, true],
    ["Personal Injury", { externalId: "7", name: "Injury" }, true],
    ["Injury", { externalId: "7", name: "Injury" }, false],
    ["Mass tort", { name: "mass tort" }, true],
    ["Mass tort", { name: "Injury" }, false]
  ] as const)("a list for %s and a case of %j: %s", (caseType, of, expected) => {
    assert.strictEqual(hasCaseType({ caseType }, links, { caseType: of }), expected)
  })
})
