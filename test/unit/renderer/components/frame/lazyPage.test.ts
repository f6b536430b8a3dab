// @vitest-environment happy-dom
import { h, type Component } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'
import { lazyPage } from '@renderer/components/frame/lazyPage'
import { mountView, settle, type Mounted } from '../../mountView'

const page: Component = { render: () => h('h1', 'Model') }
let view: Mounted<Record<string, never>>

afterEach(() => {
  view.unmount()
  vi.useRealTimers()
})

it('says that a page is on its way, and then shows it', async () => {
  vi.useFakeTimers()
  let arrive!: (page: Component) => void
  view = mountView(
    lazyPage('Model', () => new Promise((resolve) => (arrive = resolve))),
    {}
  )
  expect(view.text()).toBe('')
  await vi.advanceTimersByTimeAsync(200)
  expect(view.text()).toBe('Loading the page Model …')
  arrive(page)
  await vi.advanceTimersByTimeAsync(0)
  expect(view.the('h1').textContent).toBe('Model')
  expect(view.text()).toBe('Model')
})

it('says why a page did not arrive, and loads it when asked', async () => {
  vi.useFakeTimers()
  const loader = vi.fn(() => Promise.resolve(page))
  loader.mockRejectedValueOnce(new Error('Failed to fetch'))
  const lazy = lazyPage('Model', loader)
  view = mountView(lazy, {})
  await vi.advanceTimersByTimeAsync(1000)
  expect(view.the('[role=alert]').textContent).toContain('The page Model could not be loaded.')
  expect(view.text()).toContain('Failed to fetch')
  // Left and opened again, it still waits for the user.
  view.unmount()
  view = mountView(lazy, {})
  await vi.advanceTimersByTimeAsync(1000)
  expect(view.text()).toContain('could not be loaded')
  expect(loader).toHaveBeenCalledTimes(1)
  vi.useRealTimers()
  view.button('Try again').click()
  await settle()
  expect(view.text()).toBe('Model')
  expect(loader).toHaveBeenCalledTimes(2)
})
