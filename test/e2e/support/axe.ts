import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'

const axeFile = path.resolve(import.meta.dirname, '../../../node_modules/axe-core/axe.min.js')

/** A rule that elements of a page break. */
export interface AxeViolation {
  id: string
  impact: string | null
  nodes: { target: string[]; html: string }[]
}

/** Returns what axe-core finds on a page against WCAG 2 A and AA. */
export async function axeViolations(page: Page): Promise<AxeViolation[]> {
  // Evaluated through the debugger, so that the page's policy needs no exception for it.
  await page.evaluate(await readFile(axeFile, 'utf8'))
  return await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: Document, options: object): Promise<{ violations: AxeViolation[] }> }
    }
    return (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa'] })).violations
  })
}
