import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WebHost } from '@main/hosts/webHost'
import { chromiumFile } from './support/browser'
import { serveSamplePage } from './support/samplePage'

/** Numbers pasted as people of a locale write them, in a real Chromium of that locale. */
if (chromiumFile === null) console.warn('SKIPPED: numbers by locale: no Chromium (apt install chromium)')

describe.skipIf(chromiumFile === null)('number fields', () => {
  let host: WebHost
  let browser: Browser

  beforeAll(async () => {
    host = await serveSamplePage()
    browser = await chromium.launch({
      executablePath: chromiumFile!,
      args: ['--no-sandbox', '--disable-gpu']
    })
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
  })

  async function openProfile(locale: string): Promise<Page> {
    const context = await browser.newContext({ locale, permissions: ['clipboard-read', 'clipboard-write'] })
    context.setDefaultTimeout(60_000)
    const page = await context.newPage()
    await page.goto(host.address)
    await page.getByRole('heading', { name: 'Start' }).waitFor()
    await page.evaluate(() => (location.hash = '/profile'))
    return page
  }

  it.each(['de-DE', 'zh-CN', 'en-US'])(
    'take a pasted decimal comma in %s and never guess',
    async (locale) => {
      const page = await openProfile(locale)
      const field = page.getByRole('spinbutton', { name: 'Target error' })
      await field.waitFor()
      const paste = async (text: string): Promise<(string | null)[]> => {
        await page.evaluate((copied) => navigator.clipboard.writeText(copied), text)
        await field.focus()
        await page.keyboard.press('Control+a')
        await page.keyboard.press('Control+v')
        await field.blur()
        return [
          await field.getAttribute('aria-invalid'),
          await field.getAttribute('aria-valuenow'),
          await field.inputValue()
        ]
      }
      expect(await paste('1,5')).toEqual(['false', '1.5', '1.5'])
      expect(await paste('2.5')).toEqual(['false', '2.5', '2.5'])
      expect(await paste('1,500')).toEqual(['true', '2.5', '1,500'])
      expect(await paste('１，５')).toEqual(['false', '1.5', '1.5'])
      await page.context().close()
    }
  )
})
