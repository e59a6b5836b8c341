/**
 * The host's settings, read from the environment once, at start. A value that does not fit stops the start with one
 * sentence that names the variable; defaults are for one machine and one firm.
 */
import { FirmId } from "@casewire/core/domain/Ids"
import { PublicKey, type SignaturePolicy } from "@casewire/plugin-host/PackageSignature"
import { Config, Effect, Option, Redacted, Schema } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { isIP, SocketAddress } from "node:net"
import { join, resolve } from "node:path"

/** The start cannot go on; `exit` is the process's exit code (78: configuration). */
export class StartRefused extends Schema.TaggedError<StartRefused>()("StartRefused", {
  message: Schema.String,
  exit: Schema.Int
}) {}

const milliseconds = (name: string, fallback: number) => Config.Int(name).pipe(Config.withDefault(fallback))

const Origin = Schema.String.check(
  Schema.makeFilter((text: string) => URL.canParse(text) && new URL(text).origin === text, {
    expected: "an origin such as http://127.0.0.1:5000"
  })
)
/** `folder:/path`, `file:/path/acme.casewire` or `npm:@acme/casewire-plugin`. */
const PluginPlace = Schema.String.check(
  Schema.isPattern(/^(?:folder|file|npm):\S.*$/, {
    expected: "folder:, file: or npm: and a path or the name of a package"
  })
)
/** Spelled as sockets spell it, because it is compared with what a socket says. */
const Address = Schema.String.check(
  Schema.makeFilter((text: string) => isIP(text) !== 0 && new SocketAddress(addressOf(text)).address === text, {
    expected: "IP addresses in their short form, such as 10.0.0.7 or ::1, with commas between them"
  })
)
const addressOf = (address: string) => ({
  address,
  family: isIP(address) === 6 ? ("ipv6" as const) : ("ipv4" as const)
})

const AtLeastOne = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(1))

export const settings = Config.all({
  /** Where the store, the key file and the documents are. */
  data: Config.NonEmptyString("CASEWIRE_DATA").pipe(
    Config.withDefault(".casewire"),
    // Absolute from the beginning: the host leaves its working directory.
    Config.map((path) => resolve(path))
  ),
  host: Config.NonEmptyString("CASEWIRE_HOST").pipe(Config.withDefault("127.0.0.1")),
  port: Config.Port("CASEWIRE_PORT").pipe(Config.withDefault(4000)),
  /** How the outside reaches this host; webhook URLs are made from it. */
  publicUrl: Config.option(Config.NonEmptyString("CASEWIRE_PUBLIC_URL")),
  /** Origin of a sandbox that rehearsal connections may use; without it there are none. */
  sandboxOrigin: Config.option(Config.NonEmptyString("CASEWIRE_SANDBOX_ORIGIN")),
  sandboxPort: Config.Port("CASEWIRE_SANDBOX_PORT").pipe(Config.withDefault(4010)),
  /** Origins, with commas between them, that signed webhooks may go to although they are private or without TLS. */
  privateDestinations: Config.Array(Origin, "CASEWIRE_PRIVATE_DESTINATIONS").pipe(Config.withDefault([])),
  /** Proxies before the host, whose `X-Forwarded-For` says who guesses tokens; nobody else's is believed. */
  trustedProxies: Config.Array(Address, "CASEWIRE_TRUSTED_PROXIES").pipe(Config.withDefault([])),
  /** How many requests an hour an API token may make. */
  apiRequestsPerHour: Config.schema(AtLeastOne, "CASEWIRE_API_REQUESTS_PER_HOUR").pipe(Config.withDefault(500)),
  /** How many days a webhook that was sent, or given up, stands in the log and can be sent again. */
  webhookLogDays: Config.schema(AtLeastOne, "CASEWIRE_WEBHOOK_LOG_DAYS").pipe(Config.withDefault(30)),
  /** How many GiB of documents a firm may keep. */
  documentQuotaGib: Config.schema(AtLeastOne, "CASEWIRE_DOCUMENT_QUOTA_GIB").pipe(Config.withDefault(50)),
  /** How many jobs may wait for one firm before its webhooks are put off. */
  firmBacklog: Config.schema(AtLeastOne, "CASEWIRE_FIRM_BACKLOG").pipe(Config.withDefault(100_000)),
  /** The key-encryption key: 32 bytes as base64. Without it, a file `key` in the data folder is used. */
  key: Config.option(Config.Redacted("CASEWIRE_KEY")),
  /** Whom a firm asks when the findings of the doctor do not help: an address or a number, shown as it is. */
  supportContact: Config.option(Config.NonEmptyString("CASEWIRE_SUPPORT_CONTACT")),
  /** For commands that ask a running host; else the file `api-token` of the data folder. */
  apiToken: Config.option(Config.Redacted("CASEWIRE_API_TOKEN")),
  /** Where further plugins come from, with commas between them. The host's own plugin is always there. */
  plugins: Config.Array(PluginPlace, "CASEWIRE_PLUGINS").pipe(Config.withDefault([])),
  /** Whether plugins must be signed by one of the keys below. What comes with the host needs no signature. */
  pluginSignatures: Config.schema(Schema.Literals(["optional", "required"]), "CASEWIRE_PLUGIN_SIGNATURES").pipe(
    Config.withDefault("optional" as const)
  ),
  /** Public keys whose signatures are trusted, in base64 with commas between them. */
  pluginKeys: Config.Array(PublicKey, "CASEWIRE_PLUGIN_KEYS").pipe(Config.withDefault([])),
  /** The firm whose API tokens may operate plugins; needed on a host of several firms. */
  operatorFirm: Config.option(Config.schema(FirmId, "CASEWIRE_OPERATOR_FIRM")),
  clientTimeoutMs: milliseconds("CASEWIRE_CLIENT_TIMEOUT_MS", 20_000),
  lateCommitMs: milliseconds("CASEWIRE_LATE_COMMIT_MS", 120_000)
})
export type Settings = Config.Success<typeof settings>

