/** The connect form: what each value is, where the firm finds it, and what makes it usable. */
import type { CredentialField, PluginConnection } from "@casewire/core/CrmPlugin"
import { Redacted } from "effect"

export const credentialFields: ReadonlyArray<CredentialField> = [
  {
    name: "account",
    label: "Account",
    help: "Your firm's name at Quillby, as it stands in the address once you have signed in.",
    placeholder: "yourfirm",
    secret: false,
    required: true,
    // It becomes part of an address, so it is one plain label; nothing is trimmed or lower-cased.
    pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
    patternHelp: "Small letters, digits and hyphens, without https://, dots, spaces or slashes."
  },
  {
    name: "key",
    label: "API key",
    help: "In Quillby, open Settings, then API, and make a key for Casewire alone.",
    placeholder: "",
    secret: true,
    required: true
  }
]

/** Secrets stay `Redacted` until the request that carries them is made. */
export interface Credentials {
  readonly account: string
  readonly key: Redacted.Redacted<string>
}

export const credentialsOf = ({ secrets, settings }: PluginConnection): Credentials => ({
  account: settings["account"] ?? "",
  key: secrets["key"] ?? Redacted.make("")
})
