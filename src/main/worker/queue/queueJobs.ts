import type { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { writeValue } from '../../../core/worker/valueJson'
import { AppError } from '../../../shared/errors'
import type { CodeIdentity } from '../codeIdentity'
import type { InputUpload } from '../inputs/inputUpload'
import { createJoinedCalls } from '../joinedCalls'
import { createOpenQueues } from './openQueues'
import { createPendingJobs, readOutcome, type JobOutcome, type PendingJob } from './pendingJobs'
import { createSlots } from './queueConsumer'
import { pauseOrAbort, stopped, type QueueServer } from './queueServer'
import type { PackedTask } from '../../threads/sharedTask'
import { base64, jobKeyOf, keyPrefix, keys, queueNameOf, type JobData } from './queueJob'

/** Jobs of this process on the queue at a time; more wait here, so that the server's memory stays bounded. */
export const maxQueued = 256
/** How long a cancellation is kept for workers that missed its message, s. */
const cancelSeconds = 60
/** How long the list of who waits for a job is kept, s. */
const waiterSeconds = 24 * 3600
/** Finished jobs kept for those who request the same again: their ids alone, results are kept beside. */
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
  const pending = createPendingJobs(server, nowMs)
  const queues = await createOpenQueues(server, (id) => void pending.look(id))
  const calls = createJoinedCalls()
  const slots = createSlots(maxQueued)
  const marks = createWaiterMarks(server.client, ownerId)

  /** One round: on the queue until there is a result, an error, or the server has lost it. */
  const attempt = async (
    job: Pick<PendingJob, 'id' | 'task' | 'queue'> & { data: JobData },
    signal: AbortSignal
  ): Promise<JobOutcome> => {
    const { id, data, task, queue } = job
    let own: PendingJob | undefined
    const leave = new AbortController()
    const outcome = new Promise<JobOutcome>((resolve) => {
      const onAbort = (): void => resolve({ ok: false, error: stopped() })
      signal.addEventListener('abort', onAbort, { once: true, signal: leave.signal })
      own = pending.add({ id, task, queue, settle: resolve })
      if (signal.aborted) onAbort()
    })
    try {
      const known = await server.whenUp(() => marks.bring(id, data, queue), signal)
      if (known !== null) own!.settle(readOutcome(known))
      return await outcome
    } finally {
      leave.abort()
      pending.remove(own!)
    }
  }

  const runJob = async (task: string, packed: PackedTask, signal: AbortSignal): Promise<unknown> => {
    const leave = await slots.take(signal)
    try {
      for (let tries = 0; ; tries++) {
        if (signal.aborted) throw stopped()
        const data = await upload.prepare(task, packed, signal)
        const id = jobKeyOf(data, identity, packed.perHost)
        const queue = await queues.get(queueNameOf(task, identity, packed.perHost), signal)
        const found = await attempt({ id, data, task, queue }, signal)
        if (signal.aborted) void marks.cancel(id, queue).catch(() => undefined)
        else if (found !== 'again') void marks.leave(id).catch(() => undefined)
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
    run: (task, packed, signal) =>
      calls.run(keyOfPacked(task, packed), (stop) => runJob(task, packed, stop), signal),
    pending: () => calls.count(),
    async close() {
      pending.close()
      calls.stop()
      // Cancellations are on their way.
      if (calls.count() > 0 && server.state === 'up') await pauseOrAbort(100)
      await queues.close()
    }
  }
}

/** Which owners wait for which job, on the server: a job is cancelled there when no owner waits for it any more. */
function createWaiterMarks(client: Redis, ownerId: string) {
  return {
    /** Puts a job on its queue; returns its stored result if one exists already. */
    async bring(id: string, data: JobData, queue: Queue): Promise<string | null> {
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
    },
    leave: (id: string): Promise<unknown> => client.srem(keys.waiters(id), ownerId),
    async cancel(id: string, queue: Queue): Promise<void> {
      const replies = await client.multi().srem(keys.waiters(id), ownerId).scard(keys.waiters(id)).exec()
      if (Number(replies?.[1]?.[1] ?? 0) > 0) return
      // 0: a worker has it and holds its lock.
      if ((await queue.remove(id)) === 1) return
      await client.set(keys.cancelled(id), '1', 'EX', cancelSeconds)
      await client.publish(keys.cancel, id)
    }
  }
}

/** Equal for calls with equal inputs in this process. */
const keyOfPacked = (task: string, { settings, folders, perHost }: PackedTask): string =>
  writeValue([task, settings, folders, perHost], base64)

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
