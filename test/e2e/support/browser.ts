import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'

/** The Chromium of BITBENCH_CHROMIUM, or where Debian, Ubuntu and Fedora put one; null where there is none. */
export const chromiumFile =
  process.env['BITBENCH_CHROMIUM'] ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) ??
  null

/** Major version of the Chromium; null where there is none. */
export function chromiumMajor(): number | null {
  if (chromiumFile === null) return null
  const text = execFileSync(chromiumFile, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const found = /(\d+)\.\d+/.exec(text)
  return found === null ? null : Number(found[1])
}

export interface OpenedBrowser {
  context: BrowserContext
  close(): Promise<void>
}

/** A headless Chromium with an empty profile that asks nothing of the network. */
export async function openBrowser(
  options: BrowserContextOptions = {},
  moreArgs: readonly string[] = []
): Promise<OpenedBrowser> {
  const profile = await mkdtemp(path.join(tmpdir(), 'bitbench-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumFile!,
    viewport: { width: 1280, height: 800 },
    ...options,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      ...moreArgs,
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  })
  // A click or a wait on a busy machine; that of the test ends what never comes.
  context.setDefaultTimeout(60_000)
  return {
    context,
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    }
  }
}

/** Everything a page complained about: console errors, uncaught errors, violations of its security policy. */
export function collectComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(`${error.name}: ${error.message}`))
  return complaints
}

export interface CutText {
  tag: string
  text: string
  wanted: number
  got: number
}

/** What findCutTexts finds for longer than a page takes to draw itself on a busy machine. */
export async function findLastingCutTexts(page: Page): Promise<CutText[]> {
  for (const untilMs = Date.now() + 10_000; ;) {
    const cut = await findCutTexts(page)
    if (cut.length === 0 || Date.now() > untilMs) return cut
    await page.waitForTimeout(200)
  }
}

/**
 * What a user would see cut off: text wider than its control, text that leaves the window, boxes that have to be
 * scrolled sideways, controls that overlap, labels of fields on two lines (their controls would stand lower than the
 * others). Text that ends in dots and stands whole in its title is not counted. A picture that is moved by dragging may
 * go beyond its frame; its texts must fit their boxes.
 */
function findCutTexts(page: Page): Promise<CutText[]> {
  return page.evaluate(() => {
    const cut: CutText[] = []
    const report = (element: Element, wanted: number, got: number): void => {
      const text = element.textContent!.trim().replace(/\s+/g, ' ').slice(0, 60)
      if (text === '' && !(element instanceof HTMLInputElement)) return
      cut.push({
        tag: `${element.tagName}.${element.className}`,
        text,
        wanted: Math.round(wanted),
        got: Math.round(got)
      })
    }
    const isShown = (element: HTMLElement): boolean =>
      element.offsetParent !== null &&
      element.checkVisibility() &&
      element.closest('.skip, .visually-hidden, [role=application] svg') === null
    const shown = (selector: string): HTMLElement[] =>
      [...document.querySelectorAll<HTMLElement>(selector)].filter(isShown)

    for (const element of shown('#app *')) {
      const style = getComputedStyle(element)
      const wanted = element.scrollWidth
      const got = element.clientWidth
      if (element instanceof HTMLSelectElement || got === 0) continue
      const endsInDots =
        style.textOverflow === 'ellipsis' && element.closest('[title]:not([title=""])') !== null
      const isBox = style.overflowX !== 'visible' || element.matches('button, a, td, th')
      if (isBox && wanted > got + 1 && !endsInDots) report(element, wanted, got)
      const { right } = element.getBoundingClientRect()
      if (right > innerWidth + 1) report(element, right, innerWidth)
    }

    for (const text of document.querySelectorAll<SVGTextElement>('#app [role=application] svg text')) {
      const box = text.parentElement?.querySelector('rect')
      const end = text.x.baseVal[0]!.value + text.getComputedTextLength()
      if (box && end > box.width.baseVal.value) report(text, end, box.width.baseVal.value)
    }

    /** More than one line of a label (18 px), less than two (35 px). */
    const linePx = 26
    for (const label of shown('#app .field > span:first-child'))
      if (label.getBoundingClientRect().height > linePx)
        report(label, label.getBoundingClientRect().height, linePx)

    const ruler = document.createElement('canvas').getContext('2d')!
    /** Padding on both sides and the arrow. */
    const selectChromePx = 36
    for (const select of shown('#app select') as HTMLSelectElement[]) {
      ruler.font = getComputedStyle(select).font
      const label = select.selectedOptions[0]?.textContent?.trim() ?? ''
      const wanted = ruler.measureText(label).width + selectChromePx
      if (wanted > select.clientWidth + 2 && select.clientWidth > 60)
        report(select, wanted, select.clientWidth)
    }

    /** Rows of a table beyond its edges are drawn but not seen. */
    const isInSight = (element: HTMLElement): boolean => {
      const scroller = element.closest('.scroller')?.getBoundingClientRect()
      const { top, bottom } = element.getBoundingClientRect()
      return scroller === undefined || (top >= scroller.top && bottom <= scroller.bottom)
    }
    const controls = shown('main button, main select, main input')
      .filter(isInSight)
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
    controls.forEach(({ element, box }, index) => {
      for (const other of controls.slice(index + 1)) {
        const overlapX = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left)
        const overlapY = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top)
        const nested = element.contains(other.element) || other.element.contains(element)
        if (overlapX > 1 && overlapY > 1 && !nested) report(element, overlapX, 0)
      }
    })
    return cut
  })
}
