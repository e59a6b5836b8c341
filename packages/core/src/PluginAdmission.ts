/**
 * Whether a kept version may take the place of the one that serves, and what a person must have read before it does.
 * Going back by hand is a decision of its own and needs no confirmation of an older version; what the older version may
 * do beyond the present one is confirmed all the same.
 */
import { Result } from "effect"
import type { DiffLine } from "./domain/DiffLine.ts"
import { type PluginRejected, rejected } from "./domain/PluginRefusal.ts"
import type { KeptVersion } from "./domain/PluginSwap.ts"
import { pluginDiff } from "./PluginDiff.ts"

export interface Admission {
  /** What serves now; `null` where the plugin is new. */
  readonly serving: KeptVersion | null
  readonly offered: KeptVersion
  /** The keys of the lines that were read. */
  readonly confirmed: ReadonlyArray<string>
  readonly isRollback: boolean
}

/** What changes, or why it may not. */
export const admit = ({
  confirmed,
  isRollback,
  offered,
  serving
}: Admission): Result.Result<ReadonlyArray<DiffLine>, PluginRejected> => {
  if (serving !== null && serving.pluginId !== offered.pluginId)
    return Result.fail(
      rejected("other-plugin", `"${offered.pluginId}" cannot take the place of "${serving.pluginId}".`)
    )
  // What is developed in a folder, or comes with the host, changes under its number; what was handed on under a number is that, and nothing else.
  if (
    serving !== null &&
    serving.version === offered.version &&
    serving.digest !== offered.digest &&
    offered.origin.kind !== "folder" &&
    offered.origin.kind !== "built-in"
  )
    return Result.fail(
      rejected(
        "version-reused",
        `Version ${offered.version} of "${offered.pluginId}" serves already, with other files.`
      )
    )
  const diff = pluginDiff(serving?.manifest ?? null, offered.manifest)
  const open = diff.filter(
    ({ key, weight }) =>
      weight === "needs confirmation" && !confirmed.includes(key) && !(isRollback && isDowngrade(key))
  )
  if (open.length === 0) return Result.succeed(diff)
  const keys = open.map(({ key }) => key)
  return Result.fail(
    keys.some(isDowngrade)
      ? rejected("downgrade", `Version ${offered.version} is older than ${serving?.version}, which serves.`, keys)
      : rejected("confirmation-missing", `${open.map(({ text }) => text).join(" ")}`, keys)
  )
}

const isDowngrade = (key: string): boolean => key.startsWith("downgrade ")
