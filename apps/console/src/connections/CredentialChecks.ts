/** What a person is told about the values of a connect form, before and after the host has judged them. Plain decisions. */
import { checkCredentials, type CredentialField, type PluginManifest } from "@casewire/core/CrmPlugin"
import { connectionsCopy as copy } from "../copy/ConnectionsCopy.ts"
import type { FieldError } from "../data/Client.ts"

export type Values = Readonly<Record<string, string>>

/** What the host would say. */
export const problemsOf = (manifest: PluginManifest, values: Values): Values =>
  wordsFor(manifest, checkCredentials(manifest, values))

export const wordsFor = (manifest: PluginManifest, errors: ReadonlyArray<FieldError>): Values =>
  Object.fromEntries(
    errors.flatMap(({ code, field }) => {
      const known = manifest.credentials.find(({ name }) => name === field)
      return known === undefined ? [] : [[field, sentenceFor(known, code)]]
    })
  )

const sentenceFor = ({ label, patternCode, patternHelp }: CredentialField, code: string): string => {
  switch (code) {
    case "missing":
      return copy.missing(label)
    case "reserved":
      return copy.reserved(label)
    case "too-long":
      return copy.tooLong(label)
    default:
      return code === (patternCode ?? "malformed") ? copy.malformed(label, patternHelp) : copy.other(label, code)
  }
}

/** Whoever pastes an address into a field that wants its first part is offered that part. */
export const partOffered = ({ pattern, reserved }: CredentialField, value: string): string | undefined => {
  const typed = value.trim().toLowerCase()
  if (pattern === undefined || typed === "" || new RegExp(pattern).test(value)) return undefined
  const address = typed.includes("://") ? typed : `https://${typed}`
  const part = URL.canParse(address) ? new URL(address).hostname.split(".")[0] : undefined
  return part !== undefined && new RegExp(pattern).test(part) && reserved?.includes(part) !== true ? part : undefined
}

/** What looks odd and may be right all the same. */
export const remarksOn = (manifest: PluginManifest, values: Values): Values => {
  const secrets = manifest.credentials.filter(({ secret }) => secret)
  return Object.fromEntries(
    secrets.flatMap(({ name }, index) => {
      const value = values[name] ?? ""
      const twin = secrets.slice(0, index).find((other) => value !== "" && values[other.name] === value)
      if (twin !== undefined) return [[name, copy.sameAs(twin.label)]]
      return value !== value.trim() ? [[name, copy.spaces]] : []
    })
  )
}
