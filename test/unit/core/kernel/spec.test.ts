import { describe, expect, it } from 'vitest'
import { layerKernel, layerWork, type LayerGeometry } from '@core/kernel/fromLayer'
import { dimNames, isPossible, minRamBytes, shapeWork } from '@core/kernel/shape'
import { findProxyKernel, isProxyKernel, kernelSpec, parseProxyKernel, rowSpec } from '@core/kernel/spec'
import { emptyWork } from '@core/kernel/work'
import { createRandom } from '@core/math/random'
import { kernelNames, proxyKernelNames, storedKernelNames } from '@shared/vocabulary'

const range = (low: number, high: number, random: ReturnType<typeof createRandom>): number =>
  low + random.integer(high - low + 1)

describe('kernel specs', () => {
  it('count the same work from the board’s sizes and from the columns of files', () => {
    const random = createRandom(11)
    for (const kernel of proxyKernelNames) {
      for (let draw = 0; draw < 50; draw++) {
        const dims = dimNames(kernel).map((name) =>
          name === 'pad' ? random.integer(2) : name === 'ks' ? range(1, 5, random) : range(5, 20, random)
        )
        const rows = rowSpec(kernel)
        const columns = rows.toColumns(dims)
        const fromColumns = emptyWork()
        expect(columns).toHaveLength(rows.columns.length)
        expect(rows.work(columns, fromColumns)).toBeNull()
        const { macs, outputs, patches, weights } = shapeWork({ kernel, dims })
        expect(fromColumns).toMatchObject({ macs, outputs, patches, weights })
        // Files know no padding: what reads back has the same columns.
        expect(rows.toColumns(rows.toDims(columns))).toEqual(columns)
        expect(shapeWork({ kernel, dims: rows.toDims(columns) })).toEqual(fromColumns)
      }
    }
  })

  it('count by hand: a 3 x 3 convolution of 5 x 5 x 2 to 4 channels at stride 2 and padding 1', () => {
    // 3 x 3 output pixels, 18 taps each.
    expect(shapeWork({ kernel: 'conv2d', dims: [5, 5, 2, 4, 3, 2, 1] })).toEqual({
      macs: 9 * 18 * 4,
      outputs: 36,
      patches: 9 * 18,
      weights: 72,
      inputs: 50
    })
  })

  it('know the RAM of operands: int32 sums of requantize, both operands of add', () => {
    const bits = { activationBits: 8, weightBits: 0 }
    expect(minRamBytes({ kernel: 'requantize', dims: [10, 3], ...bits })).toBe(4 * 30 + 30)
    expect(minRamBytes({ kernel: 'add', dims: [10], ...bits })).toBe(20 + 10)
    expect(minRamBytes({ kernel: 'argmax', dims: [10], ...bits })).toBe(4 * 10 + 1)
    // 12 inputs, 20 weights kept twice (plain, and at 4 bits), 15 int32 outputs.
    const matmul = { kernel: 'matmul', dims: [3, 5, 4], activationBits: 8, weightBits: 4 } as const
    expect(minRamBytes(matmul)).toBe(12 + 20 + 10 + 60)
  })

  it('refuse shapes that no layer has, saying why', () => {
    expect(isPossible({ kernel: 'maxPool', dims: [2, 2, 1, 3, 1] })).toBe(false)
    expect(() => shapeWork({ kernel: 'maxPool', dims: [2, 2, 1, 3, 1] })).toThrow('3 x 3 window')
    expect(() => shapeWork({ kernel: 'add', dims: [0] })).toThrow('n must be at least 1')
    expect(() => shapeWork({ kernel: 'matmul', dims: [1, 2] })).toThrow('n, m, k')
    expect(isPossible({ kernel: 'conv2d', dims: [1, 1, 1, 1, 3, 1, 1] })).toBe(true)
  })

  it('read every name a kernel ever had, in any case', () => {
    for (const [old, name] of Object.entries(storedKernelNames)) {
      expect(parseProxyKernel(old.toUpperCase())).toBe(name)
      expect(rowSpec(name).csvName).toBe(old)
    }
    for (const name of proxyKernelNames) {
      expect(findProxyKernel(name)).toBe(name)
      expect(findProxyKernel(rowSpec(name).csvName)).toBe(name)
    }
    expect(() => parseProxyKernel('magic')).toThrow(expect.objectContaining({ code: 'input.invalid' }))
    expect(kernelNames.filter((name) => !isProxyKernel(name))).toEqual(['flatten', 'argmax'])
    expect(() => rowSpec('argmax')).toThrow(expect.objectContaining({ code: 'input.unsupported' }))
    for (const name of kernelNames) expect(kernelSpec(name).name).toBe(name)
  })
})

