/** How an older contract is raised to a newer one, step by step. */
import { assert, describe, it } from "@effect/vitest"
import { Crm } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import {
  type ContractStep,
  contractSteps,
  inOperation,
  lowerDoor,
  raiseManifest,
  raiseOperations,
  renamed,
  unknownOperation
} from "@casewire/plugin-host/ContractSteps"
import { hostContracts } from "@casewire/core/PluginContract"
import { Context, Effect, Layer } from "effect"

/** Contract 2 renames a note's text, contract 3 what the CRM answers and what a request's origin is called. */
const steps: ReadonlyArray<ContractStep> = [
  {
    from: 1,
    manifest: renamed("name", "title"),
    crm: inOperation("addNote", { payload: renamed("words", "text") })
  },
  {
    from: 2,
    manifest: renamed("title", "label"),
    crm: (older) =>
      unknownOperation(
        "closeCase",
        "closing"
      )(inOperation("addNote", { payload: renamed("body", "words"), success: renamed("externalId", "noteId") })(older)),
    request: renamed("origin", "place"),
    response: renamed("code", "status")
  }
]

const asked: Array<unknown> = []
const older = { addNote: (given: unknown) => Effect.sync(() => (asked.push(given), { externalId: "n" })) }
const documents = Effect.runSync(
  Effect.map(Layer.build(CrmDocuments.layerUnsupported("no")), (built) => Context.get(built, CrmDocuments)).pipe(
    Effect.scoped
  )
)
const raised = (contract: number) =>
  raiseOperations({ crm: older as unknown as Crm["Service"], documents }, contract, steps).crm as unknown as Record<
    string,
    (given: object) => Effect.Effect<unknown, { readonly reason: object }>
  >

describe("a plugin of an older contract", () => {
  it.effect("is asked in its own words and answers in the host's, over all steps between them", () =>
    Effect.gen(function* () {
      for (const [contract, given, expected] of [
        [1, { id: "7", body: "x" }, { id: "7", text: "x" }],
        [2, { id: "7", body: "x" }, { id: "7", words: "x" }],
        [3, { id: "7", body: "x" }, { id: "7", body: "x" }]
      ] as const) {
        const answer = yield* raised(contract)["addNote"]!(given)
        assert.deepStrictEqual(asked.pop(), expected)
        assert.deepStrictEqual(answer, contract === 3 ? { externalId: "n" } : { noteId: "n" })
      }
    })
  )

  it.effect("refuses an operation that its contract has not, as what it cannot do", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(raised(1)["closeCase"]!({ id: "7" }))
      assert.deepInclude(refused.reason, { _tag: "CrmUnsupported", capability: "closing" })
      assert.isUndefined(raised(3)["closeCase"])
    })
  )

  it.effect("asks the host's door in its own words", () =>
    Effect.gen(function* () {
      const sent: Array<unknown> = []
      const door = {
        send: (request: unknown) => Effect.sync(() => (sent.push(request), { code: 200 }))
      } as unknown as CrmHttp["Service"]
      const request = { origin: "api", path: "x" } as unknown as Parameters<typeof door.send>[0]
      const answer: unknown = yield* lowerDoor(door, 1, steps).send(request)
      assert.deepStrictEqual(answer, { status: 200 })
      assert.deepStrictEqual(sent, [{ place: "api", path: "x" }])
    })
  )

  it("has its manifest raised over all steps, and what is none left for the judge", () => {
    assert.deepStrictEqual(raiseManifest({ id: "a", name: "A" }, 1, steps), { id: "a", label: "A" })
    assert.deepStrictEqual(raiseManifest({ id: "a", title: "A" }, 2, steps), { id: "a", label: "A" })
    for (const none of [null, "x", 1, ["x"], undefined]) assert.strictEqual(raiseManifest(none, 1, steps), none)
  })
})

describe("this host", () => {
  it("has a step from every contract it speaks to the next", () => {
    const { maximum, minimum } = hostContracts
    assert.deepStrictEqual(
      contractSteps.map(({ from }) => from),
      Array.from({ length: maximum - minimum }, (_, at) => minimum + at)
    )
  })
})
