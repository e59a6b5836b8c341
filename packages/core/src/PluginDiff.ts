/**
 * What changes for a firm when one version of a plugin replaces another, told from the manifests alone, line by line.
 *
 * Harmless: nobody needs to know. Needs attention: somebody may be surprised. Needs confirmation: the plugin may do
 * more than before, what a firm saved means something else, or work that went through will be refused. Without a
 * version before, everything that it may do is new. Nothing but an order can change in a manifest without a line.
 */
import type { CredentialField, PluginManifest } from "./CrmPlugin.ts"
import { originPaths } from "./domain/PluginPermissions.ts"
import { changed, type DiffLine, line } from "./domain/DiffLine.ts"
import { compareVersions } from "./domain/SemanticVersion.ts"
import { webhookDiff } from "./WebhookDiff.ts"

/** What stands between two versions; `before` is `null` where the plugin is new. */
export const pluginDiff = (before: PluginManifest | null, after: PluginManifest): ReadonlyArray<DiffLine> => [
  ...plugin(before, after),
  ...permissions(before, after),
  ...(before === null
    ? []
    : [
        ...credentials(before, after),
        ...capabilities(before, after),
        ...webhookDiff(before.webhook, after.webhook),
        ...catalog(before, after)
      ])
]

/** The lines that a person has to confirm and has not. */
export const unconfirmed = (diff: ReadonlyArray<DiffLine>, confirmed: ReadonlyArray<string>): ReadonlyArray<DiffLine> =>
  diff.filter(({ key, weight }) => weight === "needs confirmation" && !confirmed.includes(key))

const plugin = (before: PluginManifest | null, after: PluginManifest): ReadonlyArray<DiffLine> => {
  if (before === null) return [line("plugin", "needs attention", "plugin-added", `The plugin "${after.name}" is new.`)]
  const order = compareVersions(before.version, after.version)
  const versions = `${before.version} to ${after.version}`
  return [
    ...changed(before.id, after.id, "plugin", "needs confirmation", "id-changed", "It is another plugin."),
    ...(order > 0
      ? [line("plugin", "needs confirmation", `downgrade ${after.version}`, `Goes back from ${versions}.`)]
      : changed(before.version, after.version, "plugin", "harmless", "version-changed", `Goes from ${versions}.`)),
    ...changed(
      [before.contract, before.contracts],
      [after.contract, after.contracts],
      "plugin",
      "harmless",
      "contract-changed",
      `Is written against contract ${after.contract}, before against ${before.contract}.`
    ),
    ...changed(before.name, after.name, "plugin", "needs attention", "name-changed", `Is now called "${after.name}".`)
  ]
}

const permissions = (before: PluginManifest | null, after: PluginManifest): ReadonlyArray<DiffLine> => {
  const [had, has] = [
    before === null ? new Map<string, ReadonlyArray<string>>() : originPaths(before),
    originPaths(after)
  ]
  const lines: Array<DiffLine> = []
  for (const [host, paths] of has) {
    const known = had.get(host)
    if (known === undefined)
      lines.push(line("permissions", "needs confirmation", `host-added ${host}`, `May call ${host}.`))
    else
      for (const path of paths.filter((one) => !known.some((old) => one.startsWith(old))))
        lines.push(
          line("permissions", "needs confirmation", `path-added ${host}${path}`, `May call ${path} of ${host}.`)
        )
  }
  for (const [host, paths] of had) {
    const kept = has.get(host)
    if (kept === undefined)
      lines.push(line("permissions", "harmless", `host-removed ${host}`, `No longer calls ${host}.`))
    else
      for (const path of paths.filter((old) => !kept.some((one) => old.startsWith(one))))
        lines.push(
          line("permissions", "harmless", `path-removed ${host}${path}`, `No longer calls all of ${path} of ${host}.`)
        )
  }
  const carries = (manifest: PluginManifest | null) => manifest !== null && manifest.capabilities.documents === null
  if (carries(after) && !carries(before))
    lines.push(
      line("permissions", "needs confirmation", "documents-added", "May send the firm's documents, and fetch new ones.")
    )
  if (!carries(after) && carries(before))
    lines.push(line("permissions", "harmless", "documents-removed", "No longer sends or fetches documents."))
  if (before === null) return lines
  // The same hosts by other names: requests of the plugin's own code, which changes with them.
  if (lines.length === 0)
    lines.push(
      ...changed(before.origins, after.origins, "permissions", "harmless", "origins-renamed", "Names its origins anew.")
    )
  return [
    ...lines,
    ...changed(
      before.sandboxOrigins,
      after.sandboxOrigins,
      "permissions",
      "needs attention",
      "sandbox-changed",
      "Calls other paths of the operator's sandbox in rehearsals."
    )
  ]
}

const credentials = (before: PluginManifest, after: PluginManifest): ReadonlyArray<DiffLine> => {
  const [had, has] = [byName(before.credentials), byName(after.credentials)]
  return [
    ...[...has].flatMap(([name, field]) => {
      const known = had.get(name)
      return known !== undefined
        ? credential(known, field)
        : field.required
          ? [
              line(
                "credentials",
                "needs confirmation",
                `credential-required ${name}`,
                `Needs "${field.label}": connections do nothing until it is filled in.`
              )
            ]
          : [line("credentials", "needs attention", `credential-added ${name}`, `Can use "${field.label}".`)]
    }),
    ...[...had]
      .filter(([name]) => !has.has(name))
      .map(([name, { label }]) =>
        line("credentials", "needs attention", `credential-removed ${name}`, `No longer uses "${label}".`)
      )
  ]
}

