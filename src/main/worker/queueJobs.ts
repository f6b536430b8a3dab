import type { Job, Queue, QueueEvents } from 'bullmq'
import type { Redis } from 'ioredis'
import { readValue, writeValue } from '../../core/worker/valueJson'
import { AppError } from '../../shared/errors'
import type { CodeIdentity } from './codeIdentity'
import type { InputUpload } from './inputUpload'
import { createSlots, type ResultEnvelope } from './queueConsumer'
import { pauseOrAbort, stopped, type QueueServer } from './queueServer'
import type { PackedTask } from '../threads/sharedTask'
import { base64, jobKeyOf, keyPrefix, keys, queueNameOf, type JobData } from './queueJob'

/** Jobs of this process on the queue at a time; more wait here, so that the server's memory stays bounded. */
export const maxQueued = 256
/** How often jobs without an event are checked, ms: events may be lost while the connection is down. */
const lookEveryMs = 3_000
/** How long a cancellation is kept for workers that missed its message, s. */
const cancelSeconds = 60
/** How long the list of who waits for a job is kept, s. */
const waiterSeconds = 24 * 3600
/** Finished jobs kept for those who ask for the same again: their ids alone, results are kept beside. */
const keptFinished = { age: 3600, count: 1000 }
/** Times a job is sent again after the server lost it or its inputs. */
const maxTries = 20

/** Jobs on the queue server and their results. */
export interface QueueJobs {
  /**
   * The output of a packed task, as its worker wrote it. Equal jobs run once.
   * @throws AppError of the task; job.cancelled, job.crashed, queue.*
   */
  run(task: string, packed: PackedTask, signal?: AbortSignal): Promise<unknown>
  /** Jobs of this process that have no result yet. */
  pending(): number
  close(): Promise<void>
}

interface OpenQueue {
  readonly queue: Queue
  readonly events: QueueEvents
}

interface Pending {
  readonly id: string
  readonly data: JobData
  readonly task: string
  readonly queue: Queue
  lookedAtMs: number
  /** Set while a look-up of the result runs. */
  looking: boolean
  settle(outcome: { ok: true; output: unknown } | { ok: false; error: AppError } | 'again'): void
}

