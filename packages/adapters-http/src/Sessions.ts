/**
 * Browsers that signed in. A session is 32 random bytes in a cookie that no script can read, kept here as its digest and
 * in memory only: a host that starts again asks to sign in again. It is worth what its API token is worth, and is asked
 * about at every request, so a token that ends takes its sessions along.
 */
import { createHash, randomBytes } from "node:crypto"
import { Context, Layer, Redacted } from "effect"

export interface Session {
  readonly token: Redacted.Redacted<string>
  readonly expiresAt: number
}

export class Sessions extends Context.Service<
  Sessions,
  {
    readonly open: (
      token: Redacted.Redacted<string>,
      now: number
    ) => { readonly id: string; readonly expiresAt: number }
    readonly find: (id: string, now: number) => Session | undefined
    readonly close: (id: string) => void
  }
>()("@casewire/adapters-http/Sessions") {}

export const sessionMs = 12 * 3_600_000
const most = 1000

const digestOf = (id: string): string => createHash("sha256").update(id).digest("base64url")

export const makeSessions = (): Sessions["Service"] => {
  // Every session lasts as long as any other, so the one that began first ends first.
  const open = new Map<string, Session>()
  return {
    open: (token, now) => {
      for (const [digest, { expiresAt }] of open) {
        if (open.size < most && expiresAt > now) break
        open.delete(digest)
      }
      const id = randomBytes(32).toString("base64url")
      const session = { token, expiresAt: now + sessionMs }
      open.set(digestOf(id), session)
      return { id, expiresAt: session.expiresAt }
    },
    find: (id, now) => {
      const session = open.get(digestOf(id))
      return session === undefined || session.expiresAt <= now ? undefined : session
    },
    close: (id) => void open.delete(digestOf(id))
  }
}

export const layerSessions = Layer.sync(Sessions, makeSessions)
