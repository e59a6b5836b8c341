/**
 * How a plugin that was made for an older contract keeps working: one step from each contract to the next. A manifest
 * and the plugin's operations are raised step by step to the host's contract, what the plugin asks of the host is raised
 * the same way, and the host's answers are lowered. So a plugin never learns that there is a newer contract.
 *
 * A new contract is: the change in core, its number there, and one step here. Contract 1 is the first, so there is none.
 */
import { Crm, CrmError, CrmUnsupported } from "@casewire/core/ports/Crm"
import { CrmDocuments } from "@casewire/core/ports/CrmDocuments"
import { CrmHttp } from "@casewire/core/ports/CrmHttp"
import { Effect } from "effect"

/** A value of some contract: its fields by whatever names they have there. */
export type Fields = Readonly<Record<string, unknown>>

type Change = (fields: Fields) => Fields

/** From one contract to the next; what is left out is the same in both. */
export interface ContractStep {
  /** The older of the two. */
  readonly from: number
  readonly manifest?: Change
  readonly crm?: Change
  readonly documents?: Change
  /** What the plugin asks of the host's door, as the newer contract says it. */
  readonly request?: Change
  /** What the door answered, as the older contract says it. */
  readonly response?: Change
}

/** In order, from the oldest contract that this host speaks. */
export const contractSteps: ReadonlyArray<ContractStep> = []

const since = (contract: number, steps: ReadonlyArray<ContractStep>) => steps.filter(({ from }) => from >= contract)

const raised = (
  fields: Fields,
  part: "manifest" | "crm" | "documents" | "request",
  steps: ReadonlyArray<ContractStep>
) => steps.reduce((value, step) => step[part]?.(value) ?? value, fields)

/** A manifest as it was written, in the host's own shape. What is no object is left for whoever judges it. */
export const raiseManifest = (manifest: unknown, contract: number, steps = contractSteps): unknown =>
  typeof manifest === "object" && manifest !== null && !Array.isArray(manifest)
    ? raised({ ...manifest }, "manifest", since(contract, steps))
    : manifest

interface Served {
  readonly crm: Crm["Service"]
  readonly documents: CrmDocuments["Service"]
}

/** What a plugin of this contract made for a connection, as the host's own contract names it. */
export const raiseOperations = ({ crm, documents }: Served, contract: number, steps = contractSteps): Served => {
  const path = since(contract, steps)
  return {
    // The steps are what makes this true; the compiler only knows the present contract.
    crm: raised({ ...crm }, "crm", path) as unknown as Crm["Service"],
    documents: raised({ ...documents }, "documents", path) as unknown as CrmDocuments["Service"]
  }
}

/** The host's door as a plugin of this contract knows it. */
export const lowerDoor = (door: CrmHttp["Service"], contract: number, steps = contractSteps): CrmHttp["Service"] => {
  const path = since(contract, steps)
  return path.length === 0
    ? door
    : CrmHttp.of({
        send: (request) =>
          door.send(raised({ ...request }, "request", path) as unknown as typeof request).pipe(
            Effect.map(
              (response) =>
                path.reduceRight<Fields>((value, step) => step.response?.(value) ?? value, {
                  ...response
                }) as unknown as typeof response
            )
          )
      })
}

/** A field that has another name in the newer contract. */
export const renamed =
  (older: string, newer: string): Change =>
  ({ [older]: value, ...others }) =>
    value === undefined ? others : { ...others, [newer]: value }

/** Changes what one operation is given or answers; `payload` goes from the newer contract to the older. */
export const inOperation =
  (name: string, { payload, success }: { readonly payload?: Change; readonly success?: Change }): Change =>
  (operations) => {
    const older = operations[name]
    if (typeof older !== "function") return operations
    return {
      ...operations,
      [name]: (given: Fields): Effect.Effect<unknown, CrmError> =>
        Effect.map(older(payload?.(given) ?? given) as Effect.Effect<unknown, CrmError>, (answer) =>
          success !== undefined && typeof answer === "object" && answer !== null ? success({ ...answer }) : answer
        )
    }
  }

/** An operation that the older contract has not: it fails as everything does that a CRM's plugin cannot do. */
export const unknownOperation =
  (name: string, capability: string): Change =>
  (operations) => ({
    ...operations,
    [name]: () =>
      Effect.fail(
        new CrmError({
          reason: new CrmUnsupported({ capability, message: `the plugin was made before there was "${name}"` })
        })
      )
  })
