import { describe, expect, it } from 'vitest'
import { sweepLayers } from '@core/proxy/fit/sweep'

describe('precision sweep', () => {
  it('lists all pairs, widest first, each width once', () => {
    const pairs = sweepLayers('matmul', [1, 120, 400], [4, 8, 8, 2])
    expect(pairs.map(({ weightBits, activationBits }) => `${weightBits} ${activationBits}`)).toEqual([
      '8 8',
      '8 4',
      '8 2',
      '4 8',
      '4 4',
      '4 2',
      '2 8',
      '2 4',
      '2 2'
    ])
    expect(pairs[0]!.dims).toEqual([1, 120, 400])
  })

  it('has one row per activation width for kernels without weights', () => {
    expect(sweepLayers('add', [64], [8, 4])).toEqual([
      { dims: [64], activationBits: 8, weightBits: 0 },
      { dims: [64], activationBits: 4, weightBits: 0 }
    ])
  })

  it.each([
    ['too few sizes', [1, 120], [8], /3 sizes, not 2/],
    ['a size that is no number', [1, NaN, 4], [8], /whole numbers above 0/],
    ['a size of 0', [1, 0, 4], [8], /whole numbers above 0/],
    ['a width that is no whole number', [1, 2, 4], [8, 2.5], /2\.5 is no bit width/],
    ['a width beyond 32', [1, 2, 4], [64], /64 is no bit width/],
    ['no width', [1, 2, 4], [], /at least one bit width/]
  ])('refuses %s', (_what, dims, bits, message) => {
    expect(() => sweepLayers('matmul', dims, bits)).toThrow(message)
  })

  it('refuses a window larger than its image', () => {
    expect(() => sweepLayers('conv2d', [3, 3, 1, 4, 5, 1], [8])).toThrow()
  })
})
