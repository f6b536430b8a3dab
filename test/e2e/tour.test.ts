import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settingsSchema, type Settings } from '@shared/contract/app'
import { axeViolations } from './support/axe'
import { chromiumFile } from './support/browser'
import { stateHandlers } from './support/sampleStates'
import { openSampleWindow, type SampleWindow } from './support/sampleWindow'

/** The tour of an own network, own data and an own board, by keyboard in a real Chromium. */
const root = path.resolve(import.meta.dirname, '../..')
const pictures = path.join(root, 'build/screenshots/tour')
if (chromiumFile === null) console.warn('SKIPPED: the tour in the window: no Chromium (apt install chromium)')

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

describe.skipIf(chromiumFile === null)('the tour', () => {
  let opened: SampleWindow
  let page: Page
  let complaints: string[]
  let settings: Settings = settingsSchema.parse({ theme: 'light', guideSeen: true })

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    opened = await openSampleWindow({
      ...stateHandlers.finished,
      'app.settings': () => settings,
      'app.saveSettings': (patch) => (settings = { ...settings, ...(patch as Partial<Settings>) }),
      'dataset.list': () => ({ dataSets: [] }),
      'board.list': () => ({ boards: [] })
    })
    ;({ page, complaints } = opened)
  })
  afterAll(() => opened?.close())
  const coach = () => page.getByRole('region', { name: 'Tour: your network, data and board' })
  const boxOf = (selector: string): Promise<Box | null> =>
    page.evaluate((wanted) => {
      const found = document.querySelector(wanted)?.getBoundingClientRect()
      return found === undefined
        ? null
        : { left: found.left, top: found.top, right: found.right, bottom: found.bottom }
    }, selector)
  /** Waits until the ring lies around the element. */
  const ringed = (target: string): Promise<void> =>
    expect
      .poll(async () => {
        const [ring, element] = [await boxOf('.ring'), await boxOf(`[data-tour=${target}]`)]
        if (ring === null || element === null) return 'no ring'
        const isAround =
          Math.abs(ring.left - element.left + 4) < 1 && Math.abs(ring.bottom - element.bottom - 4) < 1
        return isAround ? 'around' : JSON.stringify({ ring, element })
      })
      .toBe('around')

  it('leads to the place on the page, with the focus there and the step as its description', async () => {
    await page.getByRole('button', { name: 'Lead me through it' }).press('Enter')
    await coach().getByText('Step 1 of 4: Your network').waitFor()
    await coach().getByRole('button', { name: 'Open Model' }).press('Enter')
    await ringed('open-network')
    const focused = page.locator(':focus')
    // The ring may be there a moment before the focus.
    await expect.poll(() => focused.textContent()).toContain('Open a network')
    const describedBy = await focused.getAttribute('aria-describedby')
    expect(await page.locator(`[id="${describedBy}"]`).textContent()).toContain('Open an ONNX or TFLite file')
    await page.screenshot({ path: path.join(pictures, 'network.png') })
    // The form that the button opens is what the step is about from then on.
    await page.keyboard.press('Enter')
    await page.locator('form[data-tour=open-network]').waitFor()
    await ringed('open-network')
  })

  it('has no fault that axe finds', async () => {
    expect((await axeViolations(page)).map(({ id }) => id)).toEqual([])
  })

  it('goes on after a reload, is left, and gone on with from the Start page', async () => {
    await coach().getByRole('button', { name: 'Skip this step' }).press('Enter')
    await coach().getByText('Step 2 of 4: Your data').waitFor()
    await page.reload()
    await coach().getByText('Step 2 of 4: Your data').waitFor()
    await coach().getByRole('button', { name: 'Open Data sets' }).press('Enter')
    await ringed('add-data-set')
    await page.screenshot({ path: path.join(pictures, 'data.png') })
    await coach().getByRole('button', { name: 'Later' }).press('Enter')
    await coach().waitFor({ state: 'detached' })
    expect(await page.locator('.ring').count()).toBe(0)
    await page.evaluate(() => (location.hash = '/start'))
    await page.getByRole('button', { name: 'Go on with the tour' }).press('Enter')
    await coach().getByText('Step 2 of 4: Your data').waitFor()
    await page.screenshot({ path: path.join(pictures, 'start.png') })
    expect(complaints).toEqual([])
  })
})
