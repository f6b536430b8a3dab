import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { freePort } from '../support/freePort'
import { goToPage, pageLink, panelOf } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'
import { serveHost, type ServedHost } from '../support/servedHost'

/** What users reported of window and command line, done again in a real Chromium over the web host. */
if (chromiumFile === null) console.warn('SKIPPED: reports of use: no Chromium found (apt install chromium)')
const standIn = path.resolve(import.meta.dirname, '../fixtures/smi/fakeSmi.mjs')
const longMs = 120_000

describe.skipIf(chromiumFile === null)('what users reported', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-reported-'))
  let host: ServedHost
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]

  const open = (title: string): Promise<void> => goToPage(page, title)
  const panel = (title: string): Locator => panelOf(page, title)
  const connected = async (): Promise<string[]> =>
    (await host.call('board.list', {})).boards
      .filter(({ state }) => state === 'connected')
      .map(({ id }) => id)

  beforeAll(async () => {
    host = await serveHost(path.join(folder, 'data'), { BITBENCH_NVIDIA_SMI: standIn })
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.goto(`${host.origin}/#token=${host.token}`)
    await page.getByRole('heading', { name: 'Start', level: 1 }).waitFor()
  }, 300_000)
  afterAll(async () => {
    await browser?.close()
    await host?.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  it('every panel of the Model page follows the network that is chosen', { timeout: longMs }, async () => {
    await open('Model')
    const choice = page.getByRole('combobox', { name: 'Model' })
    await choice.waitFor()
    const { models } = await host.call('model.list', {})
    for (const { id, name } of [models[1]!, models[0]!]) {
      await choice.selectOption({ label: name })
      await page.getByRole('heading', { name, level: 2, exact: true }).waitFor()
      const { model } = await host.call('model.info', { modelId: id })
      const weighted = model.nodes.filter((node) => node.weighted).map((node) => node.name)
      const edited = panel('Accuracy of a scheme').getByRole('listitem')
      await expect
        .poll(async () => (await edited.allInnerTexts()).map((text) => text.split('\n')[0]))
        .toEqual(weighted)
      await expect
        .poll(() => page.getByRole('region', { name: 'Layers' }).locator('tbody tr').count())
        .toBeGreaterThanOrEqual(Math.min(3, model.nodes.length))
    }
  })

  it('without a board, Deploy connects none and offers no C for one', async () => {
    await open('Deploy')
    await page.getByText('No board is connected').waitFor()
    expect(await page.getByRole('button', { name: 'Write C' }).count()).toBe(0)
    expect(await connected()).toEqual([])
  })

  it(
    'a port that is not there: its error goes when it is forgotten, which asks and can be undone',
    { timeout: longMs },
    async () => {
      await open('Boards')
      await page.getByRole('button', { name: 'Add a port' }).click()
      await page.getByLabel(/Device path/).fill('/dev/ttyNOWHERE7')
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      const card = page.locator('[data-board="/dev/ttyNOWHERE7"]')
      await card.getByRole('button', { name: 'Connect', exact: true }).click()
      const error = page.getByRole('alert').filter({ hasText: 'There is no port /dev/ttyNOWHERE7' })
      await error.waitFor()
      await error.getByRole('button', { name: 'Try again' }).click()
      await error.waitFor()
      expect(await connected()).toEqual([])
      await card.click()
      const forget = page.getByRole('button', { name: 'Forget', exact: true })
      const ask = page.getByRole('alertdialog', { name: 'Forget /dev/ttyNOWHERE7?' })
      await forget.click()
      await ask.getByRole('button', { name: 'Keep' }).click()
      await forget.click()
      await ask.getByRole('button', { name: 'Forget' }).click()
      await page.getByRole('button', { name: 'Undo' }).first().click()
      await forget.click()
      await ask.getByRole('button', { name: 'Forget' }).click()
      await card.waitFor({ state: 'detached' })
      await error.waitFor({ state: 'detached' })
      const listed = (await host.call('board.list', {})).boards.map(({ id }) => id)
      expect(listed).not.toContain('/dev/ttyNOWHERE7')
    }
  )

  it('a text is no program: it needs an address and a question', { timeout: longMs }, async () => {
    const card = page.locator('[data-board="virtual:small"]')
    await card.getByRole('button', { name: 'Connect', exact: true }).click()
    await card.getByText('connected', { exact: true }).waitFor()
    await card.click()
    const file = path.join(folder, 'notes.txt')
    writeFileSync(file, 'thirteen byte')
    const form = panel('Load a program')
    await form.locator('input[type=file]').setInputFiles(file)
    await form.getByText('This file is no ELF program').waitFor()
    const load = form.getByRole('button', { name: 'Load', exact: true }).last()
    expect(await load.isDisabled()).toBe(true)
    await form.getByLabel('Address of a flat binary').fill('0x100')
    await load.click()
    const ask = form.getByRole('alertdialog')
    expect(await ask.innerText()).toMatch(/notes\.txt is no ELF program\. Write its 13 B to 0x00000100\?/)
    await ask.getByRole('button', { name: 'Cancel' }).click()
    expect((await host.call('board.loads', {})).loads).toEqual([])
  })

  it('an emptied number keeps its form from being sent, and says so', async () => {
    await open('Profile')
    const field = page.getByRole('spinbutton', { name: 'Repetitions' })
    await field.fill('')
    await field.blur()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    expect((await host.call('profile.campaigns', {})).campaigns).toEqual([])
    await field.fill('2')
  })

  it('a cancel of one’s own is no error', { timeout: longMs }, async () => {
    await page.getByRole('button', { name: 'Measure', exact: true }).click()
    await host.heardOf(({ event }) => event === 'profile.measured', longMs)
    await page.getByRole('button', { name: 'Cancel' }).first().click()
    await host.heardOf(
      ({ event, payload }) => event === 'job.changed' && (payload as { state: string }).state === 'cancelled',
      longMs
    )
    await page.waitForTimeout(500)
    expect(await page.getByRole('alert').allInnerTexts()).toEqual([])
    // This one alone: the form with an emptied number was not sent later either.
    expect((await host.call('profile.campaigns', {})).campaigns).toHaveLength(1)
  })

  it(
    'the card of a GPU moves with the chart, and gaps are those of the list',
    { timeout: longMs },
    async () => {
      await open('GPU & energy')
      await page.getByRole('button', { name: 'Start sampling' }).first().click()
      const card = page.locator('.panel').filter({ hasText: 'GPU 0: Stand-in A100' })
      const seen = new Set<string>()
      await expect
        .poll(async () => seen.add(/Power\n(\S+) W/.exec(await card.innerText())?.[1] ?? '').size, {
          timeout: 300_000,
          interval: 500
        })
        .toBeGreaterThan(3)
      await page.getByRole('button', { name: 'Stop sampling' }).click()
    }
  )

  it('the command line finds the running host, and leaves it running', { timeout: longMs }, async () => {
    const argv = ['bin/bitbench.mjs', 'board', 'list', '--json', '--data', path.join(folder, 'data')]
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 60_000 })
    const boards = (JSON.parse(stdout) as { boards: { id: string; state: string }[] }).boards
    expect(boards.find(({ id }) => id === 'virtual:small')?.state).toBe('connected')
    expect(await connected()).toEqual(['virtual:small'])
  })

  it('came so far without a complaint', () => expect(complaints).toEqual([]))
})

