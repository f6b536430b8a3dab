import { describe, expect, it } from 'vitest'
import { kernelSpec } from '@core/kernel/spec'
import { emptyWork, type Work } from '@core/kernel/work'
import { createRandom } from '@core/math/random'
import type { KernelName } from '@shared/vocabulary'

/** Counts by walking: every window of the padded input, every tap, every channel. */
function walked(
  { h, w, c, ks, stride, pad }: Record<'h' | 'w' | 'c' | 'ks' | 'stride' | 'pad', number>,
  outputsOf: 'every channel alone' | number
): Work {
  const counted = { ...emptyWork(), inputs: 0 }
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) for (let channel = 0; channel < c; channel++) counted.inputs++
  const outputs = outputsOf === 'every channel alone' ? 1 : outputsOf
  const groups = outputsOf === 'every channel alone' ? c : 1
  for (let top = -pad; top + ks <= h + pad; top += stride) {
    for (let left = -pad; left + ks <= w + pad; left += stride) {
      for (let group = 0; group < groups; group++) {
        counted.outputs += outputs
        for (let tap = 0; tap < ks * ks; tap++)
          for (let channel = 0; channel < c / groups; channel++) {
            counted.patches++
            counted.macs += outputs
          }
      }
    }
  }
  return counted
}

const random = createRandom(31)
const from = (low: number, high: number): number => low + random.integer(high - low + 1)
const work = (kernel: KernelName, sizes: readonly number[]): Work => {
  const counted = emptyWork()
  expect(kernelSpec(kernel).work(sizes, counted)).toBeNull()
  return counted
}

describe('the work of a kernel', () => {
  it('is what walking through the layer counts, for windows of every kind', () => {
    for (let times = 0; times < 40; times++) {
      const pad = from(0, 2)
      const ks = from(1, 4)
      const layer = { h: from(4, 9), w: from(4, 9), c: from(1, 5), ks, stride: from(1, 3), pad }
      const { h, w, c, stride } = layer
      const k = from(1, 6)
      expect(work('conv2d', [h, w, c, k, ks, stride, pad])).toEqual({
        ...walked(layer, k),
        weights: ks * ks * c * k
      })
      expect(work('depthwiseConv2d', [h, w, c, ks, stride, pad])).toEqual({
        ...walked(layer, 'every channel alone'),
        weights: ks * ks * c
      })
      for (const pool of ['maxPool', 'avgPool'] as const)
        expect(work(pool, [h, w, c, ks, stride])).toEqual({
          ...walked({ ...layer, pad: 0 }, 'every channel alone'),
          weights: 0
        })
    }
  })

  it('is that of a product and of elements', () => {
    expect(work('matmul', [2, 3, 5])).toEqual({ macs: 30, outputs: 6, patches: 10, weights: 15, inputs: 10 })
    expect(work('add', [7])).toEqual({ macs: 7, outputs: 7, patches: 7, weights: 0, inputs: 7 })
    expect(work('requantize', [4, 3])).toEqual({ macs: 12, outputs: 12, patches: 12, weights: 0, inputs: 12 })
    expect(work('flatten', [9])).toEqual({ macs: 9, outputs: 9, patches: 9, weights: 0, inputs: 9 })
    expect(work('argmax', [10])).toEqual({ macs: 10, outputs: 1, patches: 10, weights: 0, inputs: 10 })
  })

  it('is refused where the window does not fit, in either direction, by one', () => {
    const refused = (kernel: KernelName, sizes: number[]): string | null =>
      kernelSpec(kernel).work(sizes, emptyWork())
    expect(refused('maxPool', [4, 3, 1, 4, 1])).toBe('a 4 x 4 window does not fit into a 4 x 3 input')
    expect(refused('maxPool', [3, 4, 1, 4, 1])).toBe('a 4 x 4 window does not fit into a 3 x 4 input')
    expect(refused('maxPool', [4, 4, 1, 4, 1])).toBeNull()
    expect(refused('conv2d', [2, 2, 1, 1, 5, 1, 1])).toBe('a 5 x 5 window does not fit into a 4 x 4 input')
    expect(refused('depthwiseConv2d', [2, 2, 1, 5, 1, 1])).toBe(
      'a 5 x 5 window does not fit into a 4 x 4 input'
    )
    expect(refused('conv2d', [3, 3, 1, 1, 5, 1, 1])).toBeNull()
  })

  it('is counted for rows that other programs write with other names and with nothing for the stride', () => {
    const columns = kernelSpec('conv2d').rows!.columns
    expect(columns.map(({ name }) => name)).toEqual(['H', 'W', 'C', 'K', 'KS', 'S'])
    expect(columns.map(({ absent }) => absent)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      1
    ])
    expect(kernelSpec('depthwiseConv2d').rows!.columns.map(({ name }) => name)).toEqual([
      'H',
      'W',
      'C',
      'KS',
      'S'
    ])
    expect(kernelSpec('requantize').rows!.toColumns([6, 7])).toEqual([42])
    expect(kernelSpec('requantize').rows!.toDims([42])).toEqual([42, 1])
    expect(kernelSpec('conv2d').dims.map(({ min }) => min)).toEqual([1, 1, 1, 1, 1, 1, 0])
  })
})
