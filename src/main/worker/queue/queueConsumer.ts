import type { Job, Worker } from 'bullmq'
import { writeValue, readValue } from '../../../core/worker/valueJson'
import { AppError } from '../../../shared/errors'
import type { TaskPool } from '../../threads/taskPool'
import type { CodeIdentity } from '../codeIdentity'
import type { InputCache } from '../inputs/inputCache'
import type { QueueServer } from './queueServer'
import type { SharedTasks } from '../../threads/sharedTask'
import { createJobSlots, type HaltedQueue } from '../jobSlots'
import { base64, jobDataSchema, keyPrefix, keys, queueNameOf, sha256, type JobData } from './queueJob'

/** A lock that is not renewed for so long is lost: its worker has ended, ms. */
const lockMs = 5_000
/** Between two looks for lost locks, ms. */
const stalledCheckMs = 2_500
/** Workers that may end while they run a job until the job counts as failed. */
const maxStalls = 5
/** How long results are kept on the server for those who requested them, s. */
const resultSeconds = 3600
/** How long a stopping worker waits for what it runs, ms. */
const closeGraceMs = 10_000

/** A task pool of any table, as the consumer needs it: names come from the server. */
export type AnyTaskPool = Pick<TaskPool<Record<string, { input: unknown; output: unknown }>>, 'run'>

/** What a consumer has done and is doing. */
export interface ConsumerActivity {
  readonly done: number
  readonly failed: number
  readonly running: readonly { readonly job: string; readonly task: string; readonly sinceMs: number }[]
}

/** Takes jobs from the queues of this machine's code and runs them in its task pool. */
export interface QueueConsumer {
  activity(): ConsumerActivity
  /** Takes no further job, waits for those that run (10 s at most) and leaves the queues. */
  close(): Promise<void>
}

/** The envelope of a result on the server. */
export type ResultEnvelope = { ok: true; output: unknown } | { ok: false; error: unknown }

/** What a consumer is made from. */
export interface QueueConsumerOptions {
  server: QueueServer
  tasks: AnyTaskPool
  shared: SharedTasks
  /** Tasks that are taken, of `shared`. */
  names: readonly string[]
  /** Jobs at a time, of all tasks together. */
  concurrency: number
  inputs: InputCache
  identity: CodeIdentity
  nowMs: () => number
}

/** Takes jobs of these tasks until it is closed. */
export async function createQueueConsumer(options: QueueConsumerOptions): Promise<QueueConsumer> {
  const { server, names, concurrency, nowMs } = options
  const bull = await import('bullmq')
  const running = new Map<string, { task: string; sinceMs: number; stop: AbortController }>()
  const slots = createJobSlots(concurrency)
  let done = 0
  let failed = 0
  const cancelled = (): Error => new bull.UnrecoverableError('cancelled')

  const work = async (job: Job, token: string | undefined, queue: HaltedQueue): Promise<string> => {
    const id = job.id!
    const leave = slots.take(queue)
    if (leave === null) {
      await job.moveToWait(token)
      throw new bull.WaitingError()
    }
    const stop = new AbortController()
    running.set(id, { task: job.name, sinceMs: nowMs(), stop })
    try {
      if ((await server.client.exists(keys.cancelled(id)).catch(() => 0)) > 0) stop.abort()
      if (stop.signal.aborted) throw cancelled()
      const envelope = await perform(id, jobDataSchema.parse(job.data), stop.signal, options, cancelled)
      await server.whenUp(() =>
        server.client.set(keys.result(id), writeValue(envelope, base64), 'EX', resultSeconds)
      )
      if (envelope.ok) done++
      else failed++
      return envelope.ok ? 'ok' : 'failed'
    } catch (reason) {
      // The job leaves the server with this attempt instead of being kept among the failed ones.
      if (stop.signal.aborted) job.opts.removeOnFail = true
      throw reason
    } finally {
      running.delete(id)
      leave()
    }
  }

  const workers = names.flatMap((name) =>
    [false, true].map((perHost) =>
      openWorker(bull, queueNameOf(name, options.identity, perHost), options, work)
    )
  )
  const cancellations = server.another()
  cancellations.on('error', () => undefined)
  cancellations.on('message', (_channel, id) => running.get(id)?.stop.abort())
  await cancellations.subscribe(keys.cancel)

  return {
    activity: () => ({
      done,
      failed,
      running: [...running].map(([job, { task, sinceMs }]) => ({ job, task, sinceMs }))
    }),
    async close() {
      const abort = (): void => {
        for (const { stop } of running.values()) stop.abort()
      }
      await closeWorkers(workers, server.state === 'up', abort)
      cancellations.disconnect()
    }
  }
}

