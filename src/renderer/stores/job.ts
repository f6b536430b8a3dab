import type { Job } from '@shared/contract/job'
import { AppError } from '@shared/errors'
import { defineStore } from 'pinia'
import { computed, shallowRef, triggerRef } from 'vue'
import { useClient } from '../client/current'
import { createAction } from './window/action'

const settledStates: ReadonlySet<Job['state']> = new Set(['done', 'failed', 'cancelled', 'interrupted'])

/** Fields of a job of which only the id is known. */
const unknownJob: Omit<Job, 'id'> = {
  kind: 'job',
  title: 'A job',
  state: 'interrupted',
  done: 0,
  total: 0,
  unit: '',
  ratePerSecond: null,
  remainingMs: null,
  note: '',
  startedAtMs: 0,
  finishedAtMs: null,
  resumable: false,
  error: null
}

/** Jobs of this host, live. */
export const useJobs = defineStore('job', () => {
  const client = useClient()
  const byId = shallowRef(new Map<string, Job>())
  const waiters = new Map<string, ((job: Job) => void)[]>()

  const all = computed(() => [...byId.value.values()].sort((a, b) => b.startedAtMs - a.startedAtMs))
  const running = computed(() => all.value.filter((job) => !settledStates.has(job.state)))

  function accept(job: Job): void {
    byId.value.set(job.id, job)
    triggerRef(byId)
    if (!settledStates.has(job.state)) return
    for (const resolve of waiters.get(job.id) ?? []) resolve(job)
    waiters.delete(job.id)
  }

  /** Ends a job whose host is gone, so that nothing waits for it. */
  function interrupt(id: string, job: Job | undefined): void {
    const ended: Job = {
      ...(job ?? { ...unknownJob, id }),
      state: 'interrupted',
      remainingMs: null,
      finishedAtMs: Date.now()
    }
    for (const resolve of waiters.get(id) ?? []) resolve(ended)
    waiters.delete(id)
    if (job !== undefined && byId.value.has(id)) byId.value.set(id, ended)
    triggerRef(byId)
  }
  /** The host process was replaced: jobs of the old one have ended. */
  function interruptAll(): void {
    for (const job of running.value) interrupt(job.id, job)
    for (const id of [...waiters.keys()]) interrupt(id, undefined)
  }

  client.subscribe('job.changed', accept)

  const load = createAction(async () => {
    const { jobs } = await client.call('job.list', {})
    const known = byId.value
    byId.value = new Map(jobs.map((job) => [job.id, job]))
    // A host that no longer knows a job sends no event of its end.
    for (const id of [...waiters.keys()]) if (!byId.value.has(id)) interrupt(id, known.get(id))
    // A job that ended while the event stream was away has no event left to come.
    for (const job of jobs) accept(job)
  })

  const cancel = createAction(async (id: string) => {
    await client.call('job.cancel', { id })
  })

  const resume = createAction(async (id: string) => {
    const { job } = await client.call('job.resume', { id })
    accept(job)
    return job.id
  })

  const clear = createAction(async () => {
    await client.call('job.clear', {})
    byId.value = new Map([...byId.value].filter(([, job]) => !settledStates.has(job.state)))
  })

  const get = (id: string | null | undefined): Job | undefined => (id ? byId.value.get(id) : undefined)

  /**
   * Waits for a job's end.
   * @throws AppError the job's own error, or job.cancelled, when it did not end as `done`.
   */
  async function whenSettled(id: string): Promise<Job> {
    const known = byId.value.get(id)
    const job =
      known !== undefined && settledStates.has(known.state)
        ? known
        : await new Promise<Job>((resolve) => {
            waiters.set(id, [...(waiters.get(id) ?? []), resolve])
          })
    if (job.state === 'done') return job
    throw job.error !== null
      ? AppError.from(job.error)
      : new AppError(
          job.state === 'cancelled' ? 'job.cancelled' : 'job.crashed',
          `"${job.title}" was ${job.state}.`,
          'Resume it, or start it again.'
        )
  }

  return { all, running, interruptAll, load, cancel, resume, clear, get, whenSettled }
})