const byName = (fields: ReadonlyArray<CredentialField>) => new Map(fields.map((field) => [field.name, field]))

const credential = (old: CredentialField, field: CredentialField): ReadonlyArray<DiffLine> => {
  const { name } = field
  const judged = (of: CredentialField) => [of.pattern, of.reserved]
  const shown = (of: CredentialField) => [of.label, of.help, of.placeholder, of.patternHelp, of.patternCode]
  const lines: Array<DiffLine> = []
  if (field.required && !old.required)
    lines.push(
      line(
        "credentials",
        "needs confirmation",
        `credential-required ${name}`,
        `Needs "${field.label}", which could be left empty.`
      )
    )
  if (!field.required && old.required)
    lines.push(
      line("credentials", "harmless", `credential-optional ${name}`, `"${field.label}" may be left empty now.`)
    )
  if (!field.secret && old.secret)
    lines.push(
      line(
        "credentials",
        "needs confirmation",
        `credential-shown ${name}`,
        `Shows "${field.label}", which was a secret.`
      )
    )
  if (field.secret && !old.secret)
    lines.push(
      line("credentials", "needs attention", `credential-hidden ${name}`, `Hides "${field.label}" from now on.`)
    )
  return [
    ...lines,
    ...changed(
      judged(old),
      judged(field),
      "credentials",
      "needs attention",
      `credential-judged ${name}`,
      `Takes other values as "${field.label}" than before.`
    ),
    ...changed(
      shown(old),
      shown(field),
      "credentials",
      "harmless",
      `credential-worded ${name}`,
      `Words "${field.label}" in the form anew.`
    )
  ]
}

const acts = {
  changes: "pulls what changed in the CRM",
  notes: "writes notes",
  fields: "writes fields",
  statuses: "writes statuses",
  documents: "carries documents"
} as const satisfies Record<keyof PluginManifest["capabilities"], string>

/** What becomes possible begins at once wherever a firm's switch was on already; what ends is refused at once. */
const capabilities = (before: PluginManifest, after: PluginManifest): ReadonlyArray<DiffLine> =>
  (Object.keys(acts) as ReadonlyArray<keyof typeof acts>).flatMap((name) => {
    const [had, has] = [before.capabilities[name], after.capabilities[name]]
    if (had === has) return []
    const key = (verb: string) => `capability-${verb} ${name}`
    if (has === null)
      return [
        line(
          "capabilities",
          name === "changes" ? "needs attention" : "needs confirmation",
          key("added"),
          `Now ${acts[name]}, for every connection whose switch for it is on.`
        )
      ]
    return had === null
      ? [line("capabilities", "needs confirmation", key("removed"), `No longer ${acts[name]}: ${has}`)]
      : [line("capabilities", "harmless", key("worded"), `Says anew why it never ${acts[name]}: ${has}`)]
  })

const catalog = (before: PluginManifest, after: PluginManifest): ReadonlyArray<DiffLine> => {
  const keys = (manifest: PluginManifest) => [manifest.fields?.keys.pattern, manifest.fields?.keys.canonical]
  const names = (manifest: PluginManifest) => [manifest.fields?.keys.defaults, manifest.fields?.keys.defaultWords]
  const reserved = (manifest: PluginManifest) => [...(manifest.fields?.reserved ?? [])].sort()
  const calls = ({ budget }: PluginManifest) => budget.calls / budget.windowMs
  const places = (manifest: PluginManifest) => [manifest.notes.place, manifest.documents?.place]
  return [
    ...changed(
      keys(before),
      keys(after),
      "catalog",
      "needs confirmation",
      "field-keys-changed",
      "Spells the keys of fields differently: saved mappings may mean other fields."
    ),
    ...changed(
      names(before),
      names(after),
      "catalog",
      "needs attention",
      "default-fields-changed",
      "Knows other fields that every firm has, or other names for them."
    ),
    ...changed(
      reserved(before),
      reserved(after),
      "catalog",
      "needs attention",
      "reserved-fields-changed",
      "Refuses other names as fields."
    ),
    ...changed(
      before.notes.timeZone,
      after.notes.timeZone,
      "catalog",
      "needs confirmation",
      "time-zone-changed",
      `Writes times of notes in ${after.notes.timeZone}, before in ${before.notes.timeZone}.`
    ),
    ...changed(
      before.notes.maxLength,
      after.notes.maxLength,
      "catalog",
      "needs attention",
      "note-length-changed",
      `Splits notes at ${after.notes.maxLength} characters, before at ${before.notes.maxLength}.`
    ),
    ...changed(
      places(before),
      places(after),
      "catalog",
      "harmless",
      "places-worded",
      "Says in other words where staff finds what was sent."
    ),
    ...changed(
      before.account,
      after.account,
      "catalog",
      "needs confirmation",
      "account-changed",
      "Connections share their limit of calls with others than before."
    ),
    ...changed(
      before.budget,
      after.budget,
      "catalog",
      calls(after) > calls(before) ? "needs confirmation" : "needs attention",
      `budget-changed ${after.budget.calls}/${after.budget.windowMs}`,
      `Makes up to ${after.budget.calls} calls in ${after.budget.windowMs} ms, before ${before.budget.calls} in ${before.budget.windowMs} ms.`
    )
  ]
}
