import type { LeaseInfo, WorkerInfo, WorkerStatus } from '../contract/worker'
import { countOf, formatDuration, formatWhole, unavailable } from '../units'

/** What keeps a worker from taking jobs of this copy of Bitbench, in words; null: nothing. */
export function mismatchOf(
  { code, arithmetic, matches }: Pick<WorkerInfo, 'code' | 'arithmetic' | 'matches'>,
  own: Pick<WorkerStatus, 'code' | 'arithmetic'>
): string | null {
  if (matches) return null
  const parts = [
    ...(code === own.code ? [] : [`version ${code}, here ${own.code}`]),
    ...(arithmetic === own.arithmetic ? [] : [`processor kind ${arithmetic}, here ${own.arithmetic}`])
  ]
  return `gets no jobs of this copy: ${parts.join('; ')}`
}

/** Whether a worker is busy, idle or gone, in words. */
export function stateOfWorker({ isAlive, running, concurrency, silentMs }: WorkerInfo): string {
  if (!isAlive) return `gone, silent for ${formatWhole(Math.round(silentMs / 1000))} s`
  return running.length === 0 ? 'idle' : `${running.length} of ${concurrency} busy`
}

/** How long ago a worker last reported, in words. */
export function lastSeenText({ silentMs }: Pick<WorkerInfo, 'silentMs'>): string {
  return `${formatWhole(Math.round(silentMs / 1000))} s ago`
}

/** What a worker does right now: its tasks and for how long they have run. */
export function doingOf({ running, isAlive }: WorkerInfo): string {
  if (!isAlive || running.length === 0) return unavailable
  const names = [...new Set(running.map(({ task }) => task))].map((name) => {
    const own = running.filter(({ task }) => task === name)
    const longestMs = Math.max(...own.map(({ forMs }) => forMs))
    return `${own.length} × ${name}, ${(longestMs / 1000).toFixed(1)} s`
  })
  return names.join('; ')
}

/** Jobs that a worker ended within the last minute; null once it is gone: its last report is of another minute. */
export function perMinuteOf({ isAlive, perMinute }: WorkerInfo): number | null {
  return isAlive ? perMinute : null
}

/** Jobs that the workers of the last hour have ended since each of them started. */
export function endedJobs(workers: readonly WorkerInfo[]): { finished: number; failed: number } {
  return {
    finished: workers.reduce((sum, { done }) => sum + done, 0),
    failed: workers.reduce((sum, { failed }) => sum + failed, 0)
  }
}

/** The connection to the queue server, in words. */
export function queueStateText({ state, server, workers }: WorkerStatus): string {
  const alive = workers.filter(({ isAlive }) => isAlive).length
  if (state === 'off') return 'No queue server is named: everything is evaluated on this machine.'
  if (state === 'down') return `${server ?? 'The queue server'} cannot be reached.`
  if (state === 'refused') return `${server ?? 'The queue server'} cannot be used.`
  return `${server} is connected, ${countOf(alive, 'worker')}.`
}

/** Who holds a lease, in words. */
export function holderText({ user, host, pid }: LeaseInfo): string {
  return `${user} on ${host}, process ${pid}`
}

/** For how long a lease has been held and how long it still lasts, in words. */
export function leaseTimes({ heldMs, leftMs }: LeaseInfo): string {
  return `held for ${formatDuration(heldMs)}, ${formatDuration(leftMs)} left unless renewed`
}
