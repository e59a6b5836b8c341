/** Queues that break one promise each. */
import { Clock, Effect } from "effect"
import { newId } from "@casewire/core/domain/Ids"
import { JobId, type NewJob } from "@casewire/core/domain/Job"
import { LeaseLost, type Lease, type Queue, type Verb } from "@casewire/core/ports/Queue"
import { connection, firm, otherFirm } from "../src/samples.ts"
import { escaped, inQueue, isInTransaction, type Mutant } from "./Breaking.ts"

type Service = Queue["Service"]

const enqueueing = (change: (job: NewJob) => NewJob): Mutant =>
  inQueue((own) => ({ enqueue: (jobs) => own.enqueue(jobs.map(change)) }))

const claiming = (change: (lease: Lease) => Lease): Mutant =>
  inQueue((own) => ({ claim: (options) => Effect.map(own.claim(options), (leases) => leases.map(change)) }))

const claimingWith = (change: (options: Parameters<Service["claim"]>[0]) => Parameters<Service["claim"]>[0]): Mutant =>
  inQueue((own) => ({ claim: (options) => own.claim(change(options)) }))

const settling = (change: (outcome: Parameters<Service["settle"]>[1]) => Parameters<Service["settle"]>[1]): Mutant =>
  inQueue((own) => ({ settle: (lease, outcome) => own.settle(lease, change(outcome)) }))

const reserving = (change: (own: Service) => Service["reserve"]): Mutant => inQueue((own) => ({ reserve: change(own) }))

const other: Record<Verb, Verb> = { hold: "skip", release: "replay", replay: "release", skip: "hold", confirm: "skip" }

