// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { accentPercent, dearerThanEightBits, type PairCell } from '@renderer/charts/pairCell'
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

it('names the pairs of fewer bits that are dearer than w8a8, and no others', () => {
  // cell(activation bits, weight bits, cost)
  const small = [
    cell(8, 8, 100),
    cell(8, 4, 119),
    cell(4, 8, 162),
    cell(8, 2, 241),
    cell(2, 2, 105),
    cell(1, 1, 40)
  ]
  expect(dearerThanEightBits(small)).toEqual([
    { pair: 'w2a8', factor: 2.41 },
    { pair: 'w8a4', factor: 1.62 },
    { pair: 'w4a8', factor: 1.19 }
  ])
  expect(dearerThanEightBits(small.slice(1))).toEqual([])
  mounted([...small, cell(4, 2, 130)])
  expect(view.root.querySelector('.dearer')?.textContent).toContain(
    'Dearer than w8a8 here: w2a8 (2.41 x), w8a4 (1.62 x), w2a4 (1.30 x) and 1 pair more.'
  )
  view.unmount()
  mounted([cell(8, 8, 100), cell(4, 4, 60)])
  expect(view.root.querySelector('.dearer')).toBeNull()
})