/** What signatures the operator demands. */
export const signaturePolicy = ({ pluginKeys, pluginSignatures }: Settings): SignaturePolicy => ({
  isRequired: pluginSignatures === "required",
  trusted: pluginKeys
})

/** Environment to settings; a wrong value is one sentence. */
export const readSettings = Effect.mapError(
  settings,
  (error) =>
    new StartRefused({
      message: `a setting is wrong: ${error.message.replace(/\s*\n\s*/g, " ").replace(/^SchemaError\((.*)\)$/, "$1")}`,
      exit: 78
    })
)

/** Where things lie in the data folder, which is made for this user alone. */
export const dataFolder = (data: string) => {
  const folder = resolve(data)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    folder,
    store: join(folder, "casewire.db"),
    documents: join(folder, "documents"),
    keyFile: join(folder, "key"),
    apiToken: join(folder, "api-token")
  }
}

/**
 * The key-encryption key and its id. A key file is made only together with a new store: a store without its key is
 * refused, because a new key would open nothing.
 */
export const readKey = Effect.fn("Settings.readKey")(function* (given: Settings) {
  const { keyFile, store } = dataFolder(given.data)
  const fromEnvironment = Option.getOrUndefined(given.key)
  if (fromEnvironment === undefined && !existsSync(keyFile)) {
    if (existsSync(store))
      return yield* new StartRefused({
        message: `the store ${store} needs its key: set CASEWIRE_KEY or put the file back at ${keyFile}`,
        exit: 78
      })
    writeFileSync(keyFile, randomBytes(32).toString("base64"), { mode: 0o600 })
  }
  if (existsSync(keyFile)) chmodSync(keyFile, 0o600)
  const text = fromEnvironment === undefined ? readFileSync(keyFile, "utf8") : Redacted.value(fromEnvironment)
  const key = Buffer.from(text.trim(), "base64")
  if (key.length !== 32)
    return yield* new StartRefused({ message: "CASEWIRE_KEY must be 32 bytes in base64", exit: 78 })
  return {
    kek: Redacted.make(new Uint8Array(key)),
    kekId: createHash("sha256").update("casewire-kek-id").update(key).digest("hex").slice(0, 16)
  }
})
