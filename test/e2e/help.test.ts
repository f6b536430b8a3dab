import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workPanels } from '@renderer/help/panelCommands'
import { axeViolations } from './support/axe'
import { chromiumFile } from './support/browser'
import { pageIds } from './support/samplePage'
import { openSampleWindow, type SampleWindow } from './support/sampleWindow'

/** Guide, command palette and screen-reader names of every page, in a real Chromium under the page's strict policy. */
const root = path.resolve(import.meta.dirname, '../..')
const pictures = path.join(root, 'build/screenshots/help')
if (chromiumFile === null) console.warn('SKIPPED: help in the window: no Chromium (apt install chromium)')

describe.skipIf(chromiumFile === null)('help and names', () => {
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

  it('goes to a panel by Ctrl-K, with the focus on its heading', async () => {
    await page.keyboard.press('Control+k')
    const palette = page.getByRole('dialog', { name: 'Commands' })
    await palette.getByRole('combobox').fill('problem report')
    await palette.getByRole('option', { selected: true }).filter({ hasText: 'Go to Log' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor()
    await expect.poll(() => page.locator(':focus').textContent()).toBe('Log')
  })

  it('has every panel that the commands go to', async () => {
    for (const { page: id, heading } of workPanels) {
      await open(id)
      await page.locator('.panel').getByRole('heading', { name: heading, level: 2, exact: true }).waitFor()
    }
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
      for (const { id: rule, impact, nodes } of await axeViolations(page))
        for (const { target, html } of nodes.slice(0, 3))
          found.push(`${id}: ${rule} (${impact}) ${target.join(' ')} ${html.slice(0, 100)}`)
    }
    expect(found).toEqual([])
  }, 300_000)

  it('came so far without a complaint', () => {
    expect(complaints).toEqual([])
  })
})
