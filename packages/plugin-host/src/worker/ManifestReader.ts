/**
 * The program of a thread that loads a plugin's module once, locked down as when it serves, and tells the manifest that
 * it declares. What it tells is text, and is judged by the host as text from anywhere.
 */
import { pathToFileURL } from "node:url"
import { parentPort, workerData } from "node:worker_threads"
import { lockdown } from "./Lockdown.ts"

export interface ReaderData {
  readonly entry: string
  readonly folder: string
}

const { entry, folder } = workerData as ReaderData
const answer = parentPort?.postMessage.bind(parentPort)
const stringify = JSON.stringify.bind(JSON)

lockdown(`${pathToFileURL(folder).href}/`)
const module: { readonly default?: { readonly crm?: unknown; readonly manifest?: unknown } } = await import(
  pathToFileURL(entry).href
)
answer?.(typeof module.default?.crm === "function" ? stringify(module.default.manifest) : undefined)
