/**
 * One version of a plugin, ready to be started: a private read-only copy of its files whose digests were checked after
 * they were copied, so that nobody can change between the check and the import what is imported.
 */
import type { PluginManifest } from "@casewire/core/CrmPlugin"

/** Where a version came from, for the history and for watching a folder. */
export interface PluginOrigin {
  readonly kind: "folder" | "file" | "npm" | "built-in"
  /** A path, or the name of a package. */
  readonly location: string
}

export interface PluginVersion {
  readonly manifest: PluginManifest
  /** The private copy. */
  readonly folder: string
  /** The plugin's module in it, as an absolute path: one ES module with everything it needs. */
  readonly entry: string
  /** SHA-256 over the sorted digests of the files: two versions with the same one are the same code. */
  readonly digest: string
  readonly origin: PluginOrigin
}
