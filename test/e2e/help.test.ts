import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WebHost } from '@main/hosts/webHost'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { pageIds, serveSamplePage } from './support/samplePage'
import { watchReplies } from './support/stillPage'

/** Guide, command palette and screen-reader names of every page, in a real Chromium under the page's strict policy. */
const root = path.resolve(import.meta.dirname, '../..')
const pictures = path.join(root, 'build/screenshots/help')
const axeFile = path.join(root, 'node_modules/axe-core/axe.min.js')
if (chromiumFile === null) console.warn('SKIPPED: help in the window: no Chromium (apt install chromium)')

interface AxeResult {
  violations: { id: string; impact: string | null; nodes: { target: string[]; html: string }[] }[]
}

describe.skipIf(chromiumFile === null)('help and names', () => {
  let host: WebHost
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]
  let replied: () => Promise<void>

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    host = await serveSamplePage()
    browser = await openBrowser()
    page = await browser.context.newPage()
    await page.setViewportSize({ width: 1024, height: 700 })
    complaints = collectComplaints(page)
    replied = watchReplies(page)
    await page.goto(host.address)
    await page.getByRole('heading', { name: 'Start' }).waitFor()
  })

  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  const open = async (id: string): Promise<void> => {
    await page.evaluate((target) => (location.hash = `/${target}`), id)
    await replied()
  }

  it('opens the guide to the page by ?, searches it, and Escape goes back', async () => {
    await open('proxy')
    await page.getByRole('heading', { name: 'Proxy', level: 1 }).waitFor()
    await page.keyboard.press('?')
    const guide = page.getByRole('dialog', { name: 'Guide' })
    await guide.getByRole('heading', { name: 'Latency proxies' }).waitFor()
    await page.screenshot({ path: path.join(pictures, 'guide.png') })
    await guide.getByRole('searchbox').fill('baud')
    const hits = guide.getByRole('list', { name: 'Places found' }).getByRole('button')
    await expect.poll(() => hits.count()).toBeGreaterThan(0)
    // Pages of single boards speak of it too.
    await hits.filter({ hasText: 'Boards, one by one' }).first().click()
    await guide.getByRole('heading', { name: 'Boards, one by one' }).waitFor({ state: 'attached' })
    await page.keyboard.press('Escape')
    await guide.waitFor({ state: 'detached' })
    expect(new URL(page.url()).hash).toBe('#/proxy')
  })

  it('finds a page by Ctrl-K', async () => {
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: 'Commands' })
    await palette.waitFor()
    await palette.getByRole('combobox').pressSequentially('data')
    await palette.getByRole('option', { selected: true }).filter({ hasText: 'Data sets' }).waitFor()
    await page.screenshot({ path: path.join(pictures, 'palette.png') })
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Data sets', level: 1 }).waitFor()
    await palette.waitFor({ state: 'detached' })
  })

  it('asked for by a question mark in a field, writes a question mark', async () => {
    await open('settings')
    const field = page.getByLabel('Path of nvidia-smi')
    await field.fill('')
    await field.press('?')
    expect(await field.inputValue()).toBe('?')
    expect(await page.getByRole('dialog', { name: 'Guide' }).count()).toBe(0)
  })

  it('gives every control and region of every page a name, and text enough contrast (axe-core, WCAG 2 A and AA)', async () => {
    const found: string[] = []
    for (const id of pageIds) {
      await open(id)
      // Evaluated through the debugger, so that the page's policy needs no exception for it.
      const axe = await import('node:fs/promises').then(({ readFile }) => readFile(axeFile, 'utf8'))
      await page.evaluate(axe)
      const result = await page.evaluate(
        async () =>
          await (globalThis as unknown as { axe: { run(c: Document, o: object): Promise<unknown> } }).axe.run(
            document,
            { runOnly: ['wcag2a', 'wcag2aa'] }
          )
      )
      for (const { id: rule, impact, nodes } of (result as AxeResult).violations)
        for (const { target, html } of nodes.slice(0, 3))
          found.push(`${id}: ${rule} (${impact}) ${target.join(' ')} ${html.slice(0, 100)}`)
    }
    expect(found).toEqual([])
  }, 300_000)

  it('came so far without a complaint', () => {
    expect(complaints).toEqual([])
  })
})
