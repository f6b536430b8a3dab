import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { exportMenu, panelOf, savedBy } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'

/** The simulated power meter live in the window: a recording of it, a reload, a second window, a trigger, a marker. */
const pictures = path.resolve(import.meta.dirname, '../../build/screenshots/meter')
if (chromiumFile === null)
  console.warn('SKIPPED: the live power meter: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('a power meter in the window', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]

  const openPage = async (): Promise<Page> => {
    const opened = await browser.context.newPage()
    await opened.goto(app.address)
    await opened.getByRole('link', { name: 'GPU & energy' }).click()
    return opened
  }
  const live = (of: Page) => panelOf(of, 'Power meter, live')
  /** Seconds and milliwatts of the trace that is shown. */
  const shown = async (of: Page): Promise<number[][]> => {
    const csv = String(await savedBy(exportMenu(live(of), 'Power'), 'CSV, all drawn points'))
    const [head, ...rows] = csv.trim().split('\r\n')
    expect(head).toMatch(/^time \(s\),Power \(mW\)/)
    return rows.map((row) => row.split(',').map(Number))
  }

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    app = await serveApp()
    browser = await openBrowser()
    page = await openPage()
    complaints = collectComplaints(page)
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  it('draws what a recording reads while it reads it', async () => {
    await panelOf(page, 'Record a power meter').getByRole('button', { name: 'Record', exact: true }).click()
    await live(page).getByRole('img', { name: 'Power' }).waitFor()
    await live(page).filter({ hasText: 'simulated' }).filter({ hasText: 'mW now' }).waitFor()
    await page.screenshot({ path: path.join(pictures, 'running.png') })
  })

  it('holds the stretch around a trigger, from before it', async () => {
    const form = live(page).getByRole('form', { name: 'Trigger' })
    await form.getByLabel('Trigger on').selectOption({ label: 'level above' })
    await form.getByLabel('Level (mW)').fill('1')
    await form.getByLabel('Seconds before').fill('1')
    await form.getByLabel('Seconds after').fill('0.5')
    await form.getByRole('button', { name: 'Arm' }).click()
    await form.getByRole('status').filter({ hasText: 'held: fired at' }).waitFor()
    const seconds = (await shown(page)).map(([at]) => at!)
    // Buckets of 1 ms, or of 2 ms where a busy machine looked late.
    expect(seconds.at(-1)! - seconds[0]!).toBeGreaterThan(0.5)
    expect(seconds.at(-1)! - seconds[0]!).toBeLessThanOrEqual(1.51)
    await form.getByRole('button', { name: 'Release' }).click()
  })

  it('shows the same trace after a reload and in a second window, marked alike', async () => {
    await page.reload()
    // Its kept markers are read first.
    await live(page).getByText('kept with the recording').waitFor()
    await live(page).getByRole('img', { name: 'Power' }).press('m')
    const note = live(page).getByRole('textbox', { name: 'Note of marker 1' })
    await note.fill('here')
    await note.press('Enter')
    await live(page).getByRole('button', { name: 'End the recording' }).click()
    await live(page).filter({ hasText: 'ended' }).waitFor()
    const { recordings } = await app.call('gpu.recordings', {})
    // Saved behind what is shown, one change after the other.
    const kept = async (): Promise<string[]> =>
      (await app.call('run.markers', { id: recordings[0]!.id })).markers.map(({ text }) => text)
    await expect.poll(kept).toEqual(['here'])

    const second = await openPage()
    const secondNote = live(second).getByRole('textbox', { name: 'Note of marker 1' })
    await expect.poll(() => secondNote.inputValue()).toBe('here')
    await expect.poll(async () => JSON.stringify(await shown(page))).toBe(JSON.stringify(await shown(second)))
    // 8 mA at 3.3 V with 1 % of ripple, at rest all the time.
    const milliwatts = (await shown(second)).map(([, power]) => power!)
    expect(Math.min(...milliwatts)).toBeGreaterThan(26.1)
    expect(Math.max(...milliwatts)).toBeLessThan(26.7)
    await second.close()
    await page.screenshot({ path: path.join(pictures, 'ended.png') })
  })

  it('shows current and charge where the voltage is known', async () => {
    await live(page).getByLabel('Show', { exact: true }).selectOption({ label: 'Current' })
    await live(page).getByLabel('Window', { exact: true }).selectOption({ label: 'the last second' })
    const statistics = live(page).getByRole('status', { name: 'Statistics' })
    await statistics
      .filter({ hasText: /Mean 8(\.0\d?)? mA/ })
      .filter({ hasText: 'Charge' })
      .waitFor()
  })

  it('complains about nothing', () => {
    expect(complaints).toEqual([])
  })
})
