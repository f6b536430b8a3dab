// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { MemoryClient } from '@renderer/client/memoryClient'
import { useDataSets } from '@renderer/stores/dataset'
import { undoMs } from '@renderer/stores/window/removal'
import DatasetView from '@renderer/views/DatasetView.vue'
import { sampleDataSet } from '../../../../e2e/support/sampleDataSet'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let client: MemoryClient
let view: Mounted<Record<string, never>>
beforeEach(async () => {
  let stored = [
    { ...sampleDataSet, name: 'leaves' },
    {
      ...sampleDataSet,
      name: 'spectra',
      task: 'regression' as const,
      classes: [],
      shape: [1, 1, 64] as const
    },
    { ...sampleDataSet, name: 'damaged', problem: 'items: Required' }
  ].map((set) => ({ ...set, shape: [...set.shape] as [number, number, number] }))
  client = withClient({
    'dataset.list': () => ({ dataSets: stored }),
    'dataset.preview': () => ({ items: [] }),
    'dataset.remove': ({ name }) => {
      stored = stored.filter((set) => set.name !== name)
      return { ok: true }
    }
  })
  view = mountView(DatasetView, {})
  await settle()
})
afterEach(() => view.unmount())

const rows = (): HTMLElement[] => [...view.root.querySelectorAll<HTMLElement>('tbody tr')]
async function mark(...at: number[]): Promise<void> {
  const boxes = view.root.querySelectorAll<HTMLInputElement>('tbody [type=checkbox]')
  for (const index of at) boxes[index]?.dispatchEvent(new Event('change'))
  await nextTick()
}
/** Confirms the removal of the chosen rows, and lets its time pass. */
async function removeChosen(question: string): Promise<void> {
  view.button('Remove').click()
  await nextTick()
  expect(view.text()).toContain(question)
  vi.useFakeTimers()
  try {
    view.the('[role=alertdialog]').querySelector('button')?.click()
    await vi.advanceTimersByTimeAsync(undoMs)
  } finally {
    vi.useRealTimers()
  }
  await settle()
}

it('stand in a table; what a set has not is unavailable, and what is wrong with one stands at its name', () => {
  const cells = rows().map((row) => [...row.querySelectorAll('td')].slice(1, 7).map((cell) => wordsOf(cell)))
  expect(cells).toEqual([
    ['leaves', 'classification', '80', '8 × 8 × 3 (HWC), u8', '2', '15 KiB'],
    ['spectra', 'regression', '80', '64, u8', '–', '15 KiB'],
    ['damaged items: Required', 'classification', '80', '8 × 8 × 3 (HWC), u8', '2', '15 KiB']
  ])
})

it('are opened by a click on their row', async () => {
  rows()[1]?.click()
  await settle()
  expect(useDataSets().openName).toBe('spectra')
  expect(client.calls.at(-1)).toMatchObject({ name: 'dataset.preview', input: { name: 'spectra' } })
  expect(rows().map((row) => row.classList.contains('selected'))).toEqual([false, true, false])
})

it('are removed, the open one or the marked ones; another one that is open stays so', async () => {
  await mark(1, 2)
  await removeChosen('Remove the copies of 2 data sets (your files stay)?')
  const removed = client.calls.filter(({ name }) => name === 'dataset.remove')
  expect(removed.map(({ input }) => input)).toEqual([{ name: 'spectra' }, { name: 'damaged' }])
  expect(rows()).toHaveLength(1)
  expect(useDataSets().openName).toBe('leaves')
  await removeChosen('Remove the copy of leaves (your files stay)?')
  expect(view.text()).toContain('There is no data set yet')
})
