import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile, collectComplaints, openBrowser, type OpenedBrowser } from './support/browser'
import { serveApp, type ServedApp } from './support/servedApp'

/** Files chosen and dropped in a browser, sent to the real host, and what is shown again after a reload. */
const root = path.resolve(import.meta.dirname, '../..')
const network = path.join(root, 'resources/models/lenet5-fashion.onnx')
const pictures = path.join(root, 'build/screenshots/files')
if (chromiumFile === null) console.warn('SKIPPED: files in the browser: no Chromium found')

describe.skipIf(chromiumFile === null)('files in the browser', () => {
  let app: ServedApp
  let browser: OpenedBrowser
  let page: Page
  let folder: string
  let complaints: string[]

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench files '))
    await mkdir(pictures, { recursive: true })
    app = await serveApp()
    browser = await openBrowser()
    page = await browser.context.newPage()
    complaints = collectComplaints(page)
    await page.goto(app.address)
    await page.getByRole('heading', { name: 'Start' }).waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Drops a file on the page as a file manager does. */
  async function drop(name: string, bytes: Buffer): Promise<void> {
    const transfer = await page.evaluateHandle(
      ([text, fileName]) => {
        const given = new DataTransfer()
        const content = Uint8Array.from(atob(text!), (letter) => letter.charCodeAt(0))
        given.items.add(new File([content], fileName!))
        return given
      },
      [bytes.toString('base64'), name]
    )
    await page.dispatchEvent('main', 'dragover', { dataTransfer: transfer })
    await page.getByText('Drop to open').waitFor()
    await page.dispatchEvent('main', 'drop', { dataTransfer: transfer })
  }

  it('a dropped network is opened on the Model page, and shown again after a reload', async () => {
    await drop('my net.onnx', await readFile(network))
    await page.getByRole('heading', { name: 'Model', level: 1 }).waitFor()
    await page.getByRole('heading', { name: 'my net' }).waitFor()
    await page.screenshot({ path: path.join(pictures, 'dropped.png') })
    // Saved a moment after the last change.
    const { models } = await app.call('model.list', {})
    const shown = async () => (await app.call('app.settings', {})).workspace
    await expect
      .poll(shown)
      .toMatchObject({ page: 'model', modelId: models.find(({ name }) => name === 'my net')!.id })
    await page.evaluate(() => history.replaceState(null, '', '/'))
    await page.reload()
    await page.getByRole('heading', { name: 'my net' }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByText('Open again: my net.onnx').waitFor()
    await page.keyboard.press('Escape')
  })

  it('a dropped table of kernel samples opens their import', async () => {
    await drop('conv.csv', Buffer.from('N,M,K,QA,QW,Time\n1,2,3,8,8,99\n'))
    await page.getByRole('heading', { name: 'Import samples' }).waitFor()
    await page.getByText('conv.csv').waitFor()
  })

  it('what nothing opens is refused, with what is opened', async () => {
    await drop('notes.docx', Buffer.from('x'))
    await page.getByText('notes.docx is of no kind that Bitbench opens.').waitFor()
    await page.screenshot({ path: path.join(pictures, 'refused.png') })
  })

  it('a wrong path is named when the field is left; a chosen file is sent and opened', async () => {
    await page.evaluate(() => (location.hash = '/model'))
    await page.getByRole('button', { name: 'Open a network' }).first().click()
    const field = page.getByLabel(/^Network \(ONNX/).and(page.locator('input[type=text]'))
    await field.fill('~/no such network.onnx')
    await field.press('Tab')
    await page.getByText(/There is no file or folder .*no such network\.onnx/).waitFor()
    await page.screenshot({ path: path.join(pictures, 'wrong.png') })
    const copy = path.join(folder, 'chosen.onnx')
    await copyFile(network, copy)
    await writeFile(`${copy}.note`, 'x')
    await page.locator('input[type=file]').first().setInputFiles(copy)
    await expect.poll(() => page.getByText('chosen.onnx').count()).toBeGreaterThan(0)
  })

  it('came so far without a complaint', () => expect(complaints).toEqual([]))
})