describe('the shape of a layer', () => {
  const layer = {
    op: 'conv2d',
    inputShape: [12, 10, 2],
    outputShape: [12, 10, 4],
    kernel: [3, 3],
    stride: [1, 1],
    pad: [1, 1, 1, 1]
  } as const satisfies LayerGeometry

  it('is the layer itself where the window is square', () => {
    expect(layerKernel(layer)).toEqual({ kernel: 'conv2d', dims: [12, 10, 2, 4, 3, 1, 1], scale: 1 })
    // Padding that differs becomes part of the input.
    const uneven = { ...layer, outputShape: [11, 10, 4], pad: [0, 1, 1, 1] } as const
    expect(layerKernel(uneven)).toEqual({ kernel: 'conv2d', dims: [13, 12, 2, 4, 3, 1, 0], scale: 1 })
  })

  it('is a product of patches and weights where a convolution is dilated or hangs over the end', () => {
    const dilated = { ...layer, outputShape: [10, 8, 4], dilation: [2, 2] } as const
    expect(layerKernel(dilated)).toEqual({ kernel: 'matmul', dims: [80, 4, 18], scale: 1 })
    const hanging = { ...layer, outputShape: [7, 6, 4], stride: [2, 2] } as const
    expect(layerKernel(hanging)).toEqual({ kernel: 'matmul', dims: [42, 4, 18], scale: 1 })
    // In one direction alone: 12 -> 6 with stride 2 is covered, 10 -> 6 hangs over, and the other way round.
    const wide = { ...layer, outputShape: [6, 6, 4], stride: [2, 2] } as const
    expect(layerKernel(wide)).toEqual({ kernel: 'matmul', dims: [36, 4, 18], scale: 1 })
    const high = { ...layer, outputShape: [7, 5, 4], stride: [2, 2] } as const
    expect(layerKernel(high)).toEqual({ kernel: 'matmul', dims: [35, 4, 18], scale: 1 })
    // 300 x 300 rows are more than one call takes.
    const large = { ...dilated, inputShape: [302, 302, 2], outputShape: [300, 300, 4] } as const
    expect(layerKernel(large)).toEqual({ kernel: 'matmul', dims: [65_535, 4, 18], scale: 90_000 / 65_535 })
  })

  it('keeps outputs and multiply-accumulates where it is not', () => {
    const random = createRandom(3)
    for (let draw = 0; draw < 200; draw++) {
      const kernel = [range(1, 7, random), range(1, 7, random)] as const
      const stride = [range(1, 3, random), range(1, 3, random)] as const
      const [h, w, c] = [range(8, 20, random), range(8, 20, random), range(1, 5, random)]
      const outputs = [h, w].map((side, axis) => Math.floor((side - kernel[axis]!) / stride[axis]!) + 1)
      for (const op of ['conv2d', 'depthwiseConv2d', 'maxPool', 'avgPool'] as const) {
        const outC = op === 'conv2d' ? 3 : c
        const oblong: LayerGeometry = {
          op,
          inputShape: [h, w, c],
          outputShape: [outputs[0]!, outputs[1]!, outC],
          kernel,
          stride,
          pad: [0, 0, 0, 0]
        }
        const { scale, ...shape } = layerKernel(oblong)
        const [stands, real] = [shapeWork(shape), layerWork(oblong)]
        expect(stands.outputs).toBe(real.outputs)
        expect(scale * stands.macs).toBeCloseTo(real.macs, 6)
        expect(scale * stands.weights).toBeCloseTo(real.weights, 6)
        expect(isPossible(shape)).toBe(true)
      }
    }
  })
})
