/**
 * What a plugin may do beyond computing: which hosts it may call, and whether a firm's documents pass through its
 * requests. Both follow from what the manifest declares elsewhere; a manifest that also says it in words must say the
 * same, so that the words which a person confirms are the words which the host enforces.
 */
import { Schema } from "effect"

export const PluginPermissions = Schema.Struct({
  /** Host names; `{setting}` stands for a connection's setting: `{account}.crm.example`. */
  hosts: Schema.Array(Schema.String),
  /** Whether its requests may carry the firm's documents, and fill them. */
  documents: Schema.Boolean
})
export interface PluginPermissions extends Schema.Schema.Type<typeof PluginPermissions> {}

interface Declared {
  readonly origins: Readonly<Record<string, string>>
  readonly capabilities: { readonly documents: string | null }
  readonly permissions?: PluginPermissions
}

const template = /^https:\/\/([^/]+)(\/.*)$/
/** Whatever stands before, the domain and what is above it are plain words. */
const hostTemplate = /^(?:[^./]+\.)*[a-z0-9-]+\.[a-z0-9-]*[a-z][a-z0-9-]*$/

/** What the rest of the manifest needs. Hosts are sorted, each once. */
export const neededPermissions = ({ capabilities, origins }: Declared): PluginPermissions => ({
  hosts: [...new Set(Object.values(origins).map((origin) => template.exec(origin)?.[1] ?? origin))].sort(),
  documents: capabilities.documents === null
})

/** The path prefixes below each host that may be called. */
export const originPaths = ({ origins }: Pick<Declared, "origins">): ReadonlyMap<string, ReadonlyArray<string>> => {
  const paths = new Map<string, ReadonlyArray<string>>()
  for (const origin of Object.values(origins)) {
    const [, host = origin, path = ""] = template.exec(origin) ?? []
    paths.set(host, [...new Set([...(paths.get(host) ?? []), path])].sort())
  }
  return paths
}

/** What is wrong with the permissions of a manifest, as whole sentences. */
export const permissionFaults = (manifest: Declared): ReadonlyArray<string> => {
  const needed = neededPermissions(manifest)
  const faults = Object.entries(manifest.origins).flatMap(([name, origin]) => {
    const host = template.exec(origin)?.[1]
    if (host === undefined) return [`The origin "${name}" is no https address with a path.`]
    // A setting in the place of a domain would let a connection choose any host at all.
    return hostTemplate.test(host) ? [] : [`The origin "${name}" does not name the domain that it leads to.`]
  })
  const given = manifest.permissions
  if (given === undefined) return faults
  const unused = given.hosts.filter((host) => !needed.hosts.includes(host))
  const unsaid = needed.hosts.filter((host) => !given.hosts.includes(host))
  return [
    ...faults,
    ...unused.map((host) => `The permissions name the host ${host}, to which no origin leads.`),
    ...unsaid.map((host) => `An origin leads to ${host}, which the permissions do not name.`),
    ...(given.documents === needed.documents
      ? []
      : [
          given.documents
            ? "The permissions name documents, which the capabilities say the plugin cannot carry."
            : "The capabilities say that the plugin carries documents, which the permissions do not name."
        ])
  ]
}
