import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  chromiumFile,
  collectComplaints,
  findLastingCutTexts,
  openBrowser,
  type OpenedBrowser
} from './support/browser'
import { goToPage, panelOf } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'
import { watchReplies } from './support/stillPage'

/**
 * The whole loop clicked through in a real Chromium over the web host, on the virtual board, with real services. The
 * pictures of every page land in build/screenshots to be looked at.
 */
const pictures = path.resolve(import.meta.dirname, '../../build/screenshots')
const pageIds = ['start', 'boards', 'profile', 'proxy', 'model', 'search', 'deploy', 'gpu', 'settings']
/** Connect, profile, two fits, a search and a deployment on two shared cores. */
const loopTimeoutMs = 600_000
if (chromiumFile === null)
  console.warn('SKIPPED: the loop in the window: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('the loop in the window', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]
  let replied: () => Promise<void>

  const open = (title: string): Promise<void> => goToPage(page, title)
  const panel = (title: string): Locator => panelOf(page, title)

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    app = await serveApp()
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    replied = watchReplies(page)
    await page.goto(app.address)
    await page.getByRole('heading', { name: 'Start', level: 1 }).waitFor()
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  it('says without a token where to get access', async () => {
    const stranger = await browser.context.newPage()
    await stranger.goto(new URL(app.address).origin)
    await stranger.getByText('This tab has no access').waitFor()
    await stranger.close()
  })

  it('connects a board, talks to its monitor and lets it go', async () => {
    await open('Boards')
    const card = page.locator('[data-board="virtual:small"]')
    await card.getByRole('button', { name: 'Connect', exact: true }).click()
    await card.getByText('connected', { exact: true }).waitFor()
    expect(await card.textContent()).toContain('rv32imac')
    expect(await card.textContent()).toContain('simulated')
    await page.getByLabel('Line to send').fill('?')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    const output = page.getByRole('log', { name: 'Console output' })
    await expect.poll(async () => (await output.textContent())?.length ?? 0).toBeGreaterThan(20)
    await page.getByRole('button', { name: 'Hex' }).click()
    await expect.poll(() => output.textContent()).toMatch(/3f 0d/)
    await card.getByRole('button', { name: 'Disconnect', exact: true }).click()
    await card.getByText('not connected').waitFor()
  })

  it('explains a port that does not exist', async () => {
    await open('Boards')
    await page.getByRole('button', { name: 'Add a port' }).click()
    await page.getByLabel(/Device path/).fill('/dev/ttyNOWHERE7')
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    const card = page.locator('[data-board="/dev/ttyNOWHERE7"]')
    await card.waitFor()
    await card.getByRole('button', { name: 'Connect', exact: true }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: /board\.(notFound|unavailable|permission)/ })
      .waitFor()
  })

  it(
    'walks the loop from one button, and every output is bit-exact',
    async () => {
      await open('Start')
      await page.getByRole('button', { name: 'Run the loop on the virtual board' }).click()
      const failed = page.locator('[data-step].failed')
      const done = page.locator('[data-step].done')
      await expect
        .poll(
          async () => {
            if ((await failed.count()) > 0)
              throw new Error(`${await failed.first().textContent()}\n${app.output()}`)
            return done.count()
          },
          { timeout: loopTimeoutMs, interval: 500 }
        )
        .toBe(6)
      const words = (await page.locator('.steps').textContent()) ?? ''
      expect(words).toMatch(/off on unseen shapes/)
      expect(words).toMatch(/250 images run/)
      expect(words).toMatch(/bit for bit/)
    },
    loopTimeoutMs + 30_000
  )

  it('shows on every page what the loop left there', async () => {
    await open('Profile')
    await panel('Samples').getByText('verified').first().waitFor()
    await open('Proxy')
    await panel('Fitted proxies').getByRole('cell', { name: 'pinned', exact: true }).first().waitFor()
    await page.getByText('Predicted against measured, each row held out').waitFor()
    await open('Search')
    await page.getByText('Best scheme costs').waitFor()
    await expect.poll(() => panel('Candidates').locator('tbody tr').count()).toBeGreaterThan(5)
    await open('Deploy')
    await page.locator('[data-test="verdict"]').getByText('bit-exact').waitFor()
  })

  it('takes a picture of every page in both themes, nothing cut off', async () => {
    const cut: string[] = []
    for (const theme of ['dark', 'light'] as const) {
      await page.evaluate(() => (location.hash = '/settings'))
      await page.getByRole('combobox', { name: 'Theme' }).selectOption(theme)
      await page.getByRole('button', { name: 'Save' }).click()
      await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme'])).toBe(theme)
      for (const id of pageIds) {
        await page.evaluate((target) => (location.hash = `/${target}`), id)
        await replied()
        cut.push(...(await findLastingCutTexts(page)).map(({ tag, text }) => `${id}: ${tag} "${text}"`))
        await page.screenshot({ path: path.join(pictures, `${id}-${theme}.png`) })
      }
    }
    expect(cut).toEqual([])
  }, 300_000)

  it('keeps everything over a reload', async () => {
    await page.evaluate(() => (location.hash = '/deploy'))
    await page.reload()
    await page.locator('[data-test="verdict"]').getByText('bit-exact').waitFor()
  })

  it('came so far without a complaint', () => {
    expect(complaints).toEqual([])
  })

  it('says when the host is gone', async () => {
    await app.stop()
    await page.getByText('The host does not respond; trying again.').waitFor()
  })
})
