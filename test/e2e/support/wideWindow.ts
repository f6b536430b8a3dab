import type { Page } from 'playwright-core'

/** Parts of the width that a table or a page may leave blank in one stretch. */
const limits = { table: 0.65, page: 0.1 }

/**
 * What a user of a wide window would see wasted, for longer than a page takes to draw itself: a page that leaves its right
 * edge blank, and rows of tables whose figures stand so far from what they belong to that the eye loses the row.
 */
export async function findLastingWaste(page: Page): Promise<string[]> {
  for (const untilMs = Date.now() + 10_000; ;) {
    const wasted = await findWaste(page)
    if (wasted.length === 0 || Date.now() > untilMs) return wasted
    await page.waitForTimeout(200)
  }
}

function findWaste(page: Page): Promise<string[]> {
  return page.evaluate(({ table: tableLimit, page: pageLimit }) => {
    const found: string[] = []
    const body = document.querySelector<HTMLElement>('main .body')
    if (body === null) return ['page: not drawn']
    const { left, width } = body.getBoundingClientRect()
    const ends = [...body.children]
      .filter((element) => element.checkVisibility())
      .map((element) => element.getBoundingClientRect().right)
    const blank = 1 - (Math.max(...ends) - left) / width
    if (blank > pageLimit) found.push(`page: ${Math.round(100 * blank)} % blank at the right`)

    /** Where the text of a cell, or the control in it, begins and ends. */
    const extent = (cell: Element): { from: number; to: number } | null => {
      const range = document.createRange()
      range.selectNodeContents(cell)
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0)
      if (boxes.length === 0) return null
      return {
        from: Math.min(...boxes.map((box) => box.left)),
        to: Math.max(...boxes.map((box) => box.right))
      }
    }
    for (const table of document.querySelectorAll<HTMLElement>('.data-table table')) {
      if (!table.checkVisibility()) continue
      let worst = 0
      for (const row of table.querySelectorAll('tbody tr:not([aria-hidden])')) {
        const cells = [...row.querySelectorAll('td')].map(extent).filter((one) => one !== null)
        cells.slice(1).forEach(({ from }, at) => (worst = Math.max(worst, from - cells[at]!.to)))
      }
      const share = worst / table.getBoundingClientRect().width
      const name = table.closest('[aria-label]')?.getAttribute('aria-label')
      if (share > tableLimit) found.push(`table ${name}: ${Math.round(100 * share)} % blank within a row`)
    }
    return found
  }, limits)
}
