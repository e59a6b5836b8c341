/**
 * A law over generated input: it must hold for every value, and where it does not, the smallest value found is what the
 * failure shows. The seed is fixed, so a run repeats.
 */
import type { CrmError } from "@casewire/core/ports/Crm"
import { Cause, Effect, Exit, type Scope } from "effect"
import fc from "fast-check"

/** Carries the smallest input that breaks a law. */
export class LawBroken extends Error {
  override readonly name = "LawBroken"
  readonly input: unknown
  constructor(input: unknown, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.input = input
  }
}

/** Any text there is, plain letters and control characters often enough. (The library's own takes a second to prepare.) */
export const anyText = (lengths: { readonly minLength?: number; readonly maxLength: number }): fc.Arbitrary<string> => {
  const code = fc.oneof(fc.integer({ min: 0, max: 127 }), fc.integer({ min: 128, max: 0x10ffff }))
  return fc
    .array(
      code.map((each) => String.fromCodePoint(each).toWellFormed()),
      lengths
    )
    .map((all) => all.join(""))
}

const seed = 20261125
const numRuns = 40

export const forEvery = <A>(
  values: fc.Arbitrary<A>,
  holds: (value: A) => Effect.Effect<unknown, CrmError, Scope.Scope>
): Effect.Effect<void, CrmError, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<Scope.Scope>()
    const property = fc.asyncProperty(values, async (value) => {
      // A law that asks for nothing would hold up the calls of those that run beside it.
      await new Promise((resume) => setImmediate(resume))
      const exit = await Effect.runPromiseExit(Effect.provide(holds(value), context))
      if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    })
    const { counterexample } = yield* Effect.promise(() => fc.check(property, { seed, numRuns }))
    if (counterexample === null) return
    // Once more, so that what is reported happened with the smallest input and not with the last one tried.
    const [input] = counterexample
    yield* holds(input).pipe(
      Effect.catchCause((cause) => Effect.die(new LawBroken(input, Cause.squash(cause)))),
      Effect.andThen(Effect.die(new LawBroken(input, "it failed, but not when it was tried again")))
    )
  })
