/** A small plugin's code and manifest as a package, for tests of packages. */
import { writeArchive } from "@casewire/plugin-host/PackageArchive"
import { makePackage } from "@casewire/plugin-host/PluginPackage"
import { createPrivateKey, type KeyObject } from "node:crypto"

export const manifest = {
  id: "acme",
  name: "Acme CRM",
  version: "1.0.0",
  contract: 1,
  credentials: [],
  origins: { api: "https://{root}.acme.example/" },
  sandboxOrigins: { api: "{sandbox}/" },
  permissions: { hosts: ["{root}.acme.example"], documents: true },
  account: [],
  budget: { calls: 60, windowMs: 60_000 },
  capabilities: { changes: null, notes: null, fields: null, statuses: null, documents: null },
  notes: { maxLength: 1000, timeZone: "UTC" },
  webhook: { required: [], record: "Id", fillers: [], testValue: "^x$", options: [], steps: [] }
}

export const code = new TextEncoder().encode("export default { manifest: {}, crm: () => {} }\n")

/** Keys made from a seed each, so that every run signs alike. */
export const signingKey = (digit: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, digit)]),
    format: "der",
    type: "pkcs8"
  })

export const packedFiles = (change: object = {}, key?: KeyObject) => makePackage(code, { ...manifest, ...change }, key)
export const packed = (change: object = {}, key?: KeyObject) => writeArchive(packedFiles(change, key))
