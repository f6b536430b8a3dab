import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '@shared/contract/job'
import { createEventBus } from '@main/hosts/eventBus'
import type { WebHost } from '@main/hosts/webHost'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { serveSamplePage } from './support/samplePage'
import { sampleHandlers } from './support/sampleServices'

/** What a window that nobody looks at says of a long job that ends, in a real Chromium that may show notifications. */
if (chromiumFile === null) console.warn('SKIPPED: notices of ended jobs: no Chromium (apt install chromium)')

const job: Job = {
  ...{ id: 'long', kind: 'search.run', title: 'Search the night', state: 'running', done: 12, total: 48 },
  ...{ unit: 'schemes', ratePerSecond: null, remainingMs: null, note: '', startedAtMs: 1_000_000 },
  ...{ finishedAtMs: null, resumable: true, error: null }
}

describe.skipIf(chromiumFile === null)('the end of a long job', () => {
  const events = createEventBus()
  let host: WebHost
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    host = await serveSamplePage({ ...sampleHandlers, 'job.list': () => ({ jobs: [] }) }, events)
    browser = await openBrowser({ permissions: ['notifications'] })
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.addInitScript(() => {
      const shown: string[][] = []
      class Noted {
        static permission = 'granted'
        constructor(title: string, { body }: { body: string }) {
          shown.push([title, body])
        }
      }
      Object.assign(globalThis, { Notification: Noted, shownNotices: shown })
      document.hasFocus = () => false
    })
    await page.goto(host.address)
    await page.getByText('host connected').waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  const notices = (): Promise<string[][]> =>
    page.evaluate(() => (globalThis as unknown as { shownNotices: string[][] }).shownNotices)

  it('shows its progress in the title while it runs', async () => {
    const { length } = await page.title()
    events.emit('job.changed', job)
    await expect.poll(() => page.title()).toMatch(/^25 % · /)
    expect((await page.title()).length).toBe(length + '25 % · '.length)
  })

  it('is told by a notification and counted in the title until the window is looked at', async () => {
    events.emit('job.changed', { ...job, state: 'done', done: 48, finishedAtMs: 1_012_000 })
    await expect.poll(notices).toEqual([['Done: Search the night', 'after 12 s']])
    await expect.poll(() => page.title()).toMatch(/^\(1\) /)
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    await expect.poll(() => page.title()).not.toMatch(/\(1\)|%/)
  })

  it('says why it failed, and nothing of a short or a cancelled one', async () => {
    const end = (id: string, change: Partial<Job>): void => {
      events.emit('job.changed', { ...job, id })
      events.emit('job.changed', { ...job, id, finishedAtMs: 1_012_000, ...change })
    }
    end('short', { state: 'done', finishedAtMs: 1_009_000 })
    end('cancelled', { state: 'cancelled' })
    const error = { code: 'board.timeout' as const, message: 'The board is silent.', hint: '', details: {} }
    end('failed', { state: 'failed', error })
    await expect
      .poll(async () => (await notices()).slice(1))
      .toEqual([['Failed: Search the night', 'The board is silent.']])
    expect(complaints).toEqual([])
  })
})
