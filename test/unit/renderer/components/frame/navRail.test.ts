// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import NavRail from '@renderer/components/frame/NavRail.vue'
import { pages, shortcutPages, useNavigation } from '@renderer/stores/window/navigation'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, never>>
beforeEach(() => {
  withClient({})
  view = mountView(NavRail, {})
})
afterEach(() => view.unmount())
const links = (): HTMLAnchorElement[] => [...view.root.querySelectorAll('a')]

it('lists every page once, with its purpose and an icon that is drawn', () => {
  expect(links().map((link) => link.getAttribute('href'))).toEqual(pages.map(({ id }) => `#/${id}`))
  for (const [index, link] of links().entries()) {
    expect(link.title).toContain(pages[index]!.purpose)
    expect(link.querySelector('svg')!.children.length).toBeGreaterThan(0)
  }
})

it('shows the shortcut of exactly the pages that have one', () => {
  for (const [index, page] of pages.entries()) {
    const at = shortcutPages.findIndex(({ id }) => id === page.id)
    const link = links()[index]!
    expect(link.querySelector('kbd')?.textContent ?? null).toBe(at < 0 ? null : String(at + 1))
    expect(link.title.includes('Alt+')).toBe(at >= 0)
  }
})

it('marks the page that is open, and opens another', async () => {
  const current = (): (string | null)[] =>
    links()
      .filter((link) => link.getAttribute('aria-current') === 'page')
      .map((link) => link.getAttribute('href'))
  useNavigation().open('gpu')
  await nextTick()
  expect(current()).toEqual(['#/gpu'])
  links()
    .find((link) => link.getAttribute('href') === '#/proxy')!
    .click()
  await nextTick()
  expect(useNavigation().current).toBe('proxy')
  expect(current()).toEqual(['#/proxy'])
})
