// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import type { Loop } from '@shared/contract/loop'
import type { MemoryHandlers } from '@renderer/client/memoryClient'
import StartView from '@renderer/views/StartView.vue'
import { sampleLoop } from '../../../e2e/support/sampleRuns'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const shown = async (loops: Loop[]): Promise<void> => {
  const handlers = sampleHandlers as MemoryHandlers
  withClient({ ...handlers, 'loop.list': () => ({ loops }), 'loop.get': () => ({ loop: loops[0]! }) })
  view = mountView(StartView, {})
  await settle()
}
const marks = (): (string | null)[] =>
  [...view.root.querySelectorAll('.mark')].map((one) => one.getAttribute('aria-label'))

it('runs the loop where there was none, and offers to go on with one that was interrupted', async () => {
  await shown([])
  expect(view.button('Run the loop on the virtual board').disabled).toBe(false)
  expect(view.root.querySelector('[data-test=resume-loop]')).toBeNull()
  view.unmount()
  await shown([sampleLoop])
  expect(view.the('[data-test=resume-loop]').textContent).toContain('Go on where it stopped')
  expect(view.text()).toContain('Run the loop again')
})

it('marks each step by its state and gives what it found', async () => {
  await shown([sampleLoop])
  expect(marks().slice(0, 4)).toEqual(['done', 'done', 'done', 'waiting'])
  expect(view.text()).toContain(`Result of ${sampleLoop.steps[0]!.id}`)
  expect(view.text()).not.toContain('The loop is closed')
  view.unmount()
  await shown([
    { ...sampleLoop, state: 'done', steps: sampleLoop.steps.map((step) => ({ ...step, state: 'done' })) }
  ])
  expect(view.text()).toContain('The loop is closed')
})

it('says of a loop of a session that it is one, by the board’s own name, and offers one of its own', async () => {
  await shown([
    { ...sampleLoop, state: 'done', request: { ...sampleLoop.request, boardId: 'virtual:small@example' } }
  ])
  expect(view.text()).toContain('is one of a session; it did all of it on virtual:small, a simulated board')
  expect(view.button('Run the loop on the virtual board').disabled).toBe(false)
})
