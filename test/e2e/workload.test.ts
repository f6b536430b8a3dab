import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, findLastingCutTexts, openBrowser } from './support/browser'
import type { OpenedBrowser } from './support/browser'
import { goToPage, panelOf } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'

/** The page Workloads with a runner whose steps only wait, beside a stand-in for nvidia-smi: empty, failed, running, stopped, finished. */
const fixtures = path.resolve(import.meta.dirname, '../fixtures')
const pictures = path.resolve(import.meta.dirname, '../../build/screenshots/workload')
if (chromiumFile === null)
  console.warn('SKIPPED: the page Workloads: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('the page Workloads', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]
  const cut: string[] = []
  let folder: string
  let failUntil: string
  let holdLast: string

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench workload '))
    failUntil = path.join(folder, 'mended')
    holdLast = path.join(folder, 'held')
    const phaseFile = path.join(folder, 'phase')
    const watts = { 'benchmark:fp32': 200, 'layer:a': 100, 'layer:b': 220 }
    app = await serveApp({
      env: {
        BITBENCH_NVIDIA_SMI: path.join(fixtures, 'smi/fakeSmi.mjs'),
        FAKE_SMI: JSON.stringify({ phases: { file: phaseFile, watts } }),
        BITBENCH_PHASE_FILE: phaseFile,
        STUB: JSON.stringify({ log: path.join(folder, 'log'), fail: 'all', failUntil, holdLast })
      }
    })
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.goto(app.address)
    await goToPage(page, 'Workloads')
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await app?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Takes pictures of what is shown in both themes and at the smallest window; notes texts that are cut off. */
  async function look(name: string): Promise<void> {
    for (const theme of ['light', 'dark'] as const) {
      const toggle = page.getByRole('button', { name: theme === 'dark' ? 'Dark theme' : 'Light theme' })
      if (await toggle.isVisible()) await toggle.click()
      for (const size of [
        { width: 1280, height: 800 },
        { width: 1024, height: 700 }
      ]) {
        await page.setViewportSize(size)
        cut.push(...(await findLastingCutTexts(page)).map(({ text }) => `${name}, ${theme}: ${text}`))
        await page.screenshot({ path: path.join(pictures, `${name}-${theme}-${size.width}.png`) })
      }
      // The whole of a long page.
      await page.setViewportSize({ width: 1280, height: 3200 })
      await page.screenshot({ path: path.join(pictures, `${name}-${theme}-whole.png`) })
      await page.setViewportSize({ width: 1280, height: 800 })
    }
  }

  const startRun = async (effort: 'Quick look' | 'Measure'): Promise<void> => {
    const form = panelOf(page, 'Run')
    await form.getByLabel('Network').selectOption({ label: 'Program of my own' })
    await form.getByLabel('Command').fill(`node "${path.join(fixtures, 'workload/stubRunner.mjs')}"`)
    await form.getByLabel('How thoroughly').selectOption({ label: effort })
    await form.getByRole('button', { name: 'Run', exact: true }).click()
  }
  const stepsDone = async (): Promise<string> =>
    (await page.locator('.tile').filter({ hasText: 'Steps done' }).textContent()) ?? ''

  it('is empty first', { timeout: 300_000 }, async () => {
    await page.getByText('No network has been run').waitFor()
    await look('empty')
  })

  it(
    'says that nothing was measured where every step failed, and goes on',
    { timeout: 300_000 },
    async () => {
      await startRun('Quick look')
      const notice = page.getByRole('status').filter({ hasText: 'Nothing was measured: all 6 steps failed' })
      await notice.waitFor()
      expect(await notice.textContent()).toContain('The weights do not fit.')
      await look('failed')
      await writeFile(failUntil, '')
      await notice.getByRole('button', { name: 'Go on' }).click()
      await expect.poll(stepsDone, { timeout: 120_000 }).toMatch(/6 of 6.*done/)
      expect(await notice.count()).toBe(0)
    }
  )

  it(
    'shows the power of a running one, keeps what is done when cancelled, and goes on',
    { timeout: 600_000 },
    async () => {
      // However long the pictures take, the run is there to be cancelled.
      await writeFile(holdLast, '')
      await startRun('Measure')
      await page.getByRole('img', { name: 'Power' }).waitFor()
      await expect.poll(stepsDone, { timeout: 120_000 }).toMatch(/[1-3] of 6/)
      await look('running')
      await panelOf(page, 'Run').getByRole('button', { name: 'Cancel' }).click()
      const notice = page.getByRole('status').filter({ hasText: 'This run was cancelled after' })
      await notice.waitFor()
      await look('cancelled')
      await rm(holdLast)
      await notice.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('img', { name: 'Power' }).waitFor()
      // A second client, or a reload, finds the same run going on.
      await page.reload()
      await page.getByRole('img', { name: 'Power' }).waitFor()
      await expect.poll(stepsDone, { timeout: 240_000 }).toMatch(/6 of 6.*done/)
      await page.getByText('Stand-in A100').first().waitFor()
      await panelOf(page, 'Layers').getByText('SIMULATED energy').first().waitFor()
      await look('finished')
      expect(cut).toEqual([])
      expect(complaints).toEqual([])
    }
  )
})
