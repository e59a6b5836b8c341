/**
 * What an API token may do. `read`: look at what is there. `write`: the work of every day, such as events, cases, lists
 * and jobs. `admin`: what a firm sets up once, such as connections, mappings, subscriptions, plugins and tokens.
 * `status:replay`: send the CRM status changes that waited, over newer ones. Each stands for itself.
 */
import { Schema } from "effect"

export const TokenScope = Schema.Literals(["read", "write", "admin", "status:replay"])
export type TokenScope = typeof TokenScope.Type

/** `null`: everything, also what is added one day. Tokens that were made before there were scopes may everything. */
export type TokenScopes = ReadonlyArray<TokenScope> | null

export const mayDo = (scopes: TokenScopes, scope: TokenScope): boolean => scopes === null || scopes.includes(scope)

/** Which of the scopes asked for whoever asks may not give away, because they do not have them. */
export const notTheirs = (own: TokenScopes, asked: TokenScopes): ReadonlyArray<TokenScope> =>
  own === null ? [] : (asked ?? TokenScope.literals).filter((scope) => !own.includes(scope))
