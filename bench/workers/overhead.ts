import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { collectGarbage } from '../../scripts/collectGarbage'
import { quantile } from '../../src/core/math/quantile'
import { openOwner, type Owner } from '../../test/support/fakeQueue'
import { startRedis, type RedisServer } from '../../test/support/redisServer'

/** What the queue itself costs, measured with a task that only doubles a number. */
export interface QueueOverhead {
  /** One job at a time: from the request to its result, ms. */
  readonly roundTripMs: { readonly median: number; readonly p95: number; readonly jobs: number }
  /** All jobs requested at once: wall time by the number of jobs, ms. */
  readonly perJobMs: number
  readonly jobs: number
  /** Processor time by the number of jobs, ms: it does not grow where other work keeps the machine busy. */
  readonly processorMs: { readonly owner: number; readonly server: number }
  /** Results that were not twice their number. */
  readonly wrong: number
  /** Most jobs of this process on the server at one look; it looks every 100 ms. */
  readonly maxOnServer: number
  /** Growth of the owner's live heap once all jobs are requested, after a garbage collection, bytes. */
  readonly ownerHeapBytes: number
  /** The same after all have ended. */
  readonly ownerLeftBytes: number
  /** Largest growth of the owner's resident memory while the jobs ran, bytes; most of it is not collected yet. */
  readonly ownerResidentBytes: number
  /** Peak of the server's memory above what it used before, bytes. */
  readonly serverGrowthBytes: number
}

/**
 * One owner and one worker process on a server of their own.
 * @param sequential jobs one after the other, for the round trip
 * @param jobs requested at once, for the throughput and memory
 */
export async function measureOverhead(sequential: number, jobs: number): Promise<QueueOverhead> {
  const redis = await startRedis()
  const worker = spawn(
    process.execPath,
    ['scripts/runTs.mjs', 'bench/workers/trivialWorker.ts', redis.address, '16'],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  try {
    await Promise.race([
      once(worker.stdout, 'data'),
      once(worker, 'exit').then(() => Promise.reject(new Error('the worker ended before it was ready')))
    ])
    const owner = await openOwner(redis.address)
    try {
      const roundTrips = await oneByOne(owner, sequential)
      return {
        roundTripMs: {
          median: quantile(roundTrips, 0.5),
          p95: quantile(roundTrips, 0.95),
          jobs: sequential
        },
        ...(await allAtOnce(owner, redis, jobs))
      }
    } finally {
      await owner.close()
    }
  } finally {
    worker.kill('SIGKILL')
    await redis.stop()
  }
}

async function oneByOne(owner: Owner, count: number): Promise<number[]> {
  const times: number[] = []
  for (let x = 0; x < count + 20; x++) {
    const startedMs = performance.now()
    await owner.run({ x: -1 - x })
    times.push(performance.now() - startedMs)
  }
  // The first ones load code on both sides.
  return times.slice(20).sort((a, b) => a - b)
}

async function allAtOnce(owner: Owner, redis: RedisServer, jobs: number) {
  const heapBefore = liveHeapBytes()
  const residentBefore = process.memoryUsage().rss
  const serverBefore = await serverBytes(redis, 'used_memory')
  let residentMost = residentBefore
  let maxOnServer = 0
  const timer = setInterval(() => {
    residentMost = Math.max(residentMost, process.memoryUsage().rss)
    void onServer(redis).then((count) => (maxOnServer = Math.max(maxOnServer, count)))
  }, 100)
  const serverCpuBefore = await serverCpuMs(redis)
  const cpuBefore = process.cpuUsage()
  const startedMs = performance.now()
  const all = Array.from({ length: jobs }, (_, x) => owner.run({ x }))
  const collectedMs = performance.now()
  const ownerHeapBytes = liveHeapBytes() - heapBefore
  const collectionMs = performance.now() - collectedMs
  const found = await Promise.all(all)
  const wallMs = performance.now() - startedMs - collectionMs
  clearInterval(timer)
  const { user, system } = process.cpuUsage(cpuBefore)
  const processorMs = {
    owner: (user + system) / 1000 / jobs,
    server: ((await serverCpuMs(redis)) - serverCpuBefore) / jobs
  }
  const wrong = found.filter((value, x) => value !== 2 * x).length
  all.length = 0
  return {
    perJobMs: wallMs / jobs,
    jobs,
    processorMs,
    wrong,
    maxOnServer,
    ownerHeapBytes,
    ownerLeftBytes: liveHeapBytes() - heapBefore,
    ownerResidentBytes: Math.max(residentMost, process.memoryUsage().rss) - residentBefore,
    serverGrowthBytes: (await serverBytes(redis, 'used_memory_peak')) - serverBefore
  }
}

/** Size of what is still referenced, by a garbage collection. */
function liveHeapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

async function onServer({ client }: RedisServer): Promise<number> {
  const lists = await client.keys('bitbench:test.double-*')
  const open = lists.filter((key) => /:(wait|active)$/.test(key))
  return (await Promise.all(open.map((key) => client.llen(key)))).reduce((sum, count) => sum + count, 0)
}

/** Processor time of the server since it started, ms. */
async function serverCpuMs({ client }: RedisServer): Promise<number> {
  const info = await client.info('cpu')
  const field = (name: string): number => {
    const found = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)
    if (found === null) throw new Error(`redis-server reports no ${name}`)
    return 1000 * Number(found[1])
  }
  return field('used_cpu_user') + field('used_cpu_sys')
}

async function serverBytes({ client }: RedisServer, field: string): Promise<number> {
  const found = new RegExp(`^${field}:(\\d+)`, 'm').exec(await client.info('memory'))
  if (found === null) throw new Error(`redis-server reports no ${field}`)
  return Number(found[1])
}
