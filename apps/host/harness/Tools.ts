/**
 * A firm's own tool, as a story needs one: listens for the host's webhooks on this machine and keeps what came. Whether
 * a signature holds is asked of the public library, not of ours.
 */
import { createServer } from "node:http"
import { Webhook } from "standardwebhooks"

interface ReceivedHook {
  readonly id: string
  readonly type: string
  // oxlint-disable-next-line no-explicit-any -- foreign JSON that the steps look into and compare
  readonly data: any
}

export interface Tools {
  readonly url: string
  /** What verifies with this secret, oldest first; anything else is counted as refused. */
  readonly verified: (secret: string) => { readonly hooks: ReadonlyArray<ReceivedHook>; readonly refused: number }
  readonly close: () => void
}

export const startTools = async (port: number): Promise<Tools> => {
  const received: Array<{ readonly headers: Record<string, string>; readonly body: string }> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)
      received.push({ headers: Object.fromEntries(headers), body })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${port}`,
    verified: (secret) => {
      const webhook = new Webhook(secret)
      let refused = 0
      const hooks = received.flatMap(({ body, headers }): ReadonlyArray<ReceivedHook> => {
        try {
          webhook.verify(body, headers)
        } catch {
          refused++
          return []
        }
        const { data, type } = JSON.parse(body)
        return [{ id: headers["webhook-id"] ?? "", type, data }]
      })
      return { hooks, refused }
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
