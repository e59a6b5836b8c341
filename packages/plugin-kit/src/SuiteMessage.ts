/** What the process that runs the laws tells the one that started it. */
import { Schema } from "effect"
import { Verdict } from "./Suite.ts"

export const Planned = Schema.Struct({
  plugin: Schema.Struct({ id: Schema.String, name: Schema.String, version: Schema.String }),
  laws: Schema.Array(Schema.String),
  skipped: Schema.Array(Schema.Struct({ law: Schema.String, reason: Schema.String })),
  missing: Schema.Array(Schema.Struct({ capability: Schema.String, reason: Schema.String, laws: Schema.Int }))
})
export interface Planned extends Schema.Schema.Type<typeof Planned> {}

export const SuiteMessage = Schema.TaggedUnion({
  Planned: { plan: Planned },
  Began: { law: Schema.String },
  Ended: { verdict: Verdict },
  /** Still able to speak: a process that loops is not. */
  Beat: {},
  Refused: { message: Schema.String },
  Done: {}
})
export type SuiteMessage = typeof SuiteMessage.Type
