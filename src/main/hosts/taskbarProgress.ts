import type { EventMessage } from '../../shared/contract/framework/transport'
import { jobSchema } from '../../shared/contract/job'

/** A value above 1 makes the bar of a window run without a share; a negative one takes it away (Electron). */
const unknownShare = 2
const noShare = -1

/**
 * Listener of events that shows the progress of what runs in the taskbar: the share done of all running jobs that know
 * their total, 0..1; a running bar where none does; nothing when nothing runs.
 */
export function createTaskbarProgress(show: (share: number) => void): (message: EventMessage) => void {
  const running = new Map<string, { done: number; total: number }>()
  let shown = noShare
  return ({ event, payload }) => {
    if (event !== 'job.changed') return
    const job = jobSchema.safeParse(payload).data
    if (job === undefined) return
    if (job.finishedAtMs === null) running.set(job.id, job)
    else running.delete(job.id)
    const share = shareOf([...running.values()])
    if (share === shown) return
    shown = share
    show(share)
  }
}

/** Mean share of the jobs that know their total, in whole percent. */
function shareOf(jobs: readonly { done: number; total: number }[]): number {
  if (jobs.length === 0) return noShare
  const shares = jobs.filter(({ total }) => total > 0).map(({ done, total }) => Math.min(1, done / total))
  if (shares.length === 0) return unknownShare
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
  return Math.round(mean * 100) / 100
}
