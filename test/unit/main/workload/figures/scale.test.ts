import { expect, it } from 'vitest'
import { drawnValue, reasonOf, scaleOf } from '@main/workload/figures/scale'

it('a set of figures has the unit that brings its largest to 1 or more', () => {
  expect(scaleOf([0.004, -0.002, null], 'J')).toEqual({ unit: 'mJ', factor: 1e3 })
  expect(scaleOf([1], 'J')).toEqual({ unit: 'J', factor: 1 })
  expect(scaleOf([0.9999], 'J')).toEqual({ unit: 'mJ', factor: 1e3 })
  expect(scaleOf([-5e-6, 1e-6], 's')).toEqual({ unit: 'µs', factor: 1e6 })
  expect(scaleOf([3e-9], 's')).toEqual({ unit: 'ns', factor: 1e9 })
  expect(scaleOf([3e-13], 's')).toEqual({ unit: 'ns', factor: 1e9 })
  expect(scaleOf([0, null], 's')).toEqual({ unit: 's', factor: 1 })
  // Milliseconds as seconds: 500 ms are 0.5 s.
  expect(scaleOf([500], 's', 1e-3)).toEqual({ unit: 'ms', factor: 1 })
})

it('a figure is drawn with its interval in that unit, doubtful where it is not valid', () => {
  const figure = {
    value: 0.004,
    low: 0.003,
    high: null,
    n: 3,
    origin: 'measured',
    verdict: 'INVALID',
    reason: 'why'
  }
  type Figure = Parameters<typeof drawnValue>[0]
  const scale = { unit: 'mJ', factor: 1e3 }
  expect(drawnValue(figure as Figure, scale)).toEqual({ value: 4, low: 3, high: null, isDoubtful: true })
  expect(drawnValue({ ...figure, high: 0.01, low: null, verdict: 'VALID' } as Figure, scale)).toEqual({
    ...{ value: 4, low: null, high: 10, isDoubtful: false }
  })
  expect(drawnValue({ ...figure, value: null } as Figure, scale)).toBeNull()
  expect(reasonOf([{ ...figure, reason: null } as Figure, figure as Figure])).toBe('why')
  expect(reasonOf([])).toBe('Not measured.')
})
