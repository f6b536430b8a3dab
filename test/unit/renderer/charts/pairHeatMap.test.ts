// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { accentPercent, type PairCell } from '@renderer/charts/pairCell'
import PairHeatMap from '@renderer/charts/PairHeatMap.vue'
import { unavailable } from '@shared/units'
import { mountView, type Mounted } from '../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const cell = (activationBits: number, weightBits: number, value: number, samples = 1): PairCell => ({
  ...{ activationBits, weightBits, value, samples }
})
const mounted = (cells: PairCell[]): HTMLElement[] => {
  view = mountView(PairHeatMap, { cells, unit: 'cycles', origin: 'measured' })
  return [...view.root.querySelectorAll<HTMLElement>('.cell:not(.none)')]
}
it('shows the cost of a pair and how many samples stand behind it', () => {
  const [field] = mounted([cell(4, 2, 12_500, 3)])
  expect(field?.textContent?.trim()).toBe('12.5 k')
  expect(field?.title).toBe('3 samples')
})

it('colours by the logarithm: the geometric middle is halfway from 10 to 50 percent', () => {
  const cells = [cell(8, 8, 100), cell(4, 4, 10), cell(2, 2, 1)]
  expect(cells.map((one) => accentPercent(one, cells))).toEqual([50, expect.closeTo(30, 9), 10])
})

it('colours equal costs alike', () => {
  const cells = [cell(8, 8, 5), cell(4, 8, 5)]
  expect(cells.map((one) => accentPercent(one, cells))).toEqual([30, 30])
})

it('shows pairs without samples as unavailable, all of them without any', () => {
  expect(mounted([])).toHaveLength(0)
  const none = [...view.root.querySelectorAll('.none')]
  expect(none.length).toBe(view.root.querySelectorAll('tbody td').length)
  expect(new Set(none.map((field) => field.textContent?.trim()))).toEqual(new Set([unavailable]))
})
