import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { runLayerPlain } from '@core/quant/quantize/fitEngine'
import { widePixels } from '@core/quant/integer/widePixels'
import { elementCount, type Conv2dLayer } from '@core/quant/quantizedNetwork'

const random = createRandom(3)
const draw = (count: number, low: number, high: number): Int8Array =>
  Int8Array.from({ length: count }, () => low + random.integer(high - low + 1))

function convolution(
  shape: readonly [number, number, number],
  kernel: readonly [number, number],
  stride: number,
  pad: readonly [number, number, number, number],
  outputs = 3
): Conv2dLayer {
  const size = (axis: 0 | 1): number =>
    Math.floor((shape[axis] + pad[axis] + pad[axis + 2]! - kernel[axis]) / stride) + 1
  return {
    op: 'conv2d',
    name: 'conv',
    inputs: [-1],
    inputShape: shape,
    outputShape: [size(0), size(1), outputs],
    kernel,
    stride: [stride, stride],
    pad,
    padCode: -128,
    input: { bits: 8, scale: 1, zero: 128 },
    outBits: 8,
    outScale: 1,
    outZero: 0,
    relu: false,
    weightBits: 8,
    activationBits: 8,
    weights: draw(outputs * kernel[0] * kernel[1] * shape[2], -128, 127),
    bias: Int32Array.from({ length: outputs }, () => random.integer(1000) - 500),
    weightScale: new Float64Array(outputs).fill(1),
    mult: Int32Array.from({ length: outputs }, () => 100 + random.integer(900)),
    shift: new Uint8Array(outputs).fill(18),
    last: false
  }
}

describe('a convolution over joined pixels', () => {
  it.each([
    ['one channel', convolution([6, 8, 1], [5, 5], 1, [2, 2, 2, 2])],
    ['one channel, stride 2', convolution([8, 8, 1], [3, 3], 2, [1, 1, 1, 1])],
    ['three channels, stride 2', convolution([6, 8, 3], [3, 3], 2, [0, 0, 1, 1])],
    ['two channels, wide kernel', convolution([3, 12, 2], [1, 9], 1, [0, 4, 0, 4])]
  ] as const)('gives the same codes: %s', (_, layer) => {
    const wide = widePixels(layer)!
    expect(wide.inputShape[2]).toBeGreaterThanOrEqual(4)
    expect(elementCount(wide.outputShape)).toBe(elementCount(layer.outputShape))
    const codes = draw(2 * elementCount(layer.inputShape), -128, 127)
    expect(runLayerPlain(wide, [codes], 2)).toEqual(runLayerPlain(layer, [codes], 2))
  })

  it('leaves layers alone whose rows do not divide or that have channels enough', () => {
    expect(widePixels(convolution([6, 8, 4], [3, 3], 1, [1, 1, 1, 1]))).toBeNull()
    expect(widePixels(convolution([6, 7, 1], [3, 3], 1, [1, 1, 1, 1]))).toBeNull()
    expect(widePixels(convolution([6, 8, 1], [3, 3], 1, [0, 0, 0, 0]))).toBeNull()
  })
})
