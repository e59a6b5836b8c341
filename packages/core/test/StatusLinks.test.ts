import { ConnectionId } from "@casewire/core/domain/Connection"
import { FirmId } from "@casewire/core/domain/Ids"
import {
  checkStatusTable,
  isTerminalStatus,
  type StatusTable,
  statusToCrm,
  statusToPlatform,
  withInboundStatus
} from "@casewire/core/domain/StatusLinks"
import { assert, describe, it } from "@effect/vitest"

const table: StatusTable = {
  firmId: FirmId.make("f"),
  connectionId: ConnectionId.make("c"),
  caseType: "7",
  statuses: [
    { name: "Retained", origin: "person", addedAt: 1 },
    { name: "New lead", origin: "crm", addedAt: 1 }
  ],
  links: [
    { platform: "Retained", crm: "Signed e-Sign", direction: "both" },
    { platform: "Retained", crm: "Signed by hand", direction: "from-crm" },
    { platform: "Closed", crm: "Not Retained", direction: "to-crm" }
  ],
  terminal: ["Retained"],
  updatedAt: 1,
  updatedBy: "Ana"
}

describe("status links", () => {
  it.each([
    ["Signed e-Sign", "Retained"],
    ["  signed  E-SIGN ", "Retained"],
    ["Signed by hand", "Retained"],
    ["Not Retained", "Not Retained"],
    ["NEW  LEAD", "New lead"],
    ["Referred", "Referred"]
  ])("show the CRM's %j as %j", (crm, platform) => {
    assert.strictEqual(statusToPlatform(table, crm), platform)
  })

  it.each([
    ["Retained", "Signed e-Sign"],
    ["retained ", "Signed e-Sign"],
    ["Closed", "Not Retained"],
    ["Referred", "Referred"]
  ])("write the platform's %j as %j", (platform, crm) => {
    assert.strictEqual(statusToCrm(table, platform), crm)
  })

  it("are names that stand for themselves where there is no table", () => {
    assert.strictEqual(statusToPlatform(undefined, "Signed"), "Signed")
    assert.strictEqual(statusToCrm(undefined, "Signed"), "Signed")
    assert.isFalse(isTerminalStatus(undefined, "Signed"))
  })
})

describe("statuses of a case type", () => {
  it("are added when the CRM brings one nobody knew, once, and linked ones are known", () => {
    const grown = withInboundStatus(table, "Referred", 9)
    assert.deepStrictEqual(grown.statuses.at(-1), { name: "Referred", origin: "crm", addedAt: 9 })
    assert.strictEqual(withInboundStatus(grown, "referred", 10), grown)
    assert.strictEqual(withInboundStatus(table, "Signed by hand", 10), table)
  })
  it("are terminal by the firm's mark, in any spelling", () => {
    assert.isTrue(isTerminalStatus(table, " RETAINED"))
    assert.isFalse(isTerminalStatus(table, "New lead"))
  })
})

describe("a status table is refused", () => {
  const link = (crm: string, platform: string, direction: "both" | "from-crm" | "to-crm" = "both") => ({
    crm,
    platform,
    direction
  })
  it.each([
    ["a blank on either side", [link("", "A"), link("B", " ")], ["links[0].crm empty", "links[1].platform empty"]],
    ["one status of the CRM shown as two", [link("S", "A"), link("s ", "B")], ["links[1].crm repeated"]],
    ["one status of the platform written as two", [link("S", "A"), link("T", "a")], ["links[1].platform repeated"]],
    ["nothing where the second only comes in", [link("S", "A"), link("T", "A", "from-crm")], []],
    ["nothing where each direction has its own", [link("S", "A", "from-crm"), link("S", "B", "to-crm")], []]
  ] as const)("for %s", (_, links, problems) => {
    assert.deepStrictEqual(
      checkStatusTable(links, []).map(({ code, field }) => `${field} ${code}`),
      [...problems]
    )
  })
  it("for a terminal mark without a name", () => {
    assert.deepStrictEqual(checkStatusTable([], ["A", ""]), [{ field: "terminal[1]", code: "empty" }])
  })
})
