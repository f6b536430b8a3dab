import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumFile } from './support/browser'
import { exportMenu, panelOf, savedBy } from './support/pageParts'
import { openSampleWindow, type SampleWindow } from './support/sampleWindow'

/** Charts and tables in a real browser: zoom by wheel, fit, exports. Pictures: build/screenshots/charts. */
const root = path.resolve(import.meta.dirname, '../..')
const pictures = path.join(root, 'build/screenshots/charts')
if (chromiumFile === null) console.warn('SKIPPED: charts: no Chromium found (apt install chromium)')

describe.skipIf(chromiumFile === null)('charts and tables', () => {
  let opened: SampleWindow
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    await mkdir(pictures, { recursive: true })
    opened = await openSampleWindow()
    ;({ page, complaints } = opened)
  })

  afterAll(() => opened?.close())

  const open = async (id: string): Promise<void> => {
    await page.evaluate((target) => (location.hash = `/${target}`), id)
  }

  /** The text of what an entry of an export menu saves. */
  const saved = async (of: string, entry: string): Promise<string> =>
    String(await savedBy(exportMenu(page, of), entry))
  const rowsOf = (csv: string): number => csv.trimEnd().split('\r\n').length - 1

  describe('a chart', () => {
    const label = 'Accuracy of the schemes evaluated so far'
    let chart: Locator
    beforeAll(async () => {
      await open('search')
      chart = page.getByRole('img', { name: label })
      await chart.waitFor()
      await chart.scrollIntoViewIfNeeded()
    })

    it('zooms by wheel, and exports the window alone', async () => {
      const all = rowsOf(await saved(label, 'CSV, all points'))
      expect(rowsOf(await saved(label, 'CSV, points in the window'))).toBe(all)
      await chart.hover()
      // A chart that is still being drawn does not take the wheel yet.
      const rowsAfterWheel = async (): Promise<number> => {
        await page.mouse.wheel(0, -600)
        return rowsOf(await saved(label, 'CSV, points in the window'))
      }
      await expect.poll(rowsAfterWheel).toBeLessThan(all)
      await page.screenshot({ path: path.join(pictures, 'search-zoomed.png') })
      await page
        .getByRole('toolbar', { name: `Tools of ${label}` })
        .getByText('Fit')
        .click()
      await expect.poll(async () => rowsOf(await saved(label, 'CSV, points in the window'))).toBe(all)
    })

    it('saves pictures', async () => {
      expect(await saved(label, 'SVG')).toMatch(/^<svg[^]*accuracy on the search items[^]*<\/svg>/)
      expect((await saved(label, 'PNG, twice the size')).slice(1, 4)).toBe('PNG')
    })
  })

  describe('a recording', () => {
    // The live trace of the same name comes at another time.
    const shown = (): Locator => page.locator('.panel').filter({ hasText: 'Energy of every phase' })
    beforeAll(async () => {
      await open('gpu')
      await page.getByRole('region', { name: 'Recordings' }).getByRole('row').nth(1).click()
      await exportMenu(shown(), 'Power').waitFor()
    })

    it('is zoomed by wheel, selected by dragging, and says what the selection holds', async () => {
      const trace = shown().getByRole('img', { name: 'Power', exact: true })
      await trace.scrollIntoViewIfNeeded()
      await trace.hover()
      await page.mouse.wheel(0, -400)
      const statistics = page.getByRole('status', { name: 'Statistics' })
      await statistics.filter({ hasText: 'Window' }).waitFor()
      const box = (await trace.boundingBox())!
      await page.mouse.move(box.x + 200, box.y + 80)
      await page.mouse.down()
      await page.mouse.move(box.x + 400, box.y + 90, { steps: 4 })
      await page.mouse.up()
      await statistics.filter({ hasText: /Selection.*Mean.*W.*Energy.*J/ }).waitFor()
      // From every reading, which the host is asked for when the drag rests.
      await statistics.filter({ hasNotText: /reading|drawn points/ }).waitFor()
      await page.screenshot({ path: path.join(pictures, 'recording-selected.png') })
    })

    it('shows everything again by Fit: whole time, outliers too, the axis as it was', async () => {
      const tools = shown().getByRole('toolbar', { name: 'Tools of Power', exact: true })
      const pressed = (name: string): Promise<string | null> =>
        tools.getByRole('button', { name }).getAttribute('aria-pressed')
      await tools.getByRole('button', { name: 'Ignore outliers' }).click()
      await tools.getByRole('button', { name: 'Log y' }).click()
      expect([await pressed('Ignore outliers'), await pressed('Log y')]).toEqual(['true', 'true'])
      await page.keyboard.press('Escape')
      await tools.getByText('Fit').click()
      expect([await pressed('Ignore outliers'), await pressed('Log y')]).toEqual(['false', 'true'])
      await page.locator('.minimap').waitFor({ state: 'detached' })
    })
  })

  describe('small pictures and tables', () => {
    // The plan of the form shows the same pictures as that of the deployment, and comes at another time.
    const kept = 'Memory of this deployment'
    const shown: [page: string, label: string, word: string, panel?: string][] = [
      ['deploy', 'Arena over the layers', 'conv1', kept],
      ['deploy', 'Weights in the Image', 'fc1', kept],
      ['deploy', 'Bits per layer', 'conv1'],
      ['profile', 'Cost per bit pair', 'w8'],
      ['proxy', 'Importance of features', 'outputs'],
      ['lm', 'Share of a token by layer and part', 'attention'],
      ['model', 'Sensitivity', 'conv1'],
      ['model', 'Graph', 'conv1'],
      ['dataset', 'Classes', 'o'],
      ['boards', 'Memory map', 'Free']
    ]
    for (const [id, label, word, panel] of shown)
      it(`are carried away: ${label}`, async () => {
        await open(id)
        const menu = exportMenu(panel === undefined ? page : panelOf(page, panel), label)
        await menu.waitFor()
        expect(rowsOf(String(await savedBy(menu, 'CSV')))).toBeGreaterThan(0)
        const svg = String(await savedBy(menu, 'SVG'))
        expect(svg).toMatch(/^<svg[^]*<\/svg>$/)
        expect(svg).toContain(word)
        // Drawing programs know neither style sheets nor the colours of the page by name.
        expect(svg).not.toMatch(/var\(|class=|color\(|<style|NaN/)
        const png = await savedBy(menu, 'PNG, twice the size')
        expect(png.subarray(1, 4).toString()).toBe('PNG')
        expect(png.readUInt32BE(16)).toBe(2 * Number(/width="(\d+)"/.exec(svg)![1]))
        await writeFile(path.join(pictures, `export-${label.replaceAll(' ', '-')}.png`), png)
      })

    it('and a table with every row that is shown', async () => {
      await open('search')
      const csv = await saved('the table Candidates', 'CSV, as shown')
      const svg = await saved('the table Candidates', 'SVG, as shown')
      expect(svg.match(/<line /g)).toHaveLength(rowsOf(csv))
      expect(svg).toContain('>Candidates</text>')
      await writeFile(path.join(pictures, 'export-table.svg'), svg)
    })
  })

  it('came so far without a complaint', () => {
    expect(complaints).toEqual([])
  })
})
