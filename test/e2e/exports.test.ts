import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { pages } from '@renderer/stores/window/navigation'
import { chromiumFile, collectComplaints, openBrowser } from './support/browser'
import { awaitDownloadTurn } from './support/pageParts'
import { serveSamplePage } from './support/samplePage'
import { stateHandlers } from './support/sampleStates'
import { bringTo } from './support/shownStates'
import { watchReplies } from './support/stillPage'

/** Every entry of every export menu of every page, in a real Chromium: what is saved, and what is in the clipboard. */
if (chromiumFile === null)
  console.warn('SKIPPED: exports of charts and tables: no Chromium (apt install chromium)')

const pngMagic = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Pages that show neither a chart nor a table. */
const pagesWithout = ['start', 'settings']
/** What every chart and every table can be carried away as. */
const forms = ['PNG', 'SVG', 'CSV', 'Copy picture']
/** A picture on a busy machine; that none comes is a fault, not a matter of time. */
const actionMs = 30_000
const sides = (png: Buffer): [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)]

/** What is wrong with what an entry came to; null: nothing. `svgSides` are those of the picture in one size. */
async function faultOf(page: Page, entry: Locator, text: string, svgSides: number[]): Promise<string | null> {
  if (text.startsWith('Copy')) {
    await page.evaluate(() => navigator.clipboard.writeText('nothing yet'))
    await entry.click()
    const isPicture = text === 'Copy picture'
    const copied = async (): Promise<string> =>
      await page.evaluate(async (wanted) => {
        const [item] = await navigator.clipboard.read()
        if (item === undefined) return ''
        if (wanted) return item.types.includes('image/png') ? `${(await item.getType('image/png')).size}` : ''
        return item.types.includes('text/plain') ? (await item.getType('text/plain')).text() : ''
      }, isPicture)
    for (const untilMs = Date.now() + actionMs; Date.now() < untilMs;) {
      const found = await copied()
      if (isPicture ? Number(found) > 500 : found !== '' && found !== 'nothing yet') return null
      await page.waitForTimeout(30)
    }
    return 'the clipboard stayed as it was'
  }
  await awaitDownloadTurn(page)
  const [download] = await Promise.all([page.waitForEvent('download', { timeout: actionMs }), entry.click()])
  const bytes = await readFile(await download.path())
  if (text.startsWith('CSV')) {
    const lines = bytes.toString('utf8').split('\r\n')
    return lines.length >= 2 && lines[0]!.length > 0 ? null : `a CSV of ${lines.length} lines`
  }
  if (text.startsWith('SVG')) {
    const svg = bytes.toString('utf8')
    const found = /<svg[^>]* width="([\d.]+)"[^>]* height="([\d.]+)"/.exec(svg)
    if (found === null) return `no size in ${svg.slice(0, 120)}`
    svgSides.push(Math.round(Number(found[1])), Math.round(Number(found[2])))
    return null
  }
  if (!bytes.subarray(0, 8).equals(pngMagic)) return 'no PNG'
  const [wide, high] = sides(bytes)
  svgSides.push(wide / 2, high / 2)
  return null
}

it.skipIf(chromiumFile === null)(
  'every chart and table of every page is saved as PNG, SVG and CSV and goes into the clipboard',
  { timeout: 900_000 },
  async () => {
    const host = await serveSamplePage(stateHandlers.finished)
    const browser = await openBrowser({
      acceptDownloads: true,
      permissions: ['clipboard-read', 'clipboard-write']
    })
    const page = await browser.context.newPage()
    const complaints = collectComplaints(page)
    const faults: string[] = []
    const menusOf: Record<string, number> = {}
    try {
      const replied = watchReplies(page)
      await page.goto(host.address)
      for (const { id, title } of pages) {
        await page.evaluate((target) => (location.hash = `/${target}`), id)
        await page.getByRole('heading', { name: title, level: 1, exact: true }).waitFor()
        await replied()
        await bringTo(page, id, 'finished')
        // The trace of a recording, which is drawn by the other library, is shown when the recording is opened.
        if (id === 'gpu') await page.getByRole('cell', { name: 'bench.py' }).first().click()
        await replied()
        const exportMenus = page
          .locator('details.menu')
          .filter({ has: page.locator('summary[aria-label^="Export"]') })
        // Replies may be there before they are drawn.
        if (!pagesWithout.includes(id)) await exportMenus.first().waitFor({ state: 'attached' })
        const menus = await exportMenus.all()
        menusOf[id] = menus.length
        for (const menu of menus) {
          const label = await menu.locator('summary').getAttribute('aria-label')
          const texts = (await menu.locator('.items button').allTextContents()).map((one) => one.trim())
          const missing = forms.filter((form) => !texts.some((one) => one.startsWith(form)))
          if (missing.length > 0) faults.push(`${id}, ${label}: no ${missing.join(', ')}`)
          const tried = new Set<string>()
          const sizes: number[] = []
          for (const [at, text] of texts.entries()) {
            const entry = menu.locator('.items button').nth(at)
            // All entries of the first menu of a page; of the others one of each form.
            const form = forms.find((one) => text.startsWith(one))
            const isTried = menu === menus[0] || (form !== undefined && !tried.has(form))
            if (!isTried) continue
            if (form !== undefined) tried.add(form)
            await menu.evaluate((element) => ((element as HTMLDetailsElement).open = true))
            if (await entry.isDisabled()) continue
            const fault = await faultOf(page, entry, text, sizes).catch((error: unknown) =>
              String(error).slice(0, 200)
            )
            if (fault !== null) faults.push(`${id}, ${label}, ${text}: ${fault}`)
          }
          if (
            sizes.length === 4 &&
            (Math.abs(sizes[0]! - sizes[2]!) > 1 || Math.abs(sizes[1]! - sizes[3]!) > 1)
          )
            faults.push(`${id}, ${label}: PNG and SVG of ${sizes.join(' x ')}`)
          await menu.evaluate((element) => ((element as HTMLDetailsElement).open = false))
        }
      }
    } finally {
      await browser.close()
      await host.close()
    }
    expect(faults).toEqual([])
    expect(complaints).toEqual([])
    expect(
      Object.entries(menusOf)
        .filter(([, count]) => count === 0)
        .map(([id]) => id)
    ).toEqual(pagesWithout)
  }
)
