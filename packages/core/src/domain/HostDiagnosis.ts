/**
 * What is wrong with the host itself, told from facts: its store, its Node, its clock, its disk, and work that is late.
 */
import { counted, type Finding, finding, timeOf } from "./Diagnosis.ts"
import type { Instant } from "./Ids.ts"

export interface MachineFacts {
  readonly nodeVersion: string
  /** Whether this Node and its permission model keep plugins from opening connections of their own. */
  readonly deniesPluginSockets: boolean
  /** Settings of the store that a durable answer depends on. */
  readonly store: ReadonlyArray<{
    readonly setting: string
    readonly expected: string
    readonly found: string
    readonly ok: boolean
  }>
  /** How far the clock has been moved since the start, in milliseconds. */
  readonly clockStepMs: number
  /** Of the disk that holds the store; null where it cannot be asked. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null
}

export interface HostFacts {
  readonly now: Instant
  readonly isWritable: boolean
  readonly machine: MachineFacts
  readonly waiting: number
  /** When the oldest job that is due began to wait. */
  readonly oldestDue: Instant | null
}

const queueLateMs = 15 * 60_000
const clockStepMs = 60_000

export const diagnoseHost = ({ isWritable, machine, now, oldestDue, waiting }: HostFacts): ReadonlyArray<Finding> => {
  const { clockStepMs: step, deniesPluginSockets, disk, nodeVersion, store } = machine
  const free = disk === null || disk.totalBytes === 0 ? 1 : disk.freeBytes / disk.totalBytes
  return [
    ...(isWritable
      ? []
      : [
          finding(
            "storage-not-writable",
            "The store cannot be written, so webhooks are not acknowledged.",
            "Make room on the disk and check the rights of the data folder."
          )
        ]),
    ...store.flatMap(({ expected, found, ok, setting }) =>
      ok
        ? []
        : [
            finding(
              "storage-setting",
              `The store's setting ${setting} is ${found} and should be ${expected}, so an acknowledged webhook could be lost.`,
              "Restart the host; it sets this itself or says why it cannot."
            )
          ]
    ),
    ...(isSupported(nodeVersion)
      ? []
      : [finding("node-version", `Node ${nodeVersion} is not supported.`, "Run Node 24 from 24.18.1, or 26.")]),
    ...(deniesPluginSockets
      ? []
      : [
          finding(
            "plugin-network",
            `On Node ${nodeVersion} a plugin is discouraged and not kept from opening connections of its own.`,
            "Run Node 26 and load only plugins that you trust."
          )
        ]),
    ...(Math.abs(step) > clockStepMs
      ? [
          finding(
            "clock-step",
            `The clock was moved by ${Math.round(step / 1000)} seconds since the host started.`,
            "Check the time service of this machine."
          )
        ]
      : []),
    ...(free < 0.1
      ? [
          finding(
            "disk-low",
            `Only ${Math.floor(free * 100)} % of the store's disk is free.`,
            "Make room, or move the data folder to a larger disk."
          )
        ]
      : []),
    ...(oldestDue !== null && now - oldestDue > queueLateMs
      ? [
          finding(
            "queue-late",
            `${counted(waiting, "job waits", "jobs wait")}, the oldest since ${timeOf(oldestDue)}.`,
            "Look at the jobs that are due: a CRM that does not answer or a used-up call budget shows there."
          )
        ]
      : [])
  ]
}

/** 24 from 24.18.1, or 26 and later. */
export const isSupported = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.replace(/^v/, "").split(".").map(Number)
  return major >= 26 || (major === 24 && (minor > 18 || (minor === 18 && patch >= 1)))
}
