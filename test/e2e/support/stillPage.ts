import path from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { openBrowser, type OpenedBrowser } from './browser'

const fontFolder = path.resolve(import.meta.dirname, '../../../node_modules/dejavu-fonts-ttf/ttf')
const face = (family: string, file: string, weight: string): string =>
  `@font-face { font-family: '${family}'; src: url('/picture-fonts/${file}.ttf'); font-weight: ${weight} }`
/** The fonts of the package dejavu-fonts-ttf in place of those of the machine. */
const style = [
  face('Still text', 'DejaVuSans', '400'),
  face('Still text', 'DejaVuSans-Bold', '700'),
  face('Still code', 'DejaVuSansMono', '400'),
  face('Still code', 'DejaVuSansMono-Bold', '700'),
  ":root { --font-text: 'Still text' !important; --font-code: 'Still code' !important }",
  // A head that sticks is a layer of its own, whose letters may be drawn a pixel higher or lower.
  'thead, thead th { position: static !important }'
].join('\n')

/** Ten minutes after the sample data begin, in milliseconds since 1970. */
export const stillNowMs = 1_790_000_600_000

/**
 * A Chromium whose pictures do not depend on machine or day: shipped fonts without hinting, a fixed clock, time zone,
 * language and random numbers, nothing that moves.
 */
export async function openStillBrowser(size: { width: number; height: number }): Promise<OpenedBrowser> {
  const browser = await openBrowser(
    {
      ...{ viewport: size, deviceScaleFactor: 1, reducedMotion: 'reduce', bypassCSP: true },
      ...{ timezoneId: 'UTC', locale: 'en-GB', colorScheme: 'dark' }
    },
    ['--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb', '--hide-scrollbars']
  )
  await browser.context.clock.setFixedTime(stillNowMs)
  await setFonts(browser.context)
  await browser.context.addInitScript(() => {
    let state = 1
    Math.random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
  })
  return browser
}

async function setFonts(context: BrowserContext): Promise<void> {
  await context.route('**/picture-fonts/*', (route) =>
    route.fulfill({ path: path.join(fontFolder, path.basename(new URL(route.request().url()).pathname)) })
  )
  await context.addInitScript((text) => {
    addEventListener('DOMContentLoaded', () => {
      document.head.append(Object.assign(document.createElement('style'), { textContent: text }))
      for (const family of ['Still text', 'Still code'])
        for (const weight of [400, 700]) void document.fonts.load(`${weight} 13px '${family}'`)
    })
  }, style)
}

/** Returns a wait until `page` has had all replies for a moment. */
export function watchReplies(page: Page): () => Promise<void> {
  let open = 0
  let changedAtMs = Date.now()
  const count = (by: number) => (): void => {
    open += by
    changedAtMs = Date.now()
  }
  // Events come over a WebSocket, which is no request of this kind.
  page.on('request', count(1))
  page.on('requestfinished', count(-1))
  page.on('requestfailed', count(-1))
  return async () => {
    const untilMs = Date.now() + 60_000
    while (open > 0 || Date.now() - changedAtMs < 120) {
      if (Date.now() > untilMs) throw new Error(`${open} requests of ${page.url()} have no reply`)
      await page.waitForTimeout(30)
    }
  }
}

/**
 * Picture of the window, or of all of the page, as PNG bytes once two in a row are equal. @throws Error when it goes on
 * moving
 */
export async function takeStill(page: Page, fullPage = false): Promise<Buffer> {
  const take = (): Promise<Buffer> =>
    page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css', fullPage })
  let last = await take()
  for (let tries = 0; tries < 40; tries++) {
    await page.waitForTimeout(60)
    const next = await take()
    if (next.equals(last)) return next
    last = next
  }
  throw new Error(`${page.url()} goes on moving: two pictures in a row were never equal`)
}
