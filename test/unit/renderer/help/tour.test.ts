// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { settingsSchema, type Settings } from '@shared/contract/app'
import type { MemoryClient } from '@renderer/client/memoryClient'
import FirstSteps from '@renderer/help/FirstSteps.vue'
import TourCoach from '@renderer/help/TourCoach.vue'
import { useApp } from '@renderer/stores/app'
import { useBoards } from '@renderer/stores/board'
import { useDataSets } from '@renderer/stores/dataset'
import { useModels } from '@renderer/stores/model'
import { useNavigation } from '@renderer/stores/window/navigation'
import { tourSteps, useTour } from '@renderer/stores/window/tour'
import { sampleBoards } from '../../../e2e/support/sampleBoards'
import { sampleModel } from '../../../e2e/support/sampleModel'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let client: MemoryClient
let mounted: Mounted<Record<string, unknown>> | undefined
let stored: Settings
beforeEach(() => {
  stored = settingsSchema.parse({ tour: { isOpen: true } })
  client = withClient({
    'app.saveSettings': (patch) => (stored = { ...stored, ...patch } as Settings),
    'model.list': () => ({ models: [], dataSet: null, unreadable: [] }) as never,
    'dataset.list': () => ({ dataSets: [] })
  })
  useApp().settings = stored
})
afterEach(() => {
  mounted?.unmount()
  mounted = undefined
  document.body.replaceChildren()
})
const own = { ...sampleModel, id: 'own', shipped: false, dataSet: null }
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await settle()
}

it('goes on by what there is: network, data, both together, board', () => {
  const tour = useTour()
  useBoards()
  expect(tour.step?.id).toBe('network')
  useModels().models = [{ ...sampleModel, shipped: true }]
  expect(tour.step?.id).toBe('network')
  useModels().models = [own]
  expect(tour.step?.id).toBe('data')
  useDataSets().dataSets = [{ name: 'mine' } as never]
  expect(tour.step?.id).toBe('judge')
  useModels().open = { ...own, dataSet: 'mine' }
  expect(tour.step?.id).toBe('board')
  // A virtual board is nobody's own, and one that is not connected is not there yet.
  const [board] = sampleBoards
  client.emit('board.changed', { ...board!, kind: 'virtual', state: 'connected' })
  expect(tour.step?.id).toBe('board')
  client.emit('board.changed', { ...board!, kind: 'serial', state: 'available' })
  expect(tour.step?.id).toBe('board')
  client.emit('board.changed', { ...board!, kind: 'serial', state: 'connected' })
  expect(tour.step).toBeNull()
})

it('is left, goes on where it was left, and begins again after its end', async () => {
  const tour = useTour()
  await tour.skip('network')
  expect(tour.step?.id).toBe('data')
  await tour.leave()
  expect([tour.isOpen, tour.step?.id]).toEqual([false, 'data'])
  expect(stored.tour).toEqual({ isOpen: false, isBegun: true, skipped: ['network'] })
  await tour.begin()
  expect([tour.isOpen, tour.step?.id]).toEqual([true, 'data'])
  for (const { id } of tourSteps) await tour.skip(id)
  expect(tour.step).toBeNull()
  await tour.begin()
  expect(tour.step?.id).toBe('network')
})

it('points at the element of its step, describes it, and puts the focus there', async () => {
  document.body.insertAdjacentHTML('beforeend', '<button data-tour="open-network">Open</button>')
  const button = document.querySelector<HTMLButtonElement>('[data-tour]')!
  button.getBoundingClientRect = () => ({ left: 40, top: 50, width: 100, height: 30 }) as DOMRect
  useNavigation().open('start')
  mounted = mountView(TourCoach, {})
  await turns()
  expect(mounted.root.querySelector('.ring')).toBeNull()
  expect(mounted.text()).toContain('Step 1 of 4: Your network')
  mounted.button('Open Model').click()
  await vi.waitFor(() => expect(document.activeElement).toBe(button))
  expect(useNavigation().current).toBe('model')
  await turns()
  const ring = mounted.the('.ring')
  expect([ring.style.left, ring.style.top, ring.style.width, ring.style.height]).toEqual([
    ...['36px', '46px', '108px', '38px']
  ])
  const text = document.getElementById(button.getAttribute('aria-describedby')!)
  expect(text?.textContent).toBe(tourSteps[0]!.text)
  useModels().models = [own]
  await turns()
  expect(mounted.text()).toContain('Your network: done.')
  expect(mounted.text()).toContain('Step 2 of 4: Your data')
  // The news stays until the next step, whatever else changes meanwhile.
  useModels().models = [own, { ...sampleModel, shipped: true }]
  client.emit('board.changed', { ...sampleBoards[0]!, kind: 'virtual', state: 'connected' })
  await turns()
  expect(mounted.text()).toContain('Your network: done.')
  await useTour().skip('data')
  await turns()
  expect(mounted.text()).not.toContain('done.')
  expect(mounted.root.querySelector('.ring')).toBeNull()
  expect(button.hasAttribute('aria-describedby')).toBe(false)
})

it('keeps what describes a field already, and says nothing of what was done before it was shown', async () => {
  document.body.insertAdjacentHTML(
    'beforeend',
    '<div data-tour="add-data-set"><input aria-describedby="fault"></div>'
  )
  const input = document.querySelector('input')!
  const descriptions = (): string[] => (input.getAttribute('aria-describedby') ?? '').split(' ')
  withClient({
    'model.list': async () => ({ ...(await sampleHandlers['model.list']!({})), models: [own] }),
    'dataset.list': () => ({ dataSets: [] })
  })
  useApp().settings = stored
  useNavigation().open('dataset')
  mounted = mountView(TourCoach, {})
  await vi.waitFor(() => expect(descriptions()).toHaveLength(2))
  expect(descriptions()[0]).toBe('fault')
  expect(document.getElementById(descriptions()[1]!)?.textContent).toBe(tourSteps[1]!.text)
  expect(mounted.text()).not.toContain('done.')
  mounted.unmount()
  mounted = undefined
  expect(descriptions()).toEqual(['fault'])
})

it('is begun and gone on with on the Start page', async () => {
  useApp().settings = settingsSchema.parse({})
  mounted = mountView(FirstSteps, {})
  await turns()
  mounted.button('Lead me through it').click()
  await turns()
  expect(stored.tour).toEqual({ isOpen: true, isBegun: true, skipped: [] })
  expect(mounted.root.querySelector('[data-test=begin-tour]')).toBeNull()
  useApp().settings = settingsSchema.parse({ tour: { isOpen: false, isBegun: true } })
  await turns()
  expect(mounted.button('Go on with the tour')).toBeTruthy()
  expect(client.calls.some(({ name }) => name === 'dataset.list')).toBe(true)
})
