import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { panelOf } from './support/pageParts'
import { serveApp, type ServedApp } from './support/servedApp'

/** GPU hosts in the window. The prefix `env` starts the far side on this machine; ssh itself: test/integration/remote. */
const standIn = path.resolve(import.meta.dirname, '../fixtures/smi/fakeSmi.mjs')
if (chromiumFile === null) console.warn('SKIPPED: GPU hosts in the window: no Chromium found')

describe.skipIf(chromiumFile === null)('GPU hosts in the window', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    // This machine has no GPU; the host has the stand-in.
    app = await serveApp({ env: { BITBENCH_NVIDIA_SMI: '/no/such/nvidia-smi' } })
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.goto(app.address)
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  it('names and checks a host', async () => {
    await page.getByRole('link', { name: 'Workers' }).click()
    await page.getByLabel('Name', { exact: true }).fill('lab gpu')
    await page.getByLabel('Command in front').fill(`env "BITBENCH_NVIDIA_SMI=${standIn}"`)
    await page
      .getByLabel('Bitbench there')
      .fill(`"${process.execPath}" "${path.resolve('bin/bitbench.mjs')}"`)
    await page.getByRole('button', { name: 'Add the host' }).click()
    // A space is no part of a name.
    await page.getByText('letters, digits, dot, dash and underscore').waitFor()
    await page.getByLabel('Name', { exact: true }).fill('gpu1')
    await page.getByRole('button', { name: 'Add the host' }).click()
    const host = page.locator('[data-test=gpu-hosts]')
    await host.getByRole('button', { name: 'Check' }).click()
    await host.getByText('driver 550.54.15: Stand-in A100').waitFor()
    await host.getByRole('cell', { name: 'Stand-in A100', exact: true }).waitFor()
    expect(await host.textContent()).toMatch(/clock [+−]\d/)
  }, 300_000)

  it('records on it from the GPU page, on a machine without a GPU', async () => {
    await page.getByRole('link', { name: 'GPU & energy' }).click()
    await panelOf(page, 'Record').getByLabel('Command (empty').fill('sh -c "echo from the host"')
    await panelOf(page, 'Record').getByLabel('Idle before').fill('0')
    await panelOf(page, 'Record').getByRole('button', { name: 'Record', exact: true }).click()
    await page.getByText('from the host', { exact: true }).waitFor()
    await page
      .getByRole('cell', { name: /sh -c echo from the host/ })
      .first()
      .waitFor()
  }, 300_000)

  it('shows on the Runs page where the run was made', async () => {
    await page.getByRole('link', { name: 'Runs' }).click()
    await page.getByText('sh -c echo from the host').first().click()
    await page.getByText(/gpu1 .*driver 550\.54\.15, clock/).waitFor()
    expect(complaints).toEqual([])
  }, 300_000)
})
