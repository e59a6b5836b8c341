/** The laws against plugins as authors write them: sound, broken in small ways, and broken beyond answering. */
import { crmLaws } from "@casewire/contract-kit/CrmLaws"
import { Effect, Exit } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { asJson, asText, isSound, linkOf } from "../src/Report.ts"
import { runInProcess, type SuiteProcessOptions, type SuiteReport } from "../src/SuiteProcess.ts"
import { type Edit, inWritten } from "./Written.ts"

const run = (options: SuiteProcessOptions) => Effect.runPromise(runInProcess(options))

const reportOf = async (edits: ReadonlyArray<Edit>, options: Partial<SuiteProcessOptions> = {}) => {
  let report: SuiteReport | undefined
  await inWritten(edits, async (folder) => void (report = await run({ ...options, folder })))
  if (report === undefined) throw new Error("there is no report")
  return report
}

const refusalOf = async (edits: ReadonlyArray<Edit>) => {
  let message = ""
  await inWritten(edits, async (folder) => {
    const exit = await Effect.runPromiseExit(runInProcess({ folder }))
    if (Exit.isFailure(exit))
      message = exit.cause.reasons.map((one) => (one._tag === "Fail" ? one.error.message : one._tag)).join("\n")
  })
  return message
}

const bodyOfRead = `Effect.fn("acme-crm.read")(({ ids }) => readCases(api, ids))`
const read = (instead: string): Edit => ["src/index.ts", bodyOfRead, instead]

describe("a plugin as it was written", { concurrent: false }, () => {
  it("keeps every law that is asked of it, at least forty", { timeout: 60_000 }, async () => {
    const report = await reportOf([])
    expect(asText(report)).toMatch(/^\d+ of \d+ laws hold/m)
    expect(report.verdicts.filter(({ status }) => status !== "held")).toEqual([])
    expect(isSound(report)).toBe(true)
    expect(report.verdicts.length).toBeGreaterThanOrEqual(40)
    expect(report.missing.map(({ capability }) => capability)).toEqual(["changes", "fields", "statuses", "documents"])
  })
})

