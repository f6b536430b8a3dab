// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from 'vitest'
import { nextTick } from 'vue'
import MenuButton from '@renderer/components/buttons/MenuButton.vue'
import { mountView, type Mounted } from '../../mountView'

const chosen: string[] = []
let view: Mounted<Record<string, unknown>>
const box = (): HTMLDetailsElement => view.the<HTMLDetailsElement>('details')
const item = (text: string): HTMLButtonElement =>
  [...view.root.querySelectorAll('button')].find((one) => one.textContent?.includes(text))!

beforeEach(() => {
  chosen.length = 0
  view = mountView(MenuButton, {
    text: 'Export',
    items: [
      { text: 'as CSV', run: () => chosen.push('csv') },
      { text: 'Logarithmic', run: () => chosen.push('log'), checked: true },
      { text: 'as PNG', run: () => chosen.push('png'), disabled: true }
    ]
  })
  box().open = true
})
afterEach(() => view.unmount())

it('runs an action and closes', async () => {
  item('as CSV').click()
  await nextTick()
  expect(chosen).toEqual(['csv'])
  expect(box().open).toBe(false)
})

it('stays open after a switch, which says whether it is on', async () => {
  const [action, toggle] = [item('as CSV'), item('Logarithmic')]
  expect([toggle.getAttribute('role'), toggle.getAttribute('aria-checked')]).toEqual(['checkbox', 'true'])
  expect(action.hasAttribute('role')).toBe(false)
  toggle.click()
  await nextTick()
  expect(chosen).toEqual(['log'])
  expect(box().open).toBe(true)
})

it('does not run what is disabled', () => {
  item('as PNG').click()
  expect(chosen).toEqual([])
})

it('closes on Escape and when the focus leaves it', () => {
  box().dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
  expect(box().open).toBe(false)
  box().open = true
  item('as CSV').dispatchEvent(
    new FocusEvent('focusout', { bubbles: true, relatedTarget: item('Logarithmic') })
  )
  expect(box().open).toBe(true)
  item('as CSV').dispatchEvent(new FocusEvent('focusout', { bubbles: true, relatedTarget: document.body }))
  expect(box().open).toBe(false)
})
