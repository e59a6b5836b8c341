/**
 * What host and worker say to each other, derived from the schemas of the ports: the host asks `PluginRpcs`, and while a
 * call is under way the worker asks `HostRpcs`. Both sides decode what they get; neither trusts the other's memory.
 *
 * A call brings everything it needs, its connection's credentials included, so that a worker that was started again
 * goes on where the one before stopped. Streams are pulled one element a call: what was not asked for is not fetched.
 */
import { CrmCheck, CrmError, crmOperations, CrmPage, CrmScope } from "@casewire/core/ports/Crm"
import { crmDocumentOperations } from "@casewire/core/ports/CrmDocuments"
import { CrmRequest, CrmResponse } from "@casewire/core/ports/CrmHttp"
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"

/** One connection as a worker sees it. The secrets are in the clear here, between two threads of one process. */
export const Seat = Schema.Struct({
  /** Names what the plugin made for this connection; another one when settings or secrets are others. */
  handle: Schema.String,
  connectionId: Schema.String,
  settings: Schema.Record(Schema.String, Schema.String),
  secrets: Schema.Record(Schema.String, Schema.String)
})
export interface Seat extends Schema.Schema.Type<typeof Seat> {}

const place = { seat: Seat, call: Schema.Int }

const operation = <const Tag extends string, P extends Schema.Top, S extends Schema.Top>(
  tag: Tag,
  { payload, success }: { readonly payload: P; readonly success: S }
) => Rpc.make(tag, { payload: Schema.Struct({ ...place, value: payload }), success, error: CrmError })

/** One more element of the stream that the call is; `null` at its end. */
const pulled = <const Tag extends string, A extends Schema.Struct.Fields, S extends Schema.Top>(
  tag: Tag,
  asked: A,
  element: S
) =>
  Rpc.make(tag, {
    payload: Schema.Struct({ ...place, ...asked }),
    success: Schema.NullOr(element),
    error: CrmError
  })

export class PluginRpcs extends RpcGroup.make(
  /** The first call; the manifest itself was read and checked from the files. */
  Rpc.make("hello", { success: Schema.Struct({ id: Schema.String, version: Schema.String }) }),
  /** Answered by the worker's loop, with what buffers take outside its heap: no answer means that the plugin keeps the thread to itself. */
  Rpc.make("ping", { success: Schema.Struct({ bufferBytes: Schema.Int }) }),
  /** Closes what was made for a connection. */
  Rpc.make("leave", { payload: Schema.Struct({ handle: Schema.String }) }),
  /** Ends a stream whose end was not reached. */
  Rpc.make("endStream", { payload: Schema.Struct({ stream: Schema.Int }) }),
  pulled("verify", {}, CrmCheck),
  pulled("changes", { cursor: Schema.NullOr(Schema.String), scope: Schema.NullOr(CrmScope) }, CrmPage),
  operation("catalog", crmOperations.catalog),
  operation("decode", crmOperations.decode),
  operation("read", crmOperations.read),
  operation("notes", crmOperations.notes),
  operation("addNote", crmOperations.addNote),
  operation("updateFields", crmOperations.updateFields),
  operation("setStatus", crmOperations.setStatus),
  operation("list", crmDocumentOperations.list),
  operation("open", crmDocumentOperations.open),
  operation("upload", crmDocumentOperations.upload)
) {}

export const LogLevel = Schema.Literals(["debug", "info", "warning", "error"])
export type LogLevel = typeof LogLevel.Type

export class HostRpcs extends RpcGroup.make(
  /** One request on behalf of a call that is under way; without one there is no door. */
  Rpc.make("send", {
    payload: Schema.Struct({ call: Schema.Int, handle: Schema.String, request: CrmRequest }),
    success: CrmResponse,
    error: CrmError
  }),
  Rpc.make("log", { payload: Schema.Struct({ level: LogLevel, text: Schema.String }) })
) {}
