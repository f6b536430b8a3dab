import { describe, expect, it } from 'vitest'
import { floorOf, ridgeFit, weightedSum } from '@core/estimator/models/leastSquares'

const ones = (count: number): Float64Array => new Float64Array(count).fill(1)

describe('ridge regression of stages', () => {
  it('finds a plane, whatever the scale of its columns', () => {
    const a = Float64Array.of(1, 2, 3, 4, 5)
    const b = Float64Array.of(2e6, 1e6, 4e6, 3e6, 7e6)
    const y = a.map((value, row) => 3 + 2 * value - 1e-6 * b[row]!)
    const [constant, first, second] = ridgeFit([a, b], y, ones(5), 0)
    expect(constant).toBeCloseTo(3, 6)
    expect(first).toBeCloseTo(2, 6)
    expect(second! * 1e6).toBeCloseTo(-1, 6)
  })

  it('weighs rows: the line through the heavy ones, least squares of the rest', () => {
    // Weighted means 1.5 and 2; slope = sum w (x - 1.5)(y - 2) / sum w (x - 1.5)^2 with weights 1, 1, 2.
    const x = Float64Array.of(0, 2, 2)
    const y = Float64Array.of(2, 0, 3)
    const weight = Float64Array.of(1, 1, 2)
    const slope = (-1.5 * 0 + 0.5 * -2 + 2 * (0.5 * 1)) / (2.25 + 0.25 + 0.5)
    const [constant, found] = ridgeFit([x], y, weight, 0)
    expect(found).toBeCloseTo(slope, 9)
    expect(constant).toBeCloseTo(2 - 1.5 * slope, 9)
  })

  it('shrinks the slope of a standardised column by 1 / (1 + ridge), around the means', () => {
    const x = Float64Array.of(-1, 1)
    const [constant, slope] = ridgeFit([x], Float64Array.of(5, 9), ones(2), 0.25)
    expect(slope).toBeCloseTo(2 / 1.25, 8)
    expect(constant).toBeCloseTo(7, 8)
  })

  it('gives no weight to a column that does not change', () => {
    const [constant, still, moving] = ridgeFit(
      [Float64Array.of(7, 7, 7), Float64Array.of(1, 2, 3)],
      Float64Array.of(4, 6, 8),
      ones(3),
      0
    )
    expect([still, constant, moving].map((value) => Number(value!.toFixed(6)))).toEqual([0, 2, 2])
  })

  it('adds up columns and stays above the floor, a tenth of the shortest time', () => {
    const sums = weightedSum(
      Float64Array.of(1, 2, -3),
      [Float64Array.of(1, 5), Float64Array.of(4, 0)],
      2,
      0.5
    )
    expect([...sums]).toEqual([0.5, 11])
    expect(floorOf(Float64Array.of(30, 20, 40))).toBe(2)
  })
})
