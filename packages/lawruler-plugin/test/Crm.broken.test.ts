import { crmContract } from "@casewire/contract-kit/Crm"
import { type CrmConnected, crmLaws, runCrmLaw } from "@casewire/contract-kit/CrmLaws"
import { Crm } from "@casewire/core/ports/Crm"
import { assert, describe, it } from "@effect/vitest"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { Context, Effect, Exit, Layer } from "effect"
import plugin from "../src/index.ts"
import type { BrokenPlugin } from "./BrokenPlugin.ts"
import { brokenPlugins } from "./BrokenPlugins.ts"
import { harbor } from "./Harbor.ts"

const brokenHarbor = (broken: BrokenPlugin) =>
  Effect.map(harbor, ({ crm, sandbox, store }): CrmConnected => ({
    store,
    crm: (replaced) =>
      Layer.effectContext(
        Effect.gen(function* () {
          const good = yield* Crm
          const documents = yield* CrmDocuments
          return Context.make(Crm, { ...good, ...broken.crm(good, sandbox) }).pipe(
            Context.add(CrmDocuments, { ...documents, ...broken.documents?.(documents, { good, sandbox, store }) })
          )
        })
      ).pipe(Layer.provide(crm(replaced))),
    sandbox: { ...sandbox, ...broken.sandbox?.(sandbox) }
  }))

describe("the contract of a CRM catches a plugin that", () => {
  for (const broken of brokenPlugins) {
    for (const title of broken.laws) {
      it.live(`${broken.name}: ${title}`, () =>
        Effect.gen(function* () {
          const law = crmLaws.find((one) => one.title === title)
          if (law === undefined) return assert.fail("there is no such law")
          const exit = yield* Effect.exit(runCrmLaw(law, plugin, brokenHarbor(broken)))
          assert.isTrue(Exit.isFailure(exit), "the law holds for a broken plugin")
        })
      )
    }
  }

  it.live("is broken in nothing: not at all", () => {
    const sound: BrokenPlugin = { name: "sound", crm: () => ({}), laws: [] }
    const quick = crmLaws.filter(({ title }) => !/late|in time/.test(title))
    return Effect.forEach(quick, (law) => runCrmLaw(law, plugin, brokenHarbor(sound)), { concurrency: 8 })
  })

  it("violates any law: each has been seen red", () => {
    const seen = new Set(brokenPlugins.flatMap(({ laws }) => laws))
    assert.deepStrictEqual(
      crmLaws.map(({ title }) => title).filter((title) => !seen.has(title)),
      []
    )
  })
})

describe("skipping a capability", () => {
  const contract = { name: "Law Ruler", plugin, connect: harbor }

  it("needs a written reason", () => {
    assert.throws(
      () => crmContract({ ...contract, skip: [{ capability: "documents", reason: " " }] }),
      /needs a reason/
    )
  })

  it("is refused where the manifest says that the plugin can", () => {
    assert.throws(() => crmContract({ ...contract, skip: [{ capability: "notes", reason: "later" }] }), /can do it/)
  })
})
