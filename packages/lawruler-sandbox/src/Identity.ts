/**
 * The token endpoint: OAuth 2 password grant in IdentityServer's manner. The
 * client is checked before the user, failures are 400 with `error`, and a refresh
 * token works once.
 */
import { randomBytes } from "node:crypto"
import { Option } from "effect"
import { type Answer, json } from "./Answer.ts"
import { type ApiCall, type Operation, outcome } from "./ApiCall.ts"
import type { Portal } from "./Portal.ts"

const failure = (error: string, description?: string): Answer =>
  json({ error, ...(description === undefined ? {} : { error_description: description }) }, 400)

export const wrongClient = (): Answer => failure("invalid_client")

const knownScopes = new Set(["openid", "profile", "read", "write", "offline_access"])

/** A token that looks like a JWT and means nothing outside this process. */
const makeToken = (portal: Portal, now: number): string => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  const claims = {
    iss: `https://auth.lawruler.example/${portal.credentials.root}/identity`,
    iat: Math.floor(now / 1000)
  }
  return `${part({ alg: "RS256", typ: "at+jwt" })}.${part(claims)}.${randomBytes(32).toString("base64url")}`
}

const issue = (portal: Portal, scopes: ReadonlyArray<string>, now: number): Answer => {
  const accessToken = makeToken(portal, now)
  portal.tokens.set(accessToken, now + portal.settings.tokenSeconds * 1000)
  const refresh = scopes.includes("offline_access") ? randomBytes(32).toString("hex").toUpperCase() : undefined
  if (refresh !== undefined) portal.refreshTokens.add(refresh)
  return json(
    {
      access_token: accessToken,
      expires_in: portal.settings.tokenSeconds,
      token_type: "Bearer",
      scope: scopes.filter((scope) => scope !== "openid" && scope !== "profile").join(" "),
      ...(refresh === undefined ? {} : { refresh_token: refresh })
    },
    200,
    { "cache-control": "no-store", pragma: "no-cache" }
  )
}

const basicCredentials = (header: string | undefined): { id: string; secret: string } | undefined => {
  const encoded = /^basic\s+(.+)$/i.exec(header ?? "")?.[1]
  if (encoded === undefined) return undefined
  const [id = "", ...secret] = Buffer.from(encoded, "base64").toString("utf8").split(":")
  return { id, secret: secret.join(":") }
}

const token = ({ form, now, portal, request }: ApiCall): Answer => {
  if (request.method !== "POST") return { status: 405, headers: { allow: "POST" }, body: "" }
  const values = Option.isSome(form) ? form.value.values : new Map<string, string>()
  const basic = basicCredentials(request.headers["authorization"])
  const clientId = values.get("client_id") ?? basic?.id
  const clientSecret = values.get("client_secret") ?? basic?.secret
  const { credentials } = portal
  if (clientId !== credentials.clientId || clientSecret !== credentials.clientSecret) return wrongClient()

  const scopes = (values.get("scope") ?? "read write").split(/\s+/).filter((scope) => scope !== "")
  if (scopes.some((scope) => !knownScopes.has(scope))) return failure("invalid_scope")

  switch (values.get("grant_type")) {
    case "password":
      return values.get("username") === credentials.username && values.get("password") === credentials.password
        ? issue(portal, scopes, now)
        : failure("invalid_grant", "invalid_username_or_password")
    case "refresh_token":
      return portal.refreshTokens.delete(values.get("refresh_token") ?? "")
        ? issue(portal, [...scopes, "offline_access"], now)
        : failure("invalid_grant")
    case undefined:
      return failure("invalid_request")
    default:
      return failure("unsupported_grant_type")
  }
}

export const tokenOperation: Operation = {
  name: "token",
  aliases: [],
  leadId: undefined,
  reads: true,
  run: (call) => outcome(token(call)),
  failure: (reason) => json({ error: "temporarily_unavailable", error_description: reason }),
  about: (call) => call
}

/** Whether the bearer token of a request is good in this portal now. */
export const isAuthorized = (call: ApiCall): boolean => {
  const token = bearerToken(call)
  const ends = token === undefined ? undefined : call.portal.tokens.get(token)
  if (token === undefined || ends === undefined) return false
  if (ends > call.now) return true
  call.portal.tokens.delete(token)
  return false
}

export const bearerToken = ({ request }: ApiCall): string | undefined =>
  /^bearer\s+(\S+)$/i.exec(request.headers["authorization"] ?? "")?.[1]

export const unauthorized = (): Answer =>
  json({ statusCode: 401, message: "Unauthorized. Access token is missing or invalid." }, 401, {
    "www-authenticate": 'Bearer error="invalid_token"'
  })
