/**
 * What the tests share: one sandbox on a free port for a file, a fresh portal for
 * a test, and a receiver that takes webhooks. Everything goes over real HTTP; a
 * connection that breaks is an answer with status 0.
 */
import { createServer } from "node:http"
import { Context, Effect, Layer, type Scope } from "effect"
import { serve } from "../src/Sandbox.ts"

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Parsed when it is JSON. */
  readonly json: any
}

export const request = (url: string, init: RequestInit = {}): Effect.Effect<Reply> =>
  Effect.tryPromise(async () => {
    const response = await fetch(url, { redirect: "manual", ...init })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get("content-type") ?? "")
    let json: unknown
    try {
      json = isJson ? JSON.parse(text) : undefined
    } catch {
      json = undefined
    }
    return { status: response.status, headers: response.headers, text, json }
  }).pipe(Effect.catch(() => Effect.succeed({ status: 0, headers: new Headers(), text: "", json: undefined })))

const jsonInit = (method: string, body: unknown, headers = {}): RequestInit => ({
  method,
  headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
  ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
})

type Params = Record<string, string>

/** One portal as its testers and clients see it. */
export class Portal {
  readonly origin: string
  readonly root: string
  readonly clientId: string
  readonly username = "casewire.service"
  readonly password = "tide-over-granite-41"
  readonly clientSecret = "harbor-client-secret-7Qk2"
  readonly key = "HARBOR-3F9A-51C7-KEY"
  private token: string | undefined

  constructor(origin: string, root: string, clientId = root) {
    this.origin = origin
    this.root = root
    this.clientId = clientId
  }

  admin(method: string, path: string, body?: unknown): Effect.Effect<Reply> {
    return request(`${this.origin}/_sandbox/portals/${this.root}${path}`, jsonInit(method, body))
  }

  get state(): Effect.Effect<any> {
    return Effect.map(this.admin("GET", "/state"), ({ json }) => json)
  }

  lead(leadId = 248199): Effect.Effect<any> {
    return Effect.map(this.admin("GET", `/leads/${leadId}`), ({ json }) => json)
  }

  fault(...faults: ReadonlyArray<object>): Effect.Effect<Reply> {
    return this.admin("POST", "/faults", faults)
  }

  settings(settings: object): Effect.Effect<Reply> {
    return this.admin("POST", "/settings", settings)
  }

  authenticate(changes: Params = {}): Effect.Effect<Reply> {
    const body = new URLSearchParams({
      grant_type: "password",
      username: this.username,
      password: this.password,
      scope: "openid profile read write offline_access",
      client_id: this.clientId,
      client_secret: this.clientSecret,
      ...changes
    })
    return request(`${this.origin}/${this.root}/identity/connect/token`, { method: "POST", body })
  }

  /** An Advanced API call: GET without a body, POST with one. */
  advanced(path: string, body?: unknown): Effect.Effect<Reply> {
    return Effect.gen({ self: this }, function* () {
      this.token ??= (yield* this.authenticate()).json.access_token
      const authorization = { authorization: `Bearer ${this.token}` }
      const url = `${this.origin}/${this.root}/${path}`
      return body instanceof FormData
        ? yield* request(url, { method: "POST", headers: authorization, body })
        : yield* request(url, jsonInit(body === undefined ? "GET" : "POST", body, authorization))
    })
  }

  forgetToken(): void {
    this.token = undefined
  }

  get legacyUrl(): string {
    return `${this.origin}/${this.root}/api-legalcrmapp.aspx`
  }

  legacy(params: Params): Effect.Effect<Reply> {
    return request(this.legacyUrl, { method: "POST", body: new URLSearchParams({ Key: this.key, ...params }) })
  }

  update(params: Params): Effect.Effect<Reply> {
    return this.legacy({ LeadID: "248199", overridelead: "true", ReturnJSON: "True", ...params })
  }

  webhook(url: string, row: object = {}): Effect.Effect<number> {
    return Effect.map(this.admin("POST", "/webhooks", { url, ...row }), ({ json }) => json.webhookId)
  }

  setStatus(status: string, leadId = 248199): Effect.Effect<Reply> {
    return this.admin("POST", `/leads/${leadId}/status`, { status, wait: true })
  }
}

export class Sandbox extends Context.Service<
  Sandbox,
  {
    readonly url: string
    readonly freshPortal: Effect.Effect<Portal>
  }
>()("lawruler-sandbox/test/Sandbox") {
  static readonly layer = Layer.effect(
    Sandbox,
    Effect.gen(function* () {
      const { url } = yield* serve()
      let made = 0
      const freshPortal = Effect.gen(function* () {
        const root = `firm${++made}`
        yield* request(`${url}/_sandbox/portals`, jsonInit("POST", { root }))
        return new Portal(url, root)
      })
      return Sandbox.of({ url, freshPortal })
    })
  )
}

export type PortalTest = (portal: Portal) => Generator<Effect.Effect<any, any, Scope.Scope>, void, any>

/** A test on a portal of its own. */
export const runOnPortal = (test: PortalTest) =>
  Effect.gen(function* () {
    const sandbox = yield* Sandbox
    const portal = yield* sandbox.freshPortal
    yield* Effect.gen(() => test(portal))
  })

interface Received {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: string
  /** By key; repeated keys keep their last value. */
  readonly form: Readonly<Record<string, string>>
}

/** A webhook receiver for the length of a scope; `answers` are the statuses to give, then 200. */
export const receiver = Effect.fn("receiver")(function* (answers: Array<number> = [], delayMs = 0) {
  const received: Array<Received> = []
  const server = createServer((incoming, outgoing) => {
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk) => chunks.push(chunk))
    incoming.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8")
      const { headers, method = "", url = "" } = incoming
      received.push({ url, method, headers, body, form: Object.fromEntries(new URLSearchParams(body)) })
      setTimeout(() => outgoing.writeHead(answers.shift() ?? 200).end("noted"), delayMs)
    })
  })
  const port = yield* Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )
  return { url: `http://127.0.0.1:${port}/hook`, received }
})

/** Waits until the condition holds; the test's own assertion says what is wrong if it never does. */
export const eventually = <A>(look: Effect.Effect<A>, holds: (seen: A) => boolean): Effect.Effect<A> =>
  Effect.gen(function* () {
    for (let turn = 0; turn < 150; turn++) {
      const seen = yield* look
      if (holds(seen)) return seen
      yield* Effect.sleep(20)
    }
    return yield* look
  })
