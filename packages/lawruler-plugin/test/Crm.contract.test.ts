import { crmContract } from "@casewire/contract-kit/Crm"
import plugin from "../src/index.ts"
import { harbor } from "./Harbor.ts"

crmContract({ name: "Law Ruler", plugin, connect: harbor, skip: [] })
