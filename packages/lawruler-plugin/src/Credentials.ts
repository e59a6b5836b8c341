/**
 * The connect form: what each value is, where the firm finds it, and what makes it usable. The client root becomes part
 * of every address, so it is judged on the raw string: nothing is trimmed or lower-cased, a wrong value is explained.
 */
import type { CredentialField, PluginConnection } from "@casewire/core/CrmPlugin"
import { Redacted } from "effect"

const where = "In Law Ruler, open Setup, then Third-Party Integrations"

export const credentialFields: ReadonlyArray<CredentialField> = [
  {
    name: "username",
    label: "Username",
    help:
      "The user name that Casewire signs in with. A user of its own, made only for this, is best: then nobody's " +
      "holiday or new password stops your sync. You find or add it in Law Ruler under Setup, Users.",
    placeholder: "casewire.service",
    secret: false,
    required: true
  },
  {
    name: "password",
    label: "Password",
    help:
      "That user's password. When it is changed in Law Ruler, change it here too: until then nothing is sent or read, " +
      "and nothing is lost.",
    placeholder: "",
    secret: true,
    required: true
  },
  {
    name: "clientRoot",
    label: "Client Root",
    help: "The first part of your Law Ruler address. If you sign in at https://yourfirm.lawruler.com, it is yourfirm.",
    placeholder: "yourfirm",
    secret: false,
    required: true,
    pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
    patternCode: "not-a-subdomain-label",
    patternHelp:
      "Only the part before .lawruler.com: small letters, digits and hyphens, without https://, dots, spaces or slashes.",
    reserved: ["auth", "apim", "www", "support", "api", "kb"]
  },
  {
    name: "clientSecret",
    label: "Client Secret",
    help:
      `${where}. You see it there once Law Ruler support has turned on the Advanced API for your firm; ` +
      "if it is missing, write to support@lawruler.com and ask for the Advanced API and higher rate limits.",
    placeholder: "",
    secret: true,
    required: true
  },
  {
    name: "key",
    label: "Key",
    help: `${where}. It is your firm's one API key; in older Law Ruler texts it is called API Key.`,
    placeholder: "",
    secret: true,
    required: true
  },
  {
    name: "clientId",
    label: "Client ID",
    help: "Leave it empty, unless Law Ruler support gave you a client ID together with the client secret.",
    placeholder: "",
    secret: false,
    required: false
  }
]

/** A connection's values by name. Secrets stay `Redacted` until the request that carries them is made. */
export interface Credentials {
  readonly username: string
  readonly clientRoot: string
  readonly clientId: string | undefined
  readonly password: Redacted.Redacted<string>
  readonly clientSecret: Redacted.Redacted<string>
  readonly key: Redacted.Redacted<string>
}

export const credentialsOf = ({ secrets, settings }: PluginConnection): Credentials => ({
  username: settings["username"] ?? "",
  clientRoot: settings["clientRoot"] ?? "",
  clientId: settings["clientId"] === "" ? undefined : settings["clientId"],
  password: secrets["password"] ?? Redacted.make(""),
  clientSecret: secrets["clientSecret"] ?? Redacted.make(""),
  key: secrets["key"] ?? Redacted.make("")
})
