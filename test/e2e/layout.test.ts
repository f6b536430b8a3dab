import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pages } from '@renderer/stores/window/navigation'
import { chromiumFile, findLastingCutTexts } from './support/browser'
import { sampleStates, stateHandlers } from './support/sampleStates'
import { openSampleWindow, type SampleWindow } from './support/sampleWindow'
import { bringTo } from './support/shownStates'
import { findLastingWaste } from './support/wideWindow'

/**
 * Every page, full of data, in both themes and at three window sizes, and in every state at the smallest and the largest:
 * nothing cut off, no width wasted, nothing complained about, nothing against the Content-Security-Policy. The pictures land
 * in build/screenshots/layout to be looked at.
 */
const root = path.resolve(import.meta.dirname, '../..')
const pictures = path.join(root, 'build/screenshots/layout')
const sizes = [
  { width: 1280, height: 800 },
  { width: 1024, height: 700 },
  { width: 2560, height: 1440 }
]
/** From here on a window is wide: what it shows has to use the width. */
const widePx = 2000
if (chromiumFile === null)
  console.warn('SKIPPED: layout of the window: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('layout of every page', () => {
  let opened: SampleWindow
  let page: Page
  let complaints: string[]
  let replied: () => Promise<void>

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    opened = await openSampleWindow()
    ;({ page, complaints, replied } = opened)
  })

  afterAll(() => opened?.close())

  it('takes the token out of the address bar', () => {
    expect(page.url()).not.toContain('token')
  })

  for (const theme of ['dark', 'light'] as const) {
    for (const size of sizes) {
      it(`shows every page uncut, ${theme}, ${size.width} x ${size.height}`, async () => {
        await page.setViewportSize(size)
        const wanted = theme === 'dark' ? 'Dark theme' : 'Light theme'
        const toggle = page.getByRole('button', { name: wanted })
        if (await toggle.isVisible()) await toggle.click()
        await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme)
        const cut: string[] = []
        for (const { id, title } of pages) {
          await openPage(page, id, title)
          await replied()
          cut.push(...(await faultsOf(page)).map((fault) => `${id}: ${fault}`))
          await page.screenshot({ path: path.join(pictures, `${id}-${theme}-${size.width}.png`) })
          await pictureBelowTheFold(page, path.join(pictures, `${id}-${theme}-${size.width}-below.png`))
        }
        expect(cut).toEqual([])
      }, 300_000)
    }
  }

  for (const state of sampleStates)
    it(`shows every page uncut: ${state}`, { timeout: 300_000 }, async () => {
      const shown = await openSampleWindow(stateHandlers[state])
      try {
        const faults: string[] = []
        for (const { id, title } of pages) {
          await openPage(shown.page, id, title)
          await shown.replied()
          await bringTo(shown.page, id, state)
          for (const size of [sizes[1]!, sizes[2]!]) {
            await shown.page.setViewportSize(size)
            await shown.replied()
            faults.push(...(await faultsOf(shown.page)).map((fault) => `${id}, ${size.width}: ${fault}`))
          }
        }
        expect(faults).toEqual([])
        expect(shown.complaints).toEqual([])
      } finally {
        await shown.close()
      }
    })

  it('is used by keyboard alone', async () => {
    await page.evaluate(() => (location.hash = '/start'))
    await page.reload()
    await page.getByRole('heading', { name: 'Start' }).waitFor()
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain('Skip to content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content')
    for (const [index, title] of [
      'Boards',
      'Profile',
      'Proxy',
      'Model',
      'Search',
      'Deploy',
      'GPU & energy'
    ].entries()) {
      await page.keyboard.press(`Alt+${index + 1}`)
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    }
  })

  it('came so far without a complaint', () => {
    expect(complaints).toEqual([])
  })
})

/** Shows a page, and waits until its part of the program is loaded. */
async function openPage(page: Page, id: string, title: string): Promise<void> {
  await page.evaluate((target) => (location.hash = `/${target}`), id)
  await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor()
}

/** What is cut off, and in a wide window what is left blank. */
async function faultsOf(page: Page): Promise<string[]> {
  const cut = (await findLastingCutTexts(page)).map(
    ({ tag, text, wanted, got }) => `${tag} "${text}" needs ${wanted}, has ${got}`
  )
  return page.viewportSize()!.width < widePx ? cut : [...cut, ...(await findLastingWaste(page))]
}

/** The rest of a page that scrolls, if it does. */
async function pictureBelowTheFold(page: Page, file: string): Promise<void> {
  const scrolled = await page.evaluate(() => {
    const body = document.querySelector('main .body')
    if (body === null || body.scrollHeight <= body.clientHeight + 8) return false
    body.scrollTop = body.clientHeight - 40
    return true
  })
  if (!scrolled) return
  await page.waitForTimeout(150)
  await page.screenshot({ path: file })
}
