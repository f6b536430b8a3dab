import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page, Route } from 'playwright-core'
import { chromiumFile } from './support/browser'
import { openSampleWindow, type SampleWindow } from './support/sampleWindow'

/** What stands in place of a page whose part of the program comes late or not at all, in a real Chromium. */
if (chromiumFile === null) console.warn('SKIPPED: pages that come late: no Chromium (apt install chromium)')

describe.skipIf(chromiumFile === null)('a page whose part of the program', () => {
  let opened: SampleWindow
  let page: Page
  beforeAll(async () => {
    opened = await openSampleWindow()
    page = opened.page
  })
  afterAll(() => opened?.close())

  it('is on its way says so until it is there', async () => {
    let held: Route | null = null
    await page.route('**/assets/ProfileView-*.js', (route) => void (held = route), { times: 1 })
    await page.getByRole('link', { name: 'Profile' }).click()
    await page.getByText('Loading the page Profile …').waitFor()
    await held!.continue()
    await page.getByRole('heading', { name: 'Profile', level: 1 }).waitFor()
    expect(await page.getByText('Loading the page').count()).toBe(0)
  })

  it('did not arrive says why, and loads it when asked', async () => {
    await page.route('**/assets/GpuView-*.js', (route) => route.abort())
    await page.getByRole('link', { name: 'GPU & energy' }).click()
    await page.getByText('The page GPU & energy could not be loaded.').waitFor()
    await page.unroute('**/assets/GpuView-*.js')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'GPU & energy', level: 1 }).waitFor()
    expect(await page.getByText('could not be loaded').count()).toBe(0)
  })
})
