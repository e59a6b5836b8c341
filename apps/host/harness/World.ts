/**
 * What a firm's integrator would use: the API with its token, and the sandbox's admin API as the eyes and hands of the
 * firm's staff. Plain `fetch`, so that nothing of the product stands between the story and the wire.
 */

interface Answer {
  readonly status: number
  // oxlint-disable-next-line no-explicit-any -- foreign JSON that the steps look into and compare
  readonly body: any
}

const call = (method: string, url: string, headers: Record<string, string>, body?: unknown): Promise<Answer> =>
  send(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })

const send = async (url: string, request: RequestInit): Promise<Answer> => {
  const response = await fetch(url, request)
  const text = await response.text()
  const isJson = response.headers.get("content-type")?.includes("json") === true
  return { status: response.status, body: isJson && text !== "" ? JSON.parse(text) : text }
}

export interface World {
  readonly hostUrl: string
  readonly sandboxUrl: string
  readonly root: string
  /** The host's API. */
  readonly api: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** Sends one file to the host's API, as a form does. */
  readonly upload: (path: string, fileName: string, content: string | Uint8Array<ArrayBuffer>) => Promise<Answer>
  /** Sends bytes to the host's API. */
  readonly sendBytes: (path: string, bytes: string | Uint8Array<ArrayBuffer>) => Promise<Answer>
  /** The sandbox's admin API, below this portal. */
  readonly portal: (method: string, path: string, body?: unknown) => Promise<Answer>
  /** Everything the sandbox's portal holds. */
  readonly state: () => Promise<Answer["body"]>
  readonly lead: (leadId: number) => Promise<Answer["body"]>
}

export const makeWorld = (hostUrl: string, sandboxUrl: string, token: string, root = "harbor"): World => {
  const portal: World["portal"] = (method, path, body) =>
    call(method, `${sandboxUrl}/_sandbox/portals/${root}${path}`, {}, body)
  const reading = async (path: string) => (await portal("GET", path)).body
  return {
    hostUrl,
    sandboxUrl,
    root,
    api: (method, path, body) => call(method, `${hostUrl}/api/v1${path}`, { authorization: `Bearer ${token}` }, body),
    upload: async (path, fileName, content) => {
      const form = new FormData()
      form.set("file", new Blob([content]), fileName)
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${hostUrl}/api/v1${path}`, { method: "POST", headers, body: form })
      return { status: response.status, body: await response.json() }
    },
    sendBytes: (path, body) =>
      send(`${hostUrl}/api/v1${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
        body
      }),
    portal,
    state: () => reading("/state"),
    lead: (leadId) => reading(`/leads/${leadId}`)
  }
}

/** What a step expected and what it saw instead. */
export class Unexpected extends Error {
  readonly expected: unknown
  readonly got: unknown
  constructor(what: string, expected: unknown, got: unknown) {
    super(what)
    this.expected = expected
    this.got = got
  }
}

export const expectEqual = (what: string, got: unknown, expected: unknown): void => {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Unexpected(what, expected, got)
}

export const expectTrue = (what: string, holds: boolean, got: unknown): void => {
  if (!holds) throw new Unexpected(what, "true", got)
}

/** Tries until it holds; after `ms` the last difference is the failure. */
export const eventually = async <A>(attempt: () => Promise<A>, ms = 15_000): Promise<A> => {
  const deadline = Date.now() + ms
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** Waits until no job of the connection is under way, so that "nothing more happened" can be said. */
export const quiescent = (world: World, connectionId: string): Promise<void> =>
  eventually(async () => {
    const { body } = await world.api(
      "GET",
      `/jobs?connectionId=${connectionId}&states=queued&states=sending&states=retry&limit=1000`
    )
    expectEqual(
      "jobs still under way",
      body.jobs.map(
        (job: { work: string; state: string; reason: string }) => `${job.work} ${job.state} ${job.reason ?? ""}`
      ),
      []
    )
  }, 40_000)
