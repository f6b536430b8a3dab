import type { z } from 'zod'
import type { Redis } from 'ioredis'
import { workerSchema, type WorkerInfo } from '../../shared/contract/worker'
import type { CodeIdentity } from './codeIdentity'
import { keys } from './queue/queueJob'

/** How often a worker reports what it does, ms. */
export const heartbeatMs = 3_000
/** A worker without a report for so long counts as gone, ms. */
export const goneAfterMs = 12_000
/** How long a worker that ended is remembered, s. */
const rememberedSeconds = 3600

/** What a worker reports of itself: all but what the reader of the report works out. */
const beatSchema = workerSchema.omit({ silentMs: true, isAlive: true, matches: true, isHere: true })

/** What a worker reports of itself. Times are by the server's clock, so that the hosts' own clocks do not matter. */
export type Beat = z.infer<typeof beatSchema>

/** The server's clock, ms. */
export async function serverNowMs(client: Redis): Promise<number> {
  const [seconds, micros] = await client.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}

/** Writes the report of a worker; it expires after an hour. */
export async function announce(client: Redis, beat: Omit<Beat, 'seenAtMs'>): Promise<void> {
  const full: Beat = { ...beat, seenAtMs: await serverNowMs(client) }
  await client
    .multi()
    .sadd(keys.workers, beat.id)
    .set(keys.worker(beat.id), JSON.stringify(full), 'EX', rememberedSeconds)
    .exec()
}

/** Removes a worker that ends in order. */
export async function withdraw(client: Redis, id: string): Promise<void> {
  await client.multi().srem(keys.workers, id).del(keys.worker(id)).exec()
}

/** Workers of the last hour, those alive first, then by host. */
export async function listWorkers(client: Redis, identity: CodeIdentity): Promise<WorkerInfo[]> {
  const ids = await client.smembers(keys.workers)
  if (ids.length === 0) return []
  const [nowMs, texts] = await Promise.all([serverNowMs(client), client.mget(ids.map(keys.worker))])
  const forgotten = ids.filter((_, at) => texts[at] === null)
  if (forgotten.length > 0) await client.srem(keys.workers, ...forgotten)
  const seen = texts.flatMap((text): WorkerInfo[] => {
    const beat = text === null ? undefined : readBeat(text)
    if (beat === undefined) return []
    const silentMs = Math.max(0, nowMs - beat.seenAtMs)
    const matches = beat.code === identity.code && beat.arithmetic === identity.arithmetic
    // A pid comes again: a worker that is gone was another process.
    const isAlive = silentMs < goneAfterMs
    const isHere = isAlive && beat.host === identity.host && beat.pid === process.pid
    return [{ ...beat, silentMs, isAlive, matches, isHere }]
  })
  return seen.sort(
    (one, other) =>
      Number(other.isAlive) - Number(one.isAlive) || one.host.localeCompare(other.host) || one.pid - other.pid
  )
}

function readBeat(text: string): Beat | undefined {
  try {
    return beatSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
