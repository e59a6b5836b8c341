/**
 * effect/rpc over a `MessagePort`, for both roles. Messages are plain objects and cross by structured clone.
 *
 * What comes in is foreign: a message that is none of the protocol's is reported and goes no further. The thread behind
 * the port is not this module's business; whoever owns it ends the calls when it dies.
 */
import { Effect, Option, Queue, Schema } from "effect"
import { RpcClient, type RpcMessage, RpcServer } from "effect/rpc"
import type { MessagePort } from "node:worker_threads"

/** Told of each message that came, and whether it was one of the protocol's. */
export type OnMessage = (isKnown: boolean) => void

const RequestId = Schema.Union([Schema.String, Schema.Number])

const isAsking = Schema.is(
  Schema.Union([
    Schema.Struct({
      _tag: Schema.Literal("Request"),
      id: RequestId,
      tag: Schema.String,
      payload: Schema.Unknown,
      headers: Schema.Array(Schema.Tuple([Schema.String, Schema.String]))
    }),
    Schema.Struct({ _tag: Schema.Literals(["Ack", "Interrupt"]), requestId: RequestId })
  ])
)

const isAnswering = Schema.is(
  Schema.Struct({ _tag: Schema.Literal("Exit"), requestId: RequestId, exit: Schema.Unknown })
)

const isFromClient = (message: unknown): message is RpcMessage.FromClientEncoded => isAsking(message)
const isFromServer = (message: unknown): message is RpcMessage.FromServerEncoded => isAnswering(message)

const codecFor: RpcServer.Protocol["Service"]["codecFor"] = Schema.toCodecJson

const listen = Effect.fnUntraced(function* <A>(
  port: MessagePort,
  is: (message: unknown) => message is A,
  onMessage: OnMessage,
  handle: (message: A) => Effect.Effect<void>
) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const onPort = (message: unknown) => {
    const isKnown = is(message)
    onMessage(isKnown)
    if (isKnown) run(handle(message))
  }
  port.on("message", onPort)
  yield* Effect.addFinalizer(() => Effect.sync(() => port.off("message", onPort)))
})

/** The side that answers. */
export const serverProtocol = (port: MessagePort, onMessage: OnMessage = () => {}) =>
  RpcServer.Protocol.make(
    Effect.fnUntraced(function* (write) {
      yield* listen(port, isFromClient, onMessage, (message) => write(0, message))
      return {
        disconnects: yield* Queue.unbounded<number>(),
        send: (_, response) => Effect.sync(() => port.postMessage(response)),
        end: () => Effect.void,
        clientIds: Effect.succeed(new Set([0])),
        initialMessage: Effect.succeed(Option.none()),
        supportsAck: true,
        supportsTransferables: false,
        supportsSpanPropagation: false,
        supportsNotifications: true,
        codecFor
      }
    })
  )

/** The side that asks. */
export const clientProtocol = (port: MessagePort, onMessage: OnMessage = () => {}) =>
  RpcClient.Protocol.make(
    Effect.fnUntraced(function* (write, clientIds) {
      yield* listen(port, isFromServer, onMessage, (message) =>
        Effect.forEach(clientIds, (id) => write(id, message), { discard: true })
      )
      return {
        send: (_, request) => Effect.sync(() => port.postMessage(request)),
        supportsAck: true,
        supportsTransferables: false,
        codecFor
      }
    })
  )
