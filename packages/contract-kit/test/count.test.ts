/** How many laws each port has, and that it is not fewer than promised. */
import { assert, it } from "@effect/vitest"
import { arrivalLaws } from "../src/ArrivalLaws.ts"
import { caseStoreLaws } from "../src/CaseStore.ts"
import { connectionRemovalLaws } from "../src/ConnectionRemoval.ts"
import { connectionStoreLaws } from "../src/ConnectionStore.ts"
import { documentStoreLaws } from "../src/DocumentStore.ts"
import { mappingStoreLaws } from "../src/MappingStore.ts"
import { listStoreLaws } from "../src/ListStore.ts"
import { pluginStoreLaws } from "../src/PluginStore.ts"
import { queueLaws } from "../src/Queue.ts"
import { runStoreLaws } from "../src/RunStore.ts"
import { subscriptionStoreLaws } from "../src/SubscriptionStore.ts"
import { storageLaws } from "../src/Storage.ts"

const promised = [
  [queueLaws, 30],
  [storageLaws, 15],
  [arrivalLaws, 7],
  [caseStoreLaws, 15],
  [connectionStoreLaws, 15],
  [connectionRemovalLaws, 15],
  [documentStoreLaws, 15],
  [listStoreLaws, 15],
  [mappingStoreLaws, 20],
  [runStoreLaws, 15],
  [pluginStoreLaws, 15],
  [subscriptionStoreLaws, 15]
] as const

for (const [{ durable, laws, port }, least] of promised) {
  it(`${port} has ${laws.length} laws, ${durable.length} more across a restart, and at least ${least}`, () => {
    assert.isAtLeast(laws.length, least)
    assert.isAtLeast(durable.length, 1)
  })
}