export const queueMutants: Record<string, Mutant> = {
  "enqueues outside the transaction": inQueue((own, { storage }) => ({
    enqueue: (jobs) => escaped(storage.atomically(own.enqueue(jobs)))
  })),
  "enqueues without a transaction": inQueue((own, { storage }) => ({
    enqueue: (jobs) =>
      Effect.flatMap(isInTransaction, (inside) => (inside ? own.enqueue(jobs) : storage.atomically(own.enqueue(jobs))))
  })),
  "takes a known id for a new job": inQueue((own) => {
    const seen = new Set<string>()
    return {
      enqueue: (jobs) =>
        Effect.flatMap(
          Effect.forEach(jobs, (job) => {
            const isKnown = seen.has(job.id)
            seen.add(job.id)
            return isKnown ? Effect.map(newId, (id) => ({ ...job, id: JobId.make(id) })) : Effect.succeed(job)
          }),
          own.enqueue
        )
    }
  }),
  "forgets what is enqueued": inQueue(() => ({ enqueue: () => Effect.void })),
  "enqueues the last job first": inQueue((own) => ({ enqueue: (jobs) => own.enqueue(jobs.toReversed()) })),
  "writes the first transaction's jobs after the second's": inQueue((own) => {
    let late: ReadonlyArray<NewJob> | undefined
    return {
      enqueue: (jobs) => {
        if (late === undefined) return Effect.sync(() => void (late = jobs))
        return own.enqueue([...jobs, ...late])
      }
    }
  }),
  "finds the oldest first whatever is asked": inQueue((own) => ({
    find: (firmId, filter) => own.find(firmId, filter)
  })),
  "forgets where the reader was": inQueue((own) => ({
    find: (firmId, { before: _, ...filter }, order) => own.find(firmId, filter, order)
  })),
  "knows no priority": enqueueing((job) => ({ ...job, priority: 7 })),
  "queues what is held": enqueueing(({ held: _, ...job }) => job),
  "knows no time": enqueueing(({ notBefore: _, ...job }) => job),
  "rounds times down": enqueueing((job) =>
    job.notBefore === undefined ? job : { ...job, notBefore: Math.floor(job.notBefore) }
  ),
  "knows no lanes": enqueueing((job) => ({ ...job, key: job.id })),
  "knows one lane a case": enqueueing((job) => ({ ...job, lane: "state" })),
  "knows one key": enqueueing((job) => ({ ...job, key: "1" })),
  "knows one connection": enqueueing((job) => ({ ...job, connectionId: connection.id })),
  "keeps settled jobs in their lane": inQueue((own) => ({
    settle: (lease, outcome) =>
      outcome._tag === "Retry" || outcome._tag === "GiveBack"
        ? own.settle(lease, outcome)
        : Effect.flatMap(Clock.currentTimeMillis, (now) =>
            own.settle(lease, { _tag: "Retry", at: now + 86_400_000, reason: outcome._tag })
          )
  })),
  "ignores verbs": inQueue(() => ({ resolve: () => Effect.succeed([]) })),
  "puts jobs back before the others of their lane": inQueue((own) => ({
    resolve: Effect.fnUntraced(function* (firmId, filter, verb, reason) {
      const answered = yield* own.resolve(firmId, filter, verb, reason)
      if (verb !== "release" && verb !== "replay") return answered
      const waiting = yield* own.find(firmId, { states: ["queued"] })
      const others = waiting.map(({ id }) => id).filter((id) => !answered.includes(id))
      yield* own.resolve(firmId, { ids: yield* own.resolve(firmId, { ids: others }, "hold", "") }, "release", "")
      return answered
    })
  })),
  "claims the newest first": inQueue((own) => ({
    claim: (options) => Effect.map(own.claim(options), (leases) => leases.toReversed())
  })),
  "claims without limit": claimingWith((options) => ({ ...options, limit: 1000 })),
  "caps no connection": claimingWith(({ perConnection: _, ...options }) => options),
  "counts lapsed leases against the cap": inQueue((own) => {
    let running = 0
    return {
      claim: (options) =>
        running >= (options.perConnection ?? Infinity)
          ? Effect.succeed([])
          : Effect.tap(own.claim(options), (leases) => Effect.sync(() => (running += leases.length))),
      settle: (lease, outcome) => Effect.tap(own.settle(lease, outcome), () => Effect.sync(() => (running -= 1)))
    }
  }),
  "claims one by one": claimingWith(({ batch: _, ...options }) => options),
  "claims together without limit": claimingWith((options) => ({
    ...options,
    ...(options.batch === undefined ? {} : { batch: { ...options.batch, size: 1000 } })
  })),
  "claims whatever waits together": claimingWith((options) => ({
    ...options,
    ...(options.batch === undefined ? {} : { limit: options.batch.size })
  })),
  "knows no time when it claims together": inQueue((own) => ({
    enqueue: (jobs) => own.enqueue(jobs.map(({ notBefore: _, ...job }) => job))
  })),
  "caps all connections together": claimingWith((options) => ({
    ...options,
    limit: Math.min(options.limit, options.perConnection ?? Infinity)
  })),
  "gives leases for ever": claimingWith((options) => ({ ...options, leaseMs: options.leaseMs * 1000 })),
  "gives leases for a moment": claimingWith((options) => ({ ...options, leaseMs: 1 })),
  "gives one job to two": inQueue((own) => {
    let last: ReadonlyArray<Lease> = []
    return {
      claim: (options) =>
        Effect.map(own.claim(options), (leases) => {
          const shared = [...leases, ...last]
          last = leases
          return shared
        })
    }
  }),
  "sends with the claim": inQueue((own) => ({
    claim: (options) =>
      Effect.flatMap(own.claim(options), (leases) =>
        Effect.orDie(Effect.forEach(leases, (lease) => own.mark(lease, { leaseMs: options.leaseMs, sentAt: 1 })))
      )
  })),
  "counts no attempt for a lapsed lease": claiming((lease) => ({ ...lease, job: { ...lease.job, attempts: 0 } })),
  "counts an attempt for every claim": claiming((lease) => ({
    ...lease,
    job: { ...lease.job, attempts: lease.job.attempts + 1 }
  })),
  "forgets the intent with the lease": claiming((lease) => ({
    ...lease,
    job: { ...lease.job, state: "queued", sentAt: null, progress: [] }
  })),
  "accepts late settlements": inQueue((own) => ({
    settle: (lease, outcome) => Effect.ignore(own.settle(lease, outcome))
  })),
  "accepts late marks": inQueue((own) => ({
    mark: (lease, change) => Effect.catch(own.mark(lease, change), () => Effect.succeed(lease))
  })),
  "refuses lapsed leases that nobody took": inQueue((own) => {
    const ends = new Map<Lease, number>()
    return {
      claim: (options) =>
        Effect.tap(own.claim(options), (leases) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            for (const lease of leases) ends.set(lease, now + options.leaseMs)
          })
        ),
      settle: (lease, outcome) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          now > (ends.get(lease) ?? Infinity)
            ? Effect.fail(new LeaseLost({ jobId: lease.job.id }))
            : own.settle(lease, outcome)
        )
    }
  }),
  "marks nothing": inQueue(() => ({ mark: (lease) => Effect.succeed(lease) })),
  "retries without counting": settling((outcome) =>
    outcome._tag === "Retry" ? { ...outcome, _tag: "GiveBack" } : outcome
  ),
  "counts what is given back": settling((outcome) =>
    outcome._tag === "GiveBack" ? { ...outcome, _tag: "Retry" } : outcome
  ),
  "retries at once": settling((outcome) => (outcome._tag === "Retry" ? { ...outcome, at: 0 } : outcome)),
  "gives back at once": settling((outcome) => (outcome._tag === "GiveBack" ? { ...outcome, at: 0 } : outcome)),
  "forgets that a request left": settling((outcome) =>
    outcome._tag === "Retry" || outcome._tag === "GiveBack" ? { ...outcome, sending: false } : outcome
  ),
  "settles outside the transaction": inQueue((own) => ({
    settle: (lease, outcome) => escaped(own.settle(lease, outcome))
  })),
  "loses reasons": settling((outcome) => ("reason" in outcome ? { ...outcome, reason: "" } : outcome)),
  "takes one verb for another": inQueue((own) => ({
    resolve: (firmId, filter, verb, reason) => own.resolve(firmId, filter, other[verb], reason)
  })),
  "takes running jobs away": inQueue((own) => {
    const leases: Array<Lease> = []
    return {
      claim: (options) => Effect.tap(own.claim(options), (some) => Effect.sync(() => leases.push(...some))),
      resolve: (firmId, filter, verb, reason) =>
        Effect.andThen(
          Effect.forEach(leases, (lease) => Effect.ignore(own.settle(lease, { _tag: "GiveBack", at: 0, reason }))),
          own.resolve(firmId, filter, verb, reason)
        )
    }
  }),
  "puts the last back first": inQueue((own) => ({
    resolve: (firmId, filter, verb, reason) =>
      Effect.flatMap(own.find(firmId, filter), (jobs) =>
        Effect.map(
          Effect.forEach(jobs.toReversed(), ({ id }) => own.resolve(firmId, { ids: [id] }, verb, reason)),
          (answers) => answers.flat()
        )
      )
  })),
  "knows no firms": inQueue((own) => {
    const ofAll = <A>(ask: (firmId: typeof firm.id) => Effect.Effect<ReadonlyArray<A>>) =>
      Effect.map(Effect.all([ask(firm.id), ask(otherFirm.id)]), (answers) => answers.flat())
    return {
      resolve: (_, filter, verb, reason) => ofAll((id) => own.resolve(id, filter, verb, reason)),
      find: (_, filter) => ofAll((id) => own.find(id, filter)),
      stats: () => ofAll((id) => own.stats(id))
    }
  }),
  "knows no filters": inQueue((own) => ({
    resolve: (firmId, _, verb, reason) => own.resolve(firmId, {}, verb, reason),
    find: (firmId) => own.find(firmId, {})
  })),
  "resolves outside the transaction": inQueue((own) => ({
    resolve: (firmId, filter, verb, reason) =>
      Effect.as(escaped(own.resolve(firmId, filter, verb, reason)), filter.ids ?? [])
  })),
  "deletes dead jobs": inQueue((own) => ({
    find: (firmId, filter) => Effect.map(own.find(firmId, filter), (jobs) => jobs.filter((job) => job.state !== "dead"))
  })),
  "finds jobs in the order of their ids": inQueue((own) => ({
    find: (firmId, filter) =>
      Effect.map(own.find(firmId, filter), (jobs) => jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  })),
  "counts nothing": inQueue((own) => ({
    stats: (firmId) =>
      Effect.map(own.stats(firmId), (stats) =>
        stats.map((each) => ({
          ...each,
          byState: { ...each.byState, queued: 0, dead: 0 },
          running: 0,
          oldestDue: null,
          blockedLanes: 0
        }))
      )
  })),
  "paces nothing": reserving(
    () => (_account, _budget, options) =>
      Effect.map(Clock.currentTimeMillis, (now) => Math.max(now, options?.notBefore ?? 0))
  ),
  "paces with a token bucket": inQueue(() => {
    const buckets = new Map<string, { tokens: number; at: number }>()
    return {
      reserve: (account, { calls, windowMs }, options) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const bucket = buckets.get(account) ?? { tokens: calls, at: now }
          const tokens = Math.min(calls, bucket.tokens + ((now - bucket.at) * calls) / windowMs)
          buckets.set(account, { tokens: tokens - 1, at: now })
          const slot = tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * windowMs) / calls)
          return Math.max(slot, options?.notBefore ?? 0)
        })
    }
  }),
  "ignores Retry-After": reserving(
    (own) =>
      (account, budget, { calls = 1 } = {}) =>
        own.reserve(account, budget, { calls })
  ),
  "keeps no slot free for the first call": reserving(
    (own) => (account, budget, options) =>
      Effect.map(own.reserve(account, budget, options), (slot) => slot + budget.windowMs / budget.calls)
  ),
  "uses half of the limit": reserving(
    (own) => (account, budget, options) => own.reserve(account, { ...budget, calls: budget.calls / 2 }, options)
  ),
  "paces by yesterday's budget": reserving((own) => {
    let last: Parameters<Service["reserve"]>[1] | undefined
    return (account, budget, options) => {
      const before = last ?? budget
      last = budget
      return own.reserve(account, before, options)
    }
  }),
  "paces all accounts together": reserving((own) => (_, budget, options) => own.reserve("all", budget, options)),
  "takes Retry-After for the slot": reserving(
    (own) => (account, budget, options) =>
      Effect.map(own.reserve(account, budget, options), (slot) => options?.notBefore ?? slot)
  ),
  "takes a slot for no call": reserving(
    (own) =>
      (account, budget, { notBefore } = {}) =>
        own.reserve(account, budget, notBefore === undefined ? {} : { notBefore })
  ),
  "ticks for everybody": inQueue(() => ({ tick: () => Effect.succeed(true) })),
  "never ticks": inQueue(() => ({ tick: () => Effect.succeed(false) })),
  "ticks under one name": inQueue((own) => ({ tick: (_, everyMs) => own.tick("one", everyMs) })),
  "only polls": inQueue(() => ({ awaitWork: Effect.sleep(200) })),
  "never wakes": inQueue(() => ({ awaitWork: Effect.never }))
}
