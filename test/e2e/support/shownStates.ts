import type { Page } from 'playwright-core'
import type { SampleState } from './sampleStates'

/** Clicks that a page needs before it shows its state; most show it by themselves. */
const steps: Readonly<Record<string, Partial<Record<SampleState, (page: Page) => Promise<void>>>>> = {
  compare: {
    async finished(page) {
      for (const row of [0, 1])
        await page
          .getByRole('row')
          .filter({ has: page.getByRole('cell', { name: 'search', exact: true }) })
          .nth(row)
          .getByRole('checkbox')
          .check()
      await page.getByRole('button', { name: 'Compare', exact: true }).click()
      await page.getByRole('heading', { name: 'Side by side' }).waitFor()
    }
  }
}

/** Does what shows `state` on the page `id`. */
export async function bringTo(page: Page, id: string, state: SampleState): Promise<void> {
  await steps[id]?.[state]?.(page)
}
