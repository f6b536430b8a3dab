import type { Page } from 'playwright-core'
import { collectComplaints, openBrowser } from './browser'
import { serveSamplePage } from './samplePage'
import type { SampleHandlers } from './sampleServices'
import { watchReplies } from './stillPage'

export interface SampleWindow {
  page: Page
  /** What the page complained about so far. */
  complaints: string[]
  /** Waits until the page has its replies. */
  replied: () => Promise<void>
  close(): Promise<void>
}

/** Opens the built page on Start, over services that give sample data, in a Chromium of 1024 x 700. */
export async function openSampleWindow(sample?: SampleHandlers): Promise<SampleWindow> {
  const host = await serveSamplePage(sample)
  const browser = await openBrowser({ viewport: { width: 1024, height: 700 } })
  const close = async (): Promise<void> => {
    await browser.close()
    await host.close()
  }
  try {
    const page = await browser.context.newPage()
    const complaints = collectComplaints(page)
    const replied = watchReplies(page)
    await page.goto(host.address)
    await page.getByRole('heading', { name: 'Start' }).waitFor()
    return { page, complaints, replied, close }
  } catch (error) {
    await close()
    throw error
  }
}
