import type { Job } from '@shared/contract/job'
import { formatDuration } from '@shared/units'
import { watch } from 'vue'
import { useClient } from '../../client/current'
import { useJobs } from '../job'

/** Shorter jobs end while their user still looks at the window. */
const longJobMs = 10_000

/** The parts of the page that a notice touches; given by tests. */
export interface NoticePage {
  readonly document: Pick<Document, 'title' | 'hasFocus'>
  notify(title: string, body: string): void
  onFocus(listener: () => void): void
}

/** Text of the notification that a job ended. */
export function noticeOf(job: Job): { title: string; body: string } {
  const took = formatDuration((job.finishedAtMs ?? job.startedAtMs) - job.startedAtMs)
  const outcome = { done: 'Done', failed: 'Failed', cancelled: 'Cancelled' } as Partial<
    Record<string, string>
  >
  return {
    title: `${outcome[job.state] ?? 'Interrupted'}: ${job.title}`,
    body: job.state === 'failed' ? (job.error?.message ?? '') : `after ${took}`
  }
}

/**
 * Says that a long job has ended while the window was not looked at: a notification of the system where the user allowed
 * it, and a count in the title until the window is looked at again. While a job runs, the title has its progress.
 */
export function watchJobs(page: NoticePage): void {
  const client = useClient()
  const plainTitle = page.document.title
  const jobs = useJobs()
  /** Ids of jobs that were seen running: an older job's end is no news. */
  const seen = new Set<string>()
  let ended = 0
  const showTitle = (): void => {
    const [job] = jobs.running
    const progress =
      job === undefined || job.total <= 0 ? '' : `${Math.floor((100 * job.done) / job.total)} % · `
    page.document.title = `${ended > 0 ? `(${ended}) ` : ''}${progress}${plainTitle}`
  }
  client.subscribe('job.changed', (job) => {
    if (job.finishedAtMs === null) seen.add(job.id)
    else {
      const wasSeen = seen.delete(job.id)
      const isLong = job.finishedAtMs - job.startedAtMs >= longJobMs
      if (wasSeen && isLong && job.state !== 'cancelled' && !page.document.hasFocus()) {
        ended += 1
        const { title, body } = noticeOf(job)
        page.notify(title, body)
      }
    }
    showTitle()
  })
  // The list is read again after a lost connection: a job that ended meanwhile leaves the title.
  watch(() => jobs.running, showTitle, { flush: 'sync' })
  page.onFocus(() => {
    ended = 0
    showTitle()
  })
}

/** The page of this window. */
export const ownPage = (): NoticePage => ({
  document,
  notify(title, body) {
    if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return
    const notice = new Notification(title, { body, tag: title })
    notice.onclick = () => window.focus()
  },
  onFocus: (listener) => window.addEventListener('focus', listener)
})
