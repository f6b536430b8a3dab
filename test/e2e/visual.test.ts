import { rm } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pages } from '@renderer/stores/window/navigation'
import { chromiumFile, chromiumMajor, collectComplaints, type OpenedBrowser } from './support/browser'
import {
  comparePictures,
  drawerOf,
  noteDrawer,
  readPicture,
  readReference,
  tolerances,
  type Tolerance,
  writeDifference,
  writeReference
} from './support/pictures'
import { serveSamplePage } from './support/samplePage'
import { sampleStates, stateHandlers, type SampleState } from './support/sampleStates'
import { bringTo } from './support/shownStates'
import { openStillBrowser, takeStill, watchReplies } from './support/stillPage'

/**
 * Every page in both themes: empty, running, finished, failed, as somebody looked at it and found it good.
 * BITBENCH_RENEW_PICTURES=1 writes the references again: look at each before it is committed. What differs, and where,
 * lands in build/visual.
 */
const references = path.join(import.meta.dirname, 'references')
const differences = path.resolve(import.meta.dirname, '../../build/visual')
const renew = process.env['BITBENCH_RENEW_PICTURES'] === '1'
const size = { width: 1024, height: 700 }
const themes = ['dark', 'light'] as const

if (chromiumFile === null)
  console.warn('SKIPPED: pictures of the pages: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('picture of every page', () => {
  let browser: OpenedBrowser
  let tolerance: Tolerance
  beforeAll(async () => {
    const isSame = (await drawerOf(references)) === chromiumMajor()
    tolerance = isSame ? tolerances.same : tolerances.other
    if (renew && !isSame) await rm(references, { recursive: true, force: true })
    if (renew) await noteDrawer(references, chromiumMajor()!)
    browser = await openStillBrowser(size)
  })
  afterAll(() => browser?.close())

  for (const state of sampleStates)
    for (const theme of themes)
      it(`is as it was found good: ${state}, ${theme}`, { timeout: 600_000 }, async () => {
        const host = await serveSamplePage(handlersOf(state, theme))
        const page = await browser.context.newPage()
        const complaints = collectComplaints(page)
        try {
          const replied = watchReplies(page)
          await page.goto(host.address)
          await page.getByRole('heading', { name: 'Start' }).waitFor()
          const found: string[] = []
          for (const { id, title } of pages) {
            await page.evaluate((target) => (location.hash = `/${target}`), id)
            await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor()
            await replied()
            await bringTo(page, id, state)
            await replied()
            const difference = await differenceOf(page, `${id}-${state}-${theme}`, tolerance)
            if (difference !== null) found.push(difference)
            if (state !== 'finished' || theme !== 'dark') continue
            const whole = await withWholePage(page, () =>
              differenceOf(page, `${id}-whole-${theme}`, tolerance, true)
            )
            if (whole !== null) found.push(whole)
          }
          expect(found).toEqual([])
          expect(complaints).toEqual([])
        } finally {
          await page.close()
          await host.close()
        }
      })
})

/** Handlers of `state` whose settings hold `theme`. */
function handlersOf(state: SampleState, theme: 'dark' | 'light'): (typeof stateHandlers)[SampleState] {
  const handlers = stateHandlers[state]
  const settings = handlers['app.settings']!({})
  return {
    ...handlers,
    'app.settings': () => ({ ...settings, theme }),
    'app.saveSettings': () => ({ ...settings, theme })
  }
}

/** Does `work` while nothing has to be scrolled; what is as tall as the window allows stays as it is. */
async function withWholePage<T>(page: Page, work: () => Promise<T>): Promise<T> {
  const style = await page.addStyleTag({
    content:
      'html, body, #app, .frame, main, .page { height: auto !important } main .body { overflow: visible !important }'
  })
  try {
    return await work()
  } finally {
    await style.evaluate((element) => (element as HTMLElement).remove())
  }
}

/** Says how the page differs from its reference; null when it does not, or when it becomes the reference. */
async function differenceOf(
  page: Page,
  name: string,
  tolerance: Tolerance,
  isWhole = false
): Promise<string | null> {
  let actual = await readPicture(await takeStill(page, isWhole))
  const file = path.join(references, `${name}.webp`)
  const expected = await readReference(file)
  if (expected !== null && !comparePictures(expected, actual, tolerance).isEqual) {
    // A chart that was still being drawn on a busy machine is complete a moment later.
    await page.waitForTimeout(1500)
    actual = await readPicture(await takeStill(page, isWhole))
  }
  if (renew) {
    if (expected === null || !comparePictures(expected, actual, tolerance).isEqual)
      await writeReference(file, actual)
    return null
  }
  if (expected === null) return `${name}: no reference (BITBENCH_RENEW_PICTURES=1 writes it)`
  const { isEqual, worst, marked } = comparePictures(expected, actual, tolerance)
  if (isEqual) return null
  const [seen, where] = await writeDifference(differences, name, actual, marked)
  return `${name}: ${worst} pixels of a square differ, see ${seen} and ${where}`
}