describe("a failure", () => {
  it("shows the smallest input, what happened, and where the law is explained", async () => {
    const forgets: Edit = ["src/Webhook.ts", "const found = findFields(table, entries)", forgetful]
    const report = await reportOf([forgets], { matching: "any record at all" })
    const [verdict] = report.verdicts
    expect(verdict).toMatchObject({ status: "broken", input: expect.stringMatching(smallest) })
    const text = asText(report)
    expect(text).toContain(`smallest input: ${verdict?.input}`)
    expect(text).toContain("what happened:")
    expect(text).toMatch(/LAWS\.md#any-record-at-all-gets-an-answer/)
    expect(JSON.parse(asJson(report))).toMatchObject({ ok: false, data: { verdicts: [{ status: "broken" }] } })
  })

  it("over the network is made smaller, too", async () => {
    const ascii: Edit = ["src/Notes.ts", "plainText(text)", 'plainText(text).replace(/[^\\n -~]/gu, "?")']
    const report = await reportOf([ascii], { matching: "any text is kept" })
    const [verdict] = report.verdicts
    expect(verdict?.status).toBe("broken")
    expect(verdict?.input).toMatch(/^"[ -~]{1,24}"$/)
  })

  it("without generated input shows what the plugin was given last", async () => {
    const report = await reportOf([["src/Notes.ts", '.replaceAll("<", "‹")', ""]], { matching: "no markup" })
    expect(report.verdicts[0]?.input).toMatch(/^addNote \{"id":"1001","text":"Hi <b>/)
  })

  it("of every law leads to a heading of the page", () => {
    const page = readFileSync(new URL("../../contract-kit/LAWS.md", import.meta.url), "utf8")
    const anchors = [...page.matchAll(/^### (.+)$/gm)].map(([, title = ""]) => linkOf(title))
    for (const { title } of crmLaws) expect(anchors).toContain(linkOf(title))
  })
})

/** Three entries it can bear. */
const forgetful = `if (entries.length > 3) throw new Error("too much")
  const found = findFields(table, entries)`
const smallest = /^\[\[(?:\["[^"]*",""\],?){4}\]\]$/

describe("a plugin that", () => {
  it("answers nonsense breaks laws, and the command goes on", async () => {
    const nonsense = read(`(() => Effect.succeed([{ externalId: 7, client: "none" }] as never))`)
    const report = await reportOf([nonsense], { matching: "reads many cases" })
    expect(report.verdicts.map(({ status }) => status)).toEqual(["broken", "broken"])
    expect(report.stopped).toBeNull()
  })

  it("throws in an operation breaks laws", async () => {
    const report = await reportOf([read(`(() => { throw new Error("oh no") })`)], { matching: "what staff changes" })
    expect(report.verdicts[0]).toMatchObject({ status: "broken", message: "oh no" })
  })

  it("never answers is cut off", async () => {
    const report = await reportOf([read("(() => Effect.uninterruptible(Effect.never))")], {
      matching: "what staff changes",
      lawMs: 1000
    })
    expect(report.verdicts[0]).toMatchObject({ status: "hung", message: expect.stringMatching(/did not end/) })
    expect(isSound(report)).toBe(false)
  })

  it("loops is ended with its process, and what was not tried is said", async () => {
    const report = await reportOf([read("(() => { for (;;) {} })")], { matching: "read", silenceMs: 3000 })
    expect(report.stopped).toMatch(/blocked its process/)
    expect(report.verdicts.some(({ status }) => status === "hung")).toBe(true)
    expect(asText(report)).toMatch(/The run ended early/)
    expect(isSound(report)).toBe(false)
  })

  it("ends the process is said to have done so", async () => {
    const report = await reportOf([read("(() => process.exit(0))")], { matching: "what staff changes" })
    expect(report.stopped).toMatch(/ended the process \(exit code 0\)/)
    expect(isSound(report)).toBe(false)
  })

  it("leaves a promise unhandled is said to have ended the process", async () => {
    const later = `(() => { void Promise.reject(new Error("later")); return Effect.never })`
    const report = await reportOf([read(later)], { matching: "what staff changes" })
    expect(report.stopped).toMatch(/ended the process/)
  })

  it.each([
    [
      "throws when it is loaded",
      "export default definePlugin(",
      `throw new Error("no")\nexport default definePlugin(`,
      /cannot be loaded: no/
    ],
    ["loads something that is not there", `from "./Api.ts"`, `from "./Nowhere.ts"`, /cannot be loaded: .*Nowhere/],
    ["has a manifest that does not fit", `id: "acme-crm",`, `id: "Acme!",`, /cannot be loaded/],
    ["is of another contract", "contract: contractVersion", "contract: 99", /99/],
    [
      "exports something else",
      "export default definePlugin({",
      "export default ({ ok: true })\nexport const other = ({",
      /no plugin as its default export/
    ],
    [
      "ends the process when it is loaded",
      "export default definePlugin(",
      "process.exit(3)\nexport default definePlugin(",
      /ended the process while it was loaded \(3\)/
    ]
  ])("%s is refused in one sentence", async (_, from, to, message) => {
    const refusal = await refusalOf([["src/index.ts", from, to]])
    expect(refusal).toMatch(message)
    expect(refusal.split("\n")).toHaveLength(1)
  })
})

describe("skipping a law", () => {
  const skipping = (skip: ReadonlyArray<unknown>): Edit => [
    "package.json",
    `"skip": []`,
    `"skip": ${JSON.stringify(skip)}`
  ]
  const law = "a login that ended heals itself"

  it("is printed with its reason, and the law is not tried", async () => {
    const report = await reportOf([skipping([{ law, reason: "Acme has no logins" }])], { matching: "login that ended" })
    expect(report.verdicts).toEqual([])
    expect(asText(report)).toContain(`skipped  ${law}\n         because: Acme has no logins`)
  })

  it.each([
    ["without a reason", [{ law, reason: "  " }], /without a reason/],
    ["that does not exist", [{ law: "nothing", reason: "Acme has no logins" }], /is no law/],
    ["in a shape of its own", [law], /no usable "casewire" section/]
  ])("%s is refused", async (_, skip, message) => expect(await refusalOf([skipping(skip)])).toMatch(message))

  it("a package that leads out of itself, or to nothing, is refused", async () => {
    const names = (entry: string): Edit => ["package.json", `"plugin": "src/index.ts"`, `"plugin": "${entry}"`]
    expect(await refusalOf([names("../other/index.ts")])).toMatch(/leads out of the package/)
    expect(await refusalOf([names("src/nowhere.ts")])).toMatch(/which is not there/)
    await inWritten([], async (folder) => {
      writeFileSync(join(folder, "package.json"), "{")
      expect(Exit.isFailure(await Effect.runPromiseExit(runInProcess({ folder })))).toBe(true)
    })
  })
})
