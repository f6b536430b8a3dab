import { readFileSync } from 'node:fs'
import { testIdentity, fakeTasks } from '../../test/support/fakeQueue'
import { startRedis, type RedisServer } from '../../test/support/redisServer'
import { quantile } from '../../src/core/math/quantile'
import { listLeases, takeLease, type HeldLease } from '../../src/main/worker/leases'
import { startWorker, type RunningWorker } from '../../src/main/worker/ownWorker'
import { parseQueueAddress } from '../../src/main/worker/queue/queueAddress'
import { connectQueueServer, type QueueServer } from '../../src/main/worker/queue/queueServer'
import { listWorkers } from '../../src/main/worker/workerRegistry'

/** A lab: hosts that hold boards, each over one connection, and idle workers. */
export interface FarmSize {
  readonly boards: number
  readonly hosts: number
  readonly workers: number
}

/** What a lab of one size costs, over some seconds in which nothing is done but renewing and reporting. */
export interface FarmCost extends FarmSize {
  /** Leases that were lost although their holders live. */
  readonly lost: number
  /** Leases and workers that the page Workers would show. */
  readonly listedLeases: number
  readonly listedWorkers: number
  /** Share of one processor that the server takes. */
  readonly serverLoad: number
  /** Share of one processor that all hosts and workers together take: they are one process here. */
  readonly clientLoad: number
  readonly commandsPerSecond: number
  readonly connections: number
  /** Connections that the server takes at most. */
  readonly maxConnections: number
  readonly serverMiB: number
  /** From the request for a lease to the lease, while all others are held, ms. */
  readonly takeMs: { readonly median: number; readonly p95: number }
  /** Of the list of all leases, ms. */
  readonly listMs: number
}

interface Farm {
  readonly servers: QueueServer[]
  readonly leases: HeldLease[]
  readonly workers: RunningWorker[]
  lost: number
}

/**
 * Sets up a lab of this size on a server of its own, lets it run and measures.
 * @param seconds how long it runs after everything is held
 */
export async function measureFarm(size: FarmSize, seconds: number): Promise<FarmCost> {
  const redis = await startRedis()
  const farm: Farm = { servers: [], leases: [], workers: [], lost: 0 }
  try {
    const hosts = await setUp(farm, redis, size)
    const takeMs = await timedTakes(hosts, 100)
    const before = await counters(redis)
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const after = await counters(redis)
    const wallSeconds = (after.atMs - before.atMs) / 1000
    const client = hosts[0].client
    const startedMs = performance.now()
    const leases = await listLeases(client)
    const listMs = performance.now() - startedMs
    const workers = await listWorkers(client, testIdentity)
    return {
      ...size,
      lost: farm.lost,
      listedLeases: leases.length,
      listedWorkers: workers.filter(({ isAlive }) => isAlive).length,
      serverLoad: (after.serverSeconds - before.serverSeconds) / wallSeconds,
      clientLoad: (after.clientSeconds - before.clientSeconds) / wallSeconds,
      commandsPerSecond: (after.commands - before.commands) / wallSeconds,
      ...{ connections: after.connections, maxConnections: after.maxConnections, serverMiB: after.serverMiB },
      ...{ takeMs, listMs }
    }
  } finally {
    await takeDown(farm, redis)
  }
}

type Hosts = [QueueServer, ...QueueServer[]]

async function setUp(farm: Farm, redis: RedisServer, { boards, hosts, workers }: FarmSize): Promise<Hosts> {
  const open = async (): Promise<QueueServer> => {
    const server = await connectQueueServer(parseQueueAddress(redis.address))
    farm.servers.push(server)
    return server
  }
  const opened: Hosts = [await open()]
  while (opened.length < hosts) opened.push(await open())
  for (let board = 0; board < boards; board++) {
    const at = board % hosts
    const who = { host: `host-${at}`, pid: at, user: 'bench' }
    const lease = await takeLease(opened[at]!.client, `host-${at} /dev/ttyUSB${board}`, who)
    lease.onLost(() => farm.lost++)
    farm.leases.push(lease)
  }
  for (let at = 0; at < workers; at++) {
    farm.workers.push(
      await startWorker({
        server: await open(),
        tasks: { run: async () => null },
        shared: fakeTasks,
        names: Object.keys(fakeTasks),
        concurrency: 2,
        dataFolder: '/nonexistent',
        identity: { ...testIdentity, host: `worker-${at}` },
        nowMs: Date.now
      })
    )
  }
  return opened
}

async function timedTakes(hosts: Hosts, count: number): Promise<FarmCost['takeMs']> {
  const times: number[] = []
  for (let at = 0; at < count; at++) {
    const startedMs = performance.now()
    const lease = await takeLease(hosts[0].client, `spare ${at}`, { host: 'here', pid: 1, user: 'bench' })
    times.push(performance.now() - startedMs)
    await lease.release()
  }
  times.sort((a, b) => a - b)
  return { median: quantile(times, 0.5), p95: quantile(times, 0.95) }
}

async function counters({ client }: RedisServer) {
  const info = await client.info()
  const field = (name: string): number => {
    const found = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)
    if (found === null) throw new Error(`redis-server reports no ${name}`)
    return Number(found[1])
  }
  const { user, system } = process.cpuUsage()
  const [, maxConnections] = (await client.config('GET', 'maxclients')) as string[]
  return {
    atMs: performance.now(),
    serverSeconds: field('used_cpu_user') + field('used_cpu_sys'),
    clientSeconds: (user + system) / 1e6,
    commands: field('total_commands_processed'),
    connections: field('connected_clients'),
    maxConnections: Number(maxConnections),
    serverMiB: field('used_memory') / 2 ** 20
  }
}

async function takeDown({ leases, workers, servers }: Farm, redis: RedisServer): Promise<void> {
  await Promise.allSettled(leases.map((lease) => lease.release()))
  await Promise.allSettled(workers.map((worker) => worker.close()))
  for (const server of servers) server.close()
  await redis.stop()
}

/** Files and sockets that a process of this user may have open; null where the system does not say. */
export function openFileLimit(): number | null {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return found === null ? null : Number(found[1])
  } catch {
    return null
  }
}