/** Returns the jobs of this process on a server. */
export async function createQueueJobs(options: {
  server: QueueServer
  upload: InputUpload
  identity: CodeIdentity
  /** Of this process: it counts as one who waits for a job. */
  ownerId: string
  nowMs: () => number
}): Promise<QueueJobs> {
  const { server, upload, identity, ownerId, nowMs } = options
  const { client } = server
  const bull = await import('bullmq')
  const queues = new Map<string, Promise<OpenQueue>>()
  const pending = new Map<string, Pending>()
  const shared = new Map<string, { promise: Promise<unknown>; waiters: number; stop: AbortController }>()
  const slots = createSlots(maxQueued)

  const openQueue = async (name: string): Promise<OpenQueue> => {
    const queue = new bull.Queue(name, {
      connection: client,
      prefix: keyPrefix,
      skipWaitingForReady: true,
      streams: { events: { maxLen: 2_000 } }
    })
    queue.on('error', () => undefined)
    // Read from here on: the listener's connection may be ready after the first job has ended.
    const [last] = await client.xrevrange(`${keyPrefix}:${name}:events`, '+', '-', 'COUNT', 1)
    const events = new bull.QueueEvents(name, {
      connection: server.another(),
      prefix: keyPrefix,
      lastEventId: last?.[0] ?? '0-0'
    })
    events.on('error', () => undefined)
    events.on('completed', ({ jobId }) => void look(jobId))
    events.on('failed', ({ jobId }) => void look(jobId))
    return { queue, events }
  }

  const queueOf = async (name: string, signal: AbortSignal): Promise<Queue> => {
    let opening = queues.get(name)
    if (opening === undefined) {
      opening = server.whenUp(() => openQueue(name))
      queues.set(name, opening)
      opening.catch(() => queues.delete(name))
    }
    const leave = new AbortController()
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(stopped()), { signal: leave.signal })
    )
    try {
      return (await Promise.race([opening, aborted])).queue
    } finally {
      leave.abort()
    }
  }

  /** Reads the state of a job and settles it if it has ended or is gone. */
  const look = async (id: string): Promise<void> => {
    const entry = pending.get(id)
    if (entry === undefined || entry.looking) return
    entry.looking = true
    entry.lookedAtMs = nowMs()
    try {
      const text = await client.get(keys.result(id))
      if (text !== null) return settleWith(entry, text)
      const state = await entry.queue.getJobState(id)
      if (state === 'waiting' || state === 'active' || state === 'delayed' || state === 'prioritized') return
      if (state === 'completed') {
        const late = await client.get(keys.result(id))
        if (late !== null) return settleWith(entry, late)
      }
      if (state === 'failed') {
        const job: Job | undefined = await entry.queue.getJob(id)
        if (job?.failedReason !== undefined && /stalled more than/.test(job.failedReason)) {
          await entry.queue.remove(id)
          return entry.settle({ ok: false, error: workersEnded(entry.task) })
        }
      }
      // Cancelled by another owner, or lost with the server's last second: it is brought again.
      if (state !== 'unknown') await entry.queue.remove(id)
      entry.settle('again')
    } catch {
      // The server is down: the next look comes with its return.
    } finally {
      entry.looking = false
    }
  }

  const settleWith = (entry: Pending, text: string): void => {
    try {
      const envelope = readValue(text, base64) as ResultEnvelope
      if (envelope.ok) return entry.settle({ ok: true, output: envelope.output })
      entry.settle({ ok: false, error: AppError.from(envelope.error) })
    } catch (reason) {
      entry.settle({ ok: false, error: AppError.from(reason) })
    }
  }

  const lookAll = (olderThanMs: number): void => {
    for (const { id, lookedAtMs } of [...pending.values()])
      if (lookedAtMs <= nowMs() - olderThanMs) void look(id)
  }
  const timer = setInterval(() => lookAll(lookEveryMs), lookEveryMs)
  timer.unref()
  const unlisten = server.onState((state) => {
    if (state === 'up') lookAll(0)
    if (state === 'refused' && server.problem !== null)
      for (const entry of [...pending.values()]) entry.settle({ ok: false, error: server.problem })
  })

  /** Puts a job on its queue; returns its result if one exists already. */
  const bring = async (id: string, data: JobData, queue: Queue): Promise<string | null> => {
    // One round trip for all three; the server runs them in this order.
    const [, known, state] = await Promise.all([
      client
        .multi()
        .sadd(keys.waiters(id), ownerId)
        .expire(keys.waiters(id), waiterSeconds)
        .del(keys.cancelled(id))
        .exec(),
      client.get(keys.result(id)),
      queue.getJobState(id)
    ])
    if (known !== null && (JSON.parse(known) as { ok?: unknown }).ok === true) return known
    // A failure is tried again; a finished job without its result would never run again.
    if (known !== null) await client.del(keys.result(id))
    if (state === 'completed' || state === 'failed') await queue.remove(id)
    await queue.add(data.task, data, {
      jobId: id,
      removeOnComplete: keptFinished,
      removeOnFail: keptFinished
    })
    return null
  }

  /** One round: on the queue until there is a result, an error, or the server has lost it. */
  const attempt = async (
    entry: Omit<Pending, 'settle' | 'lookedAtMs' | 'looking'>,
    signal: AbortSignal
  ): Promise<{ ok: true; output: unknown } | { ok: false; error: AppError } | 'again'> => {
    const { id, data, queue } = entry
    let leave = (): void => undefined
    let own: Pending | undefined
    const outcome = new Promise<Parameters<Pending['settle']>[0]>((resolve) => {
      const onAbort = (): void => resolve({ ok: false, error: stopped() })
      signal.addEventListener('abort', onAbort, { once: true })
      leave = () => signal.removeEventListener('abort', onAbort)
      own = { ...entry, lookedAtMs: nowMs(), looking: false, settle: resolve }
      pending.set(id, own)
      if (signal.aborted) onAbort()
    })
    try {
      const known = await server.whenUp(() => bring(id, data, queue), signal)
      if (known !== null) settleWith(own!, known)
      return await outcome
    } finally {
      leave()
      // A job that was requested again in the meantime has its own entry.
      if (pending.get(id) === own) pending.delete(id)
    }
  }

  const cancel = async (id: string, queue: Queue): Promise<void> => {
    const replies = await client.multi().srem(keys.waiters(id), ownerId).scard(keys.waiters(id)).exec()
    if (Number(replies?.[1]?.[1] ?? 0) > 0) return
    // 0: a worker has it and holds its lock.
    if ((await queue.remove(id)) === 1) return
    await client.set(keys.cancelled(id), '1', 'EX', cancelSeconds)
    await client.publish(keys.cancel, id)
  }

  const runJob = async (task: string, packed: PackedTask, signal: AbortSignal): Promise<unknown> => {
    const leave = await slots.take(signal)
    try {
      for (let tries = 0; ; tries++) {
        if (signal.aborted) throw stopped()
        const data = await upload.prepare(task, packed, signal)
        const id = jobKeyOf(data, identity, packed.perHost)
        const queue = await queueOf(queueNameOf(task, identity, packed.perHost), signal)
        const found = await attempt({ id, data, task, queue }, signal)
        if (signal.aborted) void cancel(id, queue).catch(() => undefined)
        else if (found !== 'again') void client.srem(keys.waiters(id), ownerId).catch(() => undefined)
        if (found !== 'again') {
          if (found.ok) return found.output
          if (found.error.code !== 'queue.inputMissing') throw found.error
          upload.forget()
        }
        if (tries >= maxTries) throw lost(task)
        await pauseOrAbort(Math.min(100 * (tries + 1), 1_000), signal)
      }
    } finally {
      leave()
    }
  }

  return {
    async run(task, packed, signal) {
      if (signal?.aborted === true) throw stopped()
      const same = keyOfPacked(task, packed)
      let entry = shared.get(same)
      if (entry === undefined) {
        const stop = new AbortController()
        const promise = runJob(task, packed, stop.signal).finally(() => {
          if (shared.get(same) === own) shared.delete(same)
        })
        promise.catch(() => undefined)
        const own = { promise, waiters: 0, stop }
        entry = own
        shared.set(same, own)
      }
      const job = entry
      job.waiters++
      return await new Promise((resolve, reject) => {
        const onAbort = (): void => {
          if (--job.waiters === 0) {
            if (shared.get(same) === job) shared.delete(same)
            job.stop.abort()
          }
          reject(stopped())
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        job.promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', onAbort))
      })
    },
    pending: () => shared.size,
    async close() {
      clearInterval(timer)
      unlisten()
      for (const { stop } of shared.values()) stop.abort()
      // Cancellations are on their way.
      if (shared.size > 0 && server.state === 'up') await pauseOrAbort(100)
      const closing = [...queues.values()].map(async (opening) => {
        const { queue, events } = await opening
        await Promise.allSettled([events.close(), queue.close()])
      })
      // While the server is down they would wait for it.
      await Promise.race([Promise.allSettled(closing), pauseOrAbort(server.state === 'up' ? 2_000 : 0)])
    }
  }
}

/** Equal for calls with equal inputs in this process. */
const keyOfPacked = (task: string, { settings, folders, perHost }: PackedTask): string =>
  writeValue([task, settings, folders, perHost], base64)

function workersEnded(task: string): AppError {
  return new AppError(
    'job.crashed',
    `Several workers ended while they ran ${task}.`,
    'Look at the logs of the workers: the job may need more memory than they have.'
  )
}

function lost(task: string): AppError {
  return new AppError(
    'queue.unreachable',
    `${task} was lost on the queue server again and again.`,
    'Check the server: something removes its keys, or it loses its data.'
  )
}

/** Jobs that wait and that a worker holds, on the queues of these tasks for this code; also those of this host alone. */
export async function countJobs(
  client: Redis,
  tasks: readonly string[],
  identity: CodeIdentity
): Promise<{ waiting: number; active: number }> {
  const queues = tasks.flatMap((task) => [false, true].map((perHost) => queueNameOf(task, identity, perHost)))
  const lengths = async (list: string): Promise<number> => {
    const counts = await Promise.all(queues.map((name) => client.llen(`${keyPrefix}:${name}:${list}`)))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  const [waiting, active] = await Promise.all([lengths('wait'), lengths('active')])
  return { waiting, active }
}
