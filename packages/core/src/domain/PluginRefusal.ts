/**
 * Why a plugin is not taken or not started: one name each, stable, and a sentence with what to do about it. Whatever
 * refuses a plugin, from a truncated file to a failing self-test, refuses it by one of these names.
 */
import { Schema } from "effect"

/** What to do, by the refusal's name. */
export const pluginRefusals = {
  "file-missing": "Check the path.",
  "file-too-large": "Pack the plugin without what it does not need; the limits stand in docs/plugins.md.",
  "not-a-package": "Make the file again with `casewire plugin pack`, and copy it whole.",
  "too-many-files": "Pack the plugin as one bundle with `casewire plugin pack`.",
  "unpacked-too-large": "Pack the plugin without what it does not need; the limits stand in docs/plugins.md.",
  "name-unsafe": "Make the file again with `casewire plugin pack`, which names its files plainly.",
  "link-refused": "Replace the link by the file it points to.",
  "file-repeated": "Make the file again with `casewire plugin pack`.",
  "file-unlisted": "Make the file again with `casewire plugin pack`; nothing is added to a packed plugin.",
  "file-absent": "Make the file again with `casewire plugin pack`, and copy it whole.",
  "digest-wrong": "Get the file again from where it was made: it was changed on the way.",
  "index-unreadable": "Make the file again with the `casewire plugin pack` of this version or an older one.",
  "manifest-unreadable": "Correct the plugin's manifest and pack it again.",
  "entry-unusable": "Export the plugin by default, made by `definePlugin`, and pack it again.",
  "bundle-failed": "Run `casewire plugin test` in the plugin's folder and correct what it names.",
  "package-unknown": "Install the package beside the host, or correct its name in CASEWIRE_PLUGINS.",
  "signature-missing":
    "Sign it with `casewire plugin pack --key`, or let unsigned plugins in by CASEWIRE_PLUGIN_SIGNATURES.",
  "signature-unknown": "Add the signer's public key to CASEWIRE_PLUGIN_KEYS if you trust it.",
  "signature-wrong": "Get the file again from where it was signed: it was changed, or signed for something else.",
  "contract-too-old": "Ask the plugin's author for a version made for a newer contract.",
  "contract-too-new": "Update the host, or use an older version of the plugin.",
  "contract-malformed": "Give the manifest a whole number as `contract`, and a range that includes it.",
  "permissions-differ": "Let the manifest's permissions name exactly the hosts of its origins.",
  "other-plugin": "Choose a version of the plugin that shall be replaced.",
  "version-reused": "Give the changed plugin a version of its own.",
  downgrade: "Confirm the older version by name, or choose a newer one.",
  "confirmation-missing": "Read what changes and confirm it: `casewire plugin show` lists it.",
  "version-unknown": "Choose one of the kept versions: `casewire plugin show` lists them.",
  "swap-running": "Wait until the swap that is under way has ended.",
  "start-failed": "Read the plugin's log: `casewire plugin logs`.",
  "self-test-failed": "Read the plugin's log: `casewire plugin logs`.",
  "shadow-differs": "Read the differences; confirm them, or correct the plugin.",
  "switch-failed": "Read the plugin's log: `casewire plugin logs`.",
  "drain-failed": "Read the plugin's log: `casewire plugin logs`."
} as const satisfies Record<string, string>

export type PluginRefusalCode = keyof typeof pluginRefusals
export const PluginRefusalCode = Schema.Literals(Object.keys(pluginRefusals) as ReadonlyArray<PluginRefusalCode>)

export class PluginRejected extends Schema.TaggedError<PluginRejected>()("PluginRejected", {
  code: PluginRefusalCode,
  /** What was found and what to do, in one or two sentences. */
  message: Schema.String,
  /** What would have to be confirmed, by the keys of the diff's lines. */
  unconfirmed: Schema.Array(Schema.String)
}) {}

/** `found` is a whole sentence; what to do is added to it. */
export const rejected = (
  code: PluginRefusalCode,
  found: string,
  unconfirmed: ReadonlyArray<string> = []
): PluginRejected => new PluginRejected({ code, message: `${found} ${pluginRefusals[code]}`, unconfirmed })
