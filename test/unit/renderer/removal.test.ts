// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { AppError } from '@shared/errors'
import RemovalNotices from '@renderer/components/notices/RemovalNotices.vue'
import RemoveButton from '@renderer/components/buttons/RemoveButton.vue'
import { createAction } from '@renderer/stores/window/action'
import { undoMs } from '@renderer/stores/window/removal'
import { mountView, type Mounted } from './mountView'
import { withClient } from './stores/withClient'

let views: Mounted<Record<string, unknown>>[] = []
const removed: string[] = []
const click = async (view: Mounted<Record<string, unknown>>, text: string): Promise<void> => {
  view.button(text).click()
  await nextTick()
}

function mounted(action = createAction(async (id: string) => void removed.push(id))) {
  const props = { what: 'the proxy of conv2d', removalKey: 'proxy p1', action, args: ['p1'] }
  const view = mountView(RemoveButton, props)
  const notices = mountView(RemovalNotices, {})
  views = [view, notices]
  return { view, notices }
}

beforeEach(() => {
  vi.useFakeTimers()
  withClient({})
  removed.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  for (const view of views) view.unmount()
})

describe('removing something', () => {
  it('asks, and removes nothing when it is kept', async () => {
    const { view } = mounted()
    await click(view, 'Remove')
    expect(view.text()).toContain('Remove the proxy of conv2d?')
    await click(view, 'Keep')
    await vi.advanceTimersByTimeAsync(2 * undoMs)
    expect(removed).toEqual([])
  })

  it('asks again when another thing is shown meanwhile', async () => {
    const { view } = mounted()
    await click(view, 'Remove')
    await view.set({ what: 'the proxy of matmul', removalKey: 'proxy p2', args: ['p2'] })
    expect(view.root.querySelector('[role=alertdialog]')).toBeNull()
    await click(view, 'Remove')
    expect(view.text()).toContain('Remove the proxy of matmul?')
  })

  it('can be taken back until its time is over, on any page', async () => {
    const { view, notices } = mounted()
    await click(view, 'Remove')
    await click(view, 'Remove')
    expect(notices.text()).toContain('Removing the proxy of conv2d')
    await vi.advanceTimersByTimeAsync(undoMs - 1)
    await click(notices, 'Undo')
    await vi.advanceTimersByTimeAsync(undoMs)
    expect(removed).toEqual([])
    expect(notices.text()).toBe('')
  })

  it('is done once when its time is over, also when the page was left', async () => {
    const { view, notices } = mounted()
    await click(view, 'Remove')
    await click(view, 'Remove')
    view.unmount()
    await vi.advanceTimersByTimeAsync(undoMs)
    expect(removed).toEqual(['p1'])
    expect(notices.text()).toBe('')
  })

  it('says where the button was why it failed', async () => {
    const failing = createAction(async (_id: string) => {
      throw new AppError('run.busy', 'It is in use.', 'Stop the search first.')
    })
    const { view } = mounted(failing as never)
    await click(view, 'Remove')
    await click(view, 'Remove')
    await vi.advanceTimersByTimeAsync(undoMs)
    await nextTick()
    expect(view.text()).toContain('It is in use. Stop the search first.')
    await click(view, 'Dismiss')
    expect(view.text()).not.toContain('in use')
  })

  it('keeps the errors of two that end together apart, and shows them on any page', async () => {
    const ends: (() => void)[] = []
    const action = createAction(async (id: string) => {
      await new Promise<void>((resolve) => ends.push(resolve))
      if (id === 'p1') throw new AppError('run.busy', 'It is in use.', 'Stop the search first.')
    })
    const { view, notices } = mounted(action as never)
    const props = { what: 'the proxy of add', removalKey: 'proxy p2', action, args: ['p2'] }
    const other = mountView(RemoveButton, props)
    views.push(other)
    for (const button of [view, other]) {
      await click(button, 'Remove')
      await click(button, 'Remove')
    }
    await vi.advanceTimersByTimeAsync(undoMs)
    for (const index of [1, 0]) ends[index]!()
    await vi.advanceTimersByTimeAsync(1)
    expect(view.text()).toContain('It is in use.')
    expect(other.text()).not.toContain('in use')
    expect(notices.text()).toContain('the proxy of conv2d was not removed: It is in use.')
    await click(notices, 'Dismiss')
    expect(view.text()).not.toContain('in use')
  })
})