/** Runs one job in the task pool. @throws where the job is not settled by its result */
async function perform(
  id: string,
  data: JobData,
  signal: AbortSignal,
  { tasks, shared, names, inputs }: QueueConsumerOptions,
  cancelled: () => Error
): Promise<ResultEnvelope> {
  const task = Object.hasOwn(shared, data.task) ? shared[data.task] : undefined
  if (task === undefined || !names.includes(data.task)) throw new Error(`No task is shared as ${data.task}`)
  try {
    const folders: Record<string, string> = {}
    for (const [role, hash] of Object.entries(data.folders)) folders[role] = await inputs.folder(hash)
    const content = sha256(writeValue(data.folders, base64))
    const input = task.unpack(readValue(data.settings, base64), folders, content)
    return { ok: true, output: await tasks.run(data.task, input, { signal }) }
  } catch (reason) {
    if (signal.aborted) throw cancelled()
    const error = AppError.from(reason)
    // Not a property of the job: this worker is ending, another one runs it.
    if (error.code === 'job.cancelled') throw new Error(`job ${id} was given back`)
    return { ok: false, error: error.toJSON() }
  }
}

/** One queue's worker; it pauses while other queues have the slots. */
function openWorker(
  bull: typeof import('bullmq'),
  queueName: string,
  { server, concurrency }: QueueConsumerOptions,
  work: (job: Job, token: string | undefined, queue: HaltedQueue) => Promise<string>
): Worker {
  const queue: HaltedQueue = {
    halt: () => void worker.pause(true),
    resume: () => void worker.resume()
  }
  const worker: Worker = new bull.Worker(queueName, (job, token) => work(job, token, queue), {
    connection: server.another(),
    prefix: keyPrefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    maxStalledCount: maxStalls,
    runRetryDelay: 1_000,
    drainDelay: 5
  })
  // Connections come back by themselves; lost locks mean that another worker has the job.
  worker.on('error', () => undefined)
  return worker
}

/** Waits for the jobs that run, 10 s at most, then leaves without them; `abort` ends them. */
async function closeWorkers(workers: readonly Worker[], isUp: boolean, abort: () => void): Promise<void> {
  // A worker's first call of `close` decides: one that waits would wait for a server that is down.
  const ended = Promise.all(workers.map((worker) => worker.close(!isUp))).then(
    () => true,
    () => true
  )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), closeGraceMs)))
  // Jobs of a worker that leaves without waiting are found by their lost locks and run elsewhere.
  const inTime = isUp && (await Promise.race([ended, late]))
  clearTimeout(timer)
  if (!inTime) abort()
}

/** At most so many holders at a time, first come first served. */
export function createSlots(count: number): { take(signal?: AbortSignal): Promise<() => void> } {
  let free = count
  const waiting: (() => void)[] = []
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free++
    else next()
  }
  return {
    take: (signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true || free > 0) {
          const isFree = free > 0 && signal?.aborted !== true
          if (isFree) free--
          resolve(isFree ? leave : () => undefined)
          return
        }
        const enter = (): void => {
          signal?.removeEventListener('abort', give)
          resolve(leave)
        }
        const give = (): void => {
          const at = waiting.indexOf(enter)
          if (at >= 0) waiting.splice(at, 1)
          resolve(() => undefined)
        }
        waiting.push(enter)
        signal?.addEventListener('abort', give, { once: true })
      })
  }
}
