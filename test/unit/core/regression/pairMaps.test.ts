import { describe, expect, it } from 'vitest'
import { affineMap, medianLogRatio, factorMap } from '@core/regression/pairMaps'

const source = Float64Array.of(1, 2, 4, 8)

describe('maps from one device to another', () => {
  it('factor: the median factor, which one odd row does not move', () => {
    const target = Float64Array.of(3, 6, 12, 800)
    expect(factorMap(source, target)(5)).toBeCloseTo(15, 12)
    expect(medianLogRatio(source, target)).toBeCloseTo(Math.log(3), 12)
  })

  it('affine: slope and constant, exact for a line', () => {
    const map = affineMap(
      source,
      source.map((time) => 2 * time + 5)
    )
    expect(map(0)).toBeCloseTo(5, 9)
    expect(map(10)).toBeCloseTo(25, 9)
  })

  it('affine: no negative constant', () => {
    // The best line through these has the constant -1; with 0 the slope that minimises the relative error is
    // (sum x / y) / (sum (x / y)^2).
    const target = source.map((time) => 2 * time - 1)
    const ratios = [...source].map((time, at) => time / target[at])
    const slope = ratios.reduce((a, b) => a + b, 0) / ratios.reduce((sum, ratio) => sum + ratio * ratio, 0)
    expect(affineMap(source, target)(3)).toBeCloseTo(3 * slope, 9)
  })
})
