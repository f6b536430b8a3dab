import { expect, it } from 'vitest'
import { fitPhysics, predictPhysics } from '@core/proxy/physics/physics'
import { shapeRows } from '@core/proxy/samples'

const rowsOf = (counts: readonly number[]): ReturnType<typeof shapeRows> =>
  shapeRows(
    'gather',
    counts.map((count) => ({ dims: [count], activationBits: 8, weightBits: 0 }))
  )

it('a gather costs more for each code beyond the cache: shapes on both sides are met', () => {
  const cost = (count: number): number => 80 + 9 * count + 26 * Math.max(0, count - 4096)
  const counts = Array.from({ length: 24 }, (_, at) => Math.round(64 * 1.27 ** at))
  const samples = { ...rowsOf(counts), unit: 'cycles' as const, time: Float64Array.from(counts, cost) }
  const fit = fitPhysics(samples)
  expect(fit.terms).toBe('knees')
  const unseen = [100, 1000, 4000, 5000, 12_000]
  const predicted = predictPhysics(fit, rowsOf(unseen), 'mix')
  for (const [at, count] of unseen.entries())
    expect(Math.abs(predicted[at]! / cost(count) - 1)).toBeLessThan(0.01)
})

it('a gather without a cache stays a line', () => {
  const counts = [64, 128, 300, 700, 1500, 3000, 6000, 12_000]
  const samples = {
    ...rowsOf(counts),
    unit: 'cycles' as const,
    time: Float64Array.from(counts, (n) => 20 + 7 * n)
  }
  const predicted = predictPhysics(fitPhysics(samples), rowsOf([200, 16_000]), 'mix')
  expect(predicted[0]! / 1420).toBeCloseTo(1, 2)
  expect(predicted[1]! / 112_020).toBeCloseTo(1, 2)
})
