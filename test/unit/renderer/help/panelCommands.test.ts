// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { goToPanel, panelCommands } from '@renderer/help/panelCommands'
import { useNavigation } from '@renderer/stores/window/navigation'

beforeEach(() => {
  setActivePinia(createPinia())
  location.hash = ''
})
afterEach(() => (document.body.innerHTML = ''))

const panels = (...headings: string[]): string =>
  `<main>${headings.map((one) => `<section class="panel"><h2>${one}</h2></section>`).join('')}</main>`

describe('commands that go to a panel', () => {
  it('have names of their own', () => {
    const titles = panelCommands().map(({ title, detail }) => `${title}, ${detail}`)
    expect(new Set(titles).size).toBe(titles.length)
    expect(titles).toContain('Go to Log, Settings: copy problem report')
  })

  it('open the page and put the focus on the heading, on that of exactly this name', async () => {
    document.body.innerHTML = panels('Record a power meter', 'Record')
    await goToPanel('gpu', 'Record')
    expect(useNavigation().current).toBe('gpu')
    expect(document.activeElement?.textContent).toBe('Record')
  })

  it('wait for a panel that comes later', async () => {
    const gone = goToPanel('settings', 'Log')
    document.body.innerHTML = panels('Log')
    await gone
    expect(document.activeElement?.textContent).toBe('Log')
  })

  it('leave the focus alone where somebody went on to another page', async () => {
    const gone = goToPanel('proxy', 'Fit a proxy')
    useNavigation().open('model')
    document.body.innerHTML = panels('Fit a proxy')
    await gone
    expect(document.activeElement).toBe(document.body)
  })
})
