/**
 * A person who imports the firm's past: counts it, starts it, pauses and goes on, and looks at the end whether each
 * record in scope was taken in once. The CRM is asked by a scope of its own, page by page.
 */
import { type HistoryScope, HistoryImport } from "@casewire/core/HistoryImport"
import { ImportRuns } from "@casewire/core/ImportRuns"
import type { RunVerb } from "@casewire/core/domain/ImportRun"
import type { Run, RunId } from "@casewire/core/domain/Run"
import { Effect } from "effect"
import type { CrmMachine } from "./CrmMachine.ts"
import type { Dice } from "./Dice.ts"
import type { Host } from "./Host.ts"
import type { Kernel } from "./Kernel.ts"
import { connectionId, firmId, type Office } from "./Office.ts"

export class Importer {
  readonly #kernel: Kernel
  readonly #dice: Dice
  readonly #host: Host
  readonly #crm: CrmMachine
  readonly #office: Office
  /** What was asked for, and the leads that were in scope then. */
  #scope: HistoryScope | undefined
  #due: ReadonlyArray<string> = []
  #id: RunId | undefined

  constructor(options: {
    readonly kernel: Kernel
    readonly dice: Dice
    readonly host: Host
    readonly crm: CrmMachine
    readonly office: Office
  }) {
    this.#kernel = options.kernel
    this.#dice = options.dice
    this.#host = options.host
    this.#crm = options.crm
    this.#office = options.office
  }

  /** Counts what changed in the CRM up to now, perhaps from some moment on, and starts. */
  begin(): void {
    const now = this.#kernel.now
    const from = this.#dice.chance(0.3) ? now - this.#dice.between(1000, 600_000) : null
    const notes = this.#dice.chance(0.3)
    const scope = { from, to: now, caseTypes: [], maximum: null, notes, documents: false }
    const first = this.#dice.chance(0.3) ? 1 : undefined
    this.#office.insist(
      "counts the past",
      Effect.gen(function* () {
        const imports = yield* HistoryImport
        return yield* imports.plan(firmId, connectionId, scope, "a person")
      }).pipe(
        // While nothing may be received the count is refused, and the person lets it be.
        Effect.catchTag("CrmError", (error) =>
          error.reason._tag === "CrmRefused" ? Effect.succeed(undefined) : Effect.fail(error)
        )
      ),
      (run) => {
        if (run === undefined) return
        this.#scope = scope
        this.#due = this.#inScope()
        this.#id = run.id
        this.#ask("start", first)
      }
    )
  }

  pause(): void {
    if (this.#run?.state === "running") this.#ask("pause")
  }
  goOn(): void {
    if (this.#run?.state === "paused") this.#ask("resume")
  }

  get #run(): Run | undefined {
    return this.#host.database.runs.get(this.#id ?? "")
  }
  /** Whether a person has to do something before the import can end. */
  get isPaused(): boolean {
    return this.#run?.state === "paused"
  }

  #ask(verb: RunVerb, first?: number): void {
    const id = this.#id!
    this.#office.insist(
      `asks the import to ${verb}`,
      // An answer that got lost may have been a yes: then it is in that state already.
      Effect.flatMap(ImportRuns, (runs) => runs.ask(firmId, id, verb, first)).pipe(
        Effect.catchTag("RunRefused", () => Effect.void)
      )
    )
  }

  #inScope(): ReadonlyArray<string> {
    const { from, to } = this.#scope!
    return [...this.#crm.leads.values()].flatMap(({ gone, id, updatedAt }) =>
      !gone && updatedAt >= (from ?? 0) && updatedAt <= (to ?? Infinity) ? [id] : []
    )
  }

  /** Everything is at rest: the import is over, each record has one row, and what was in scope all the time has one. */
  check(broken: (invariant: string, text: string) => void): void {
    const run = this.#run
    if (run === undefined) return
    if (run.state !== "done") return broken("I-9", `the import is ${run.state} (${run.reason})`)
    const rows = this.#host.database.runRows.values().flatMap(({ row, runId }) => (runId === run.id ? [row] : []))
    const keys = rows.map(({ key }) => key)
    if (new Set(keys).size !== keys.length) broken("I-8", "a record has two rows in the import")
    const counted = run.done + run.failed + run.skipped
    if (counted !== keys.length) broken("I-8", `the import counts ${counted} records and has ${keys.length} rows`)
    const still = new Set(this.#inScope())
    for (const lead of this.#due)
      if (still.has(lead) && !keys.includes(lead)) broken("I-3", `lead ${lead} was in scope and was not imported`)
    // A record that was left to a read may have vanished from the CRM before a person set that read going again.
    const vanished = (lead: string) => this.#crm.leads.get(lead)?.gone === true
    for (const { key: lead, verdict } of rows)
      if (
        !(verdict === "read-again" && vanished(lead)) &&
        !this.#host.database.cases.values().some(({ externalId }) => externalId === lead)
      )
        broken("I-3", `lead ${lead} was imported and has no case`)
  }
}