describe.skipIf(chromiumFile === null)('a host that was restarted', () => {
  let first: ServedApp | undefined
  let second: ServedApp | undefined
  let browser: OpenedBrowser | undefined
  afterAll(async () => {
    await browser?.close()
    await first?.close()
    await second?.close()
  })

  it(
    'is not taken for one that does not respond, and leaves no progress bar behind',
    { timeout: 300_000 },
    async () => {
      const tcpPort = await freePort()
      first = await serveApp({ tcpPort })
      browser = await openBrowser()
      const page = await browser.context.newPage()
      await page.goto(first.address)
      await pageLink(page, 'Boards').click()
      const card = page.locator('[data-board="virtual:small"]')
      await card.getByRole('button', { name: 'Connect', exact: true }).click()
      await card.getByText('connected', { exact: true }).waitFor()
      await pageLink(page, 'Profile').click()
      await page.getByRole('button', { name: 'Measure', exact: true }).click()
      await page.getByRole('progressbar').first().waitFor()
      await first.stop()
      await page.getByText('The host does not respond; trying again.').waitFor()
      second = await serveApp({ tcpPort })
      const banner = page.getByRole('alert').filter({ hasText: /restarted/ })
      await banner.waitFor()
      await page.getByText('The host does not respond; trying again.').waitFor({ state: 'detached' })
      await expect.poll(() => page.getByRole('progressbar').count()).toBe(0)
    }
  )
})
