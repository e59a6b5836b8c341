/**
 * Ends requests whose body does not arrive in time. Node's own request time-out is one for the whole server, and
 * uploads need a longer one, so requests of the usual length are watched here: one sweep, no timer a request. Nearly
 * every body has arrived by the end of the turn in which its head was read; only the others are remembered.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { problem } from "./Problems.ts"
import { answerProblem, close } from "./RawAnswer.ts"

export interface SlowRequests {
  readonly watch: (request: IncomingMessage, response: ServerResponse) => void
  readonly unwatch: (response: ServerResponse) => void
  readonly stop: () => void
}

export const slowRequests = (options: { readonly timeoutMs: number; readonly sweepMs: number }): SlowRequests => {
  // How many sweeps a request has seen; no clock is read on the way in.
  const open = new Map<ServerResponse, { readonly request: IncomingMessage; sweeps: number }>()
  const fresh: Array<readonly [IncomingMessage, ServerResponse]> = []
  const limit = Math.ceil(options.timeoutMs / options.sweepMs)
  const sweep = setInterval(() => {
    for (const [response, entry] of open) {
      if (response.closed || entry.request.complete) open.delete(response)
      else if (++entry.sweeps > limit) {
        open.delete(response)
        entry.request.pause()
        answerProblem(response, problem("request-timeout"), close)
      }
    }
  }, options.sweepMs)
  sweep.unref()
  const remember = () => {
    for (const [request, response] of fresh)
      if (!request.complete && !response.writableEnded) open.set(response, { request, sweeps: 0 })
    fresh.length = 0
  }
  return {
    watch: (request, response) => {
      if (fresh.push([request, response]) === 1) setImmediate(remember)
    },
    unwatch: (response) => {
      if (open.size > 0) open.delete(response)
    },
    stop: () => clearInterval(sweep)
  }
}
