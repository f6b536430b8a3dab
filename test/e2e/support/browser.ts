import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

/** Where Debian, Ubuntu and Fedora put a Chromium; null where there is none. */
export const chromiumFile =
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) ?? null

export interface OpenedBrowser {
  context: BrowserContext
  close(): Promise<void>
}

/** A headless Chromium with an empty profile that asks nothing of the network. */
export async function openBrowser(): Promise<OpenedBrowser> {
  const profile = await mkdtemp(path.join(tmpdir(), 'bitbench-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumFile!,
    viewport: { width: 1280, height: 800 },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  })
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

/**
 * Texts that do not fit their box although nothing scrolls there: what a user would see cut off. Elements that scroll,
 * are hidden, or say by text-overflow that their full text is in a title are not counted.
 */
export function findCutTexts(page: Page): Promise<CutText[]> {
  return page.evaluate(() => {
    const cut: { tag: string; text: string; wanted: number; got: number }[] = []
    for (const element of document.querySelectorAll<HTMLElement>('#app *')) {
      const hasOwnText = [...element.childNodes].some(
        (node) => node.nodeType === 3 && node.textContent!.trim() !== ''
      )
      if (!hasOwnText || element.offsetParent === null) continue
      const style = getComputedStyle(element)
      if (element.classList.contains('visually-hidden') || element.classList.contains('skip')) continue
      const hides = style.overflowX === 'hidden' || style.overflowX === 'clip'
      if (hides && style.textOverflow === 'ellipsis' && (element.title !== '' || element.closest('[title]')))
        continue
      if (hides && element.scrollWidth > element.clientWidth + 1) {
        cut.push({
          tag: element.tagName,
          text: element.textContent!.trim().slice(0, 60),
          wanted: element.scrollWidth,
          got: element.clientWidth
        })
        continue
      }
      // Text that leaves the window with nothing around it that scrolls sideways.
      const box = element.getBoundingClientRect()
      const scrolls = (at: HTMLElement | null): boolean =>
        at !== null &&
        (['auto', 'scroll'].includes(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth + 1
          ? at.tagName !== 'MAIN' && !at.classList.contains('body')
          : scrolls(at.parentElement))
      if (box.right > innerWidth + 1 && !scrolls(element.parentElement)) {
        cut.push({
          tag: element.tagName,
          text: element.textContent!.trim().slice(0, 60),
          wanted: Math.round(box.right),
          got: innerWidth
        })
      }
    }
    return cut
  })
}
