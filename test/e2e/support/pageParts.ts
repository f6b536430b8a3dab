import { readFile } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'

/** Goes to a page by its link in the list of pages, and waits for its heading. */
export async function goToPage(page: Page, title: string): Promise<void> {
  await pageLink(page, title).click()
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
}

/** The link of a page in the list of pages. */
export function pageLink(page: Page, title: string): Locator {
  return page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title })
}

/** The panel with this heading. */
export function panelOf(page: Page, title: string): Locator {
  return page.locator('.panel').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
}

/** The button that opens the export menu of this label. */
export function exportMenu(within: Page | Locator, label: string): Locator {
  return within.locator(`summary[aria-label="Export ${label}"]`)
}

/** Chromium drops the eleventh download that a page begins within a second (seen in version 156), without an event or a message. */
const burst = { downloads: 9, withinMs: 1100 }
const begunMs = new WeakMap<Page, number[]>()

/** Waits until one more download of `page` is none too many, as anybody who presses buttons by hand would. */
export async function awaitDownloadTurn(page: Page): Promise<void> {
  const begun = begunMs.get(page) ?? []
  begunMs.set(page, begun)
  const first = begun.at(-burst.downloads)
  if (first !== undefined) await page.waitForTimeout(Math.max(0, first + burst.withinMs - performance.now()))
  begun.push(performance.now())
}

/** What the entry of an export menu saves. */
export async function savedBy(menu: Locator, entry: string): Promise<Buffer> {
  await menu.click()
  await awaitDownloadTurn(menu.page())
  const [download] = await Promise.all([
    menu.page().waitForEvent('download'),
    menu.locator('xpath=..').getByRole('button', { name: entry, exact: true }).click()
  ])
  return readFile(await download.path())
}
