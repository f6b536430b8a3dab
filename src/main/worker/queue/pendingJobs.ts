import type { Job, Queue } from 'bullmq'
import { readValue } from '../../../core/worker/valueJson'
import { AppError } from '../../../shared/errors'
import type { ResultEnvelope } from './queueConsumer'
import { base64, keys } from './queueJob'
import type { QueueServer } from './queueServer'

/** How often jobs without an event are checked, ms: events may be lost while the connection is down. */
const lookEveryMs = 3_000

/** How a job ended; "again": the server has lost it, or another owner cancelled it. */
export type JobOutcome = { ok: true; output: unknown } | { ok: false; error: AppError } | 'again'

/** A job on its queue without a result yet. */
export interface PendingJob {
  readonly id: string
  readonly task: string
  readonly queue: Queue
  lookedAtMs: number
  /** Set while a look-up of the result runs. */
  looking: boolean
  settle(outcome: JobOutcome): void
}

/** Jobs of this process that wait for their results. */
export interface PendingJobs {
  /** Until `remove`, ends of the job on the server settle it. */
  add(job: Pick<PendingJob, 'id' | 'task' | 'queue' | 'settle'>): PendingJob
  remove(job: PendingJob): void
  /** Reads the state of a job and settles it if it has ended or is gone. */
  look(id: string): Promise<void>
  close(): void
}

/** Returns the jobs that wait for results; each is looked at on events, at intervals and when the server comes back. */
export function createPendingJobs(server: QueueServer, nowMs: () => number): PendingJobs {
  const pending = new Map<string, PendingJob>()

  const look = async (id: string): Promise<void> => {
    const job = pending.get(id)
    if (job === undefined || job.looking) return
    job.looking = true
    job.lookedAtMs = nowMs()
    try {
      const outcome = await outcomeOf(job, server.client)
      if (outcome !== null) job.settle(outcome)
    } catch {
      // The server is down: the next look comes with its return.
    } finally {
      job.looking = false
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
      for (const job of [...pending.values()]) job.settle({ ok: false, error: server.problem })
  })

  return {
    look,
    add(job) {
      const own: PendingJob = { ...job, lookedAtMs: nowMs(), looking: false }
      pending.set(job.id, own)
      return own
    },
    remove(job) {
      // A job that was requested again in the meantime has its own entry.
      if (pending.get(job.id) === job) pending.delete(job.id)
    },
    close() {
      clearInterval(timer)
      unlisten()
    }
  }
}

/** How a job ended; null while it waits or runs. */
async function outcomeOf(
  { id, task, queue }: PendingJob,
  client: QueueServer['client']
): Promise<JobOutcome | null> {
  const text = await client.get(keys.result(id))
  if (text !== null) return readOutcome(text)
  const state = await queue.getJobState(id)
  if (state === 'waiting' || state === 'active' || state === 'delayed' || state === 'prioritized') return null
  if (state === 'completed') {
    const late = await client.get(keys.result(id))
    if (late !== null) return readOutcome(late)
  }
  if (state === 'failed') {
    const job: Job | undefined = await queue.getJob(id)
    if (job?.failedReason !== undefined && /stalled more than/.test(job.failedReason)) {
      await queue.remove(id)
      return { ok: false, error: workersEnded(task) }
    }
  }
  // Cancelled by another owner, or lost with the server's last second: it is brought again.
  if (state !== 'unknown') await queue.remove(id)
  return 'again'
}

/** The stored result of a job as its outcome. */
export function readOutcome(text: string): Exclude<JobOutcome, 'again'> {
  try {
    const envelope = readValue(text, base64) as ResultEnvelope
    if (envelope.ok) return { ok: true, output: envelope.output }
    return { ok: false, error: AppError.from(envelope.error) }
  } catch (reason) {
    return { ok: false, error: AppError.from(reason) }
  }
}

function workersEnded(task: string): AppError {
  return new AppError(
    'job.crashed',
    `Several workers ended while they ran ${task}.`,
    'Look at the logs of the workers: the job may need more memory than they have.'
  )
}
