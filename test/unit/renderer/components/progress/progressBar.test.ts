// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import ProgressBar from '@renderer/components/progress/ProgressBar.vue'
import { mountView, type Mounted } from '../../mountView'

let view: Mounted<{ done: number; total: number; label: string }>
afterEach(() => view.unmount())

it('is as wide as the share that is done, and never wider than all', async () => {
  view = mountView(ProgressBar, { done: 30, total: 120, label: 'Profile' })
  const bar = view.the('[role=progressbar]')
  expect(view.the('.fill').style.width).toBe('25%')
  expect([bar.getAttribute('aria-valuenow'), bar.getAttribute('aria-valuemax')]).toEqual(['30', '120'])
  await view.set({ done: 150 })
  expect(view.the('.fill').style.width).toBe('100%')
})

it('has no value and no width where the total is not known', () => {
  view = mountView(ProgressBar, { done: 30, total: 0, label: 'Profile' })
  const bar = view.the('[role=progressbar]')
  expect(bar.hasAttribute('aria-valuenow')).toBe(false)
  expect(bar.hasAttribute('aria-valuemax')).toBe(false)
  expect(view.the('.fill').style.width).toBe('')
  expect(view.the('.fill').classList.contains('unknown')).toBe(true)
})
