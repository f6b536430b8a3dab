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
