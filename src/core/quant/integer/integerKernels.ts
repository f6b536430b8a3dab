import {
  codeRange,
  elementCount,
  type AddLayer,
  type AvgPoolLayer,
  type MaxPoolLayer,
  type RequantizeLayer
} from '../quantizedNetwork'
import { oneBitFraction, scaleRounded, toCode } from './fixedPoint'
import type { Bits } from '../scheme'

/** Integer operators on int8 codes of one HWC image, as the C runtime computes them (docs/arithmetic.md). */

/** sums[row][out] = sum_k codes[row][k] * weights[out][k]; int32 that wraps. Four outputs share one pass over a row. */
export function multiplyCodes(
  codes: Int8Array,
  weights: Int8Array,
  rows: number,
  outputs: number,
  inner: number,
  sums: Int32Array
): void {
  for (let row = 0; row < rows; row++) {
    const from = row * inner
    const to = row * outputs
    let out = 0
    for (; out + 4 <= outputs; out += 4) {
      let w0 = out * inner
      let w1 = w0 + inner
      let w2 = w1 + inner
      let w3 = w2 + inner
      let s0 = 0
      let s1 = 0
      let s2 = 0
      let s3 = 0
      for (let k = from, end = from + inner; k < end; k++) {
        const code = codes[k]
        s0 = (s0 + code * weights[w0++]) | 0
        s1 = (s1 + code * weights[w1++]) | 0
        s2 = (s2 + code * weights[w2++]) | 0
        s3 = (s3 + code * weights[w3++]) | 0
      }
      sums[to + out] = s0
      sums[to + out + 1] = s1
      sums[to + out + 2] = s2
      sums[to + out + 3] = s3
    }
    for (; out < outputs; out++) {
      let w = out * inner
      let sum = 0
      for (let k = from, end = from + inner; k < end; k++) sum = (sum + codes[k] * weights[w++]) | 0
      sums[to + out] = sum
    }
  }
}

/** sums[pixel][channel] = sum over taps of codes[pixel][tap][channel] * weights[tap][channel]. */
export function multiplyDepthwise(
  columns: Int8Array,
  weights: Int8Array,
  pixels: number,
  taps: number,
  channels: number,
  sums: Int32Array
): void {
  sums.fill(0, 0, pixels * channels)
  for (let pixel = 0; pixel < pixels; pixel++) {
    const to = pixel * channels
    for (let tap = 0; tap < taps; tap++) {
      const from = (pixel * taps + tap) * channels
      const w = tap * channels
      for (let c = 0; c < channels; c++)
        sums[to + c] = (sums[to + c] + columns[from + c] * weights[w + c]) | 0
    }
  }
}

/** sums[pixel][channel] += bias[channel], wrapping. */
export function addBias(sums: Int32Array, bias: Int32Array): void {
  const channels = bias.length
  for (let channel = 0; channel < channels; channel++) {
    const own = bias[channel]
    for (let at = channel; at < sums.length; at += channels) sums[at] = (sums[at] + own) | 0
  }
}

/** How int32 sums become codes: round(sum * mult / 2^shift), by channel. */
export interface Requant {
  readonly mult: Int32Array
  readonly shift: Uint8Array
  readonly outBits: Bits
  readonly outZero: number
  readonly relu: boolean
}

/** sums[pixel][channel], bias already added, to codes. */
export function requantizeSums(
  sums: Int32Array,
  pixels: number,
  channels: number,
  how: Requant,
  out: Int8Array
): void {
  const { mult, shift, outBits, outZero, relu } = how
  const { low, high } = codeRange(outBits)
  const threshold = oneBitFraction * outZero
  for (let channel = 0; channel < channels; channel++) {
    const factor = mult[channel]
    const half = 2 ** (shift[channel] - 1)
    const unit = 2 ** -shift[channel]
    for (let at = channel, end = pixels * channels; at < end; at += channels) {
      let rounded = Math.floor((sums[at] * factor + half) * unit)
      if (relu && rounded < 0) rounded = 0
      if (outBits === 1) {
        out[at] = rounded > threshold ? 1 : -1
      } else {
        const code = rounded - outZero
        out[at] = code < low ? low : code > high ? high : code
      }
    }
  }
}

/** Largest code of every window; same result as the C kernel. */
export function maxPool(layer: MaxPoolLayer, input: Int8Array, out: Int8Array): void {
  const [height, width, channels] = layer.inputShape
  const [outHeight, outWidth] = layer.outputShape
  const [kernelHeight, kernelWidth] = layer.kernel
  let at = 0
  for (let oy = 0; oy < outHeight; oy++) {
    const y0 = oy * layer.stride[0] - layer.pad[0]
    const yFrom = Math.max(0, y0)
    const yTo = Math.min(height, y0 + kernelHeight)
    for (let ox = 0; ox < outWidth; ox++) {
      const x0 = ox * layer.stride[1] - layer.pad[1]
      const xFrom = Math.max(0, x0)
      const xTo = Math.min(width, x0 + kernelWidth)
      for (let c = 0; c < channels; c++) {
        let best = -128
        for (let y = yFrom; y < yTo; y++) {
          for (let x = xFrom; x < xTo; x++) {
            const code = input[(y * width + x) * channels + c]
            if (code > best) best = code
          }
        }
        out[at++] = best
      }
    }
  }
}

/** Rounded mean of every window; same result as the C kernel. */
export function avgPool(layer: AvgPoolLayer, input: Int8Array, out: Int8Array): void {
  const [height, width, channels] = layer.inputShape
  const [outHeight, outWidth] = layer.outputShape
  const [kernelHeight, kernelWidth] = layer.kernel
  const { zero } = layer.input
  let at = 0
  for (let oy = 0; oy < outHeight; oy++) {
    const y0 = oy * layer.stride[0] - layer.pad[0]
    const yFrom = Math.max(0, y0)
    const yTo = Math.min(height, y0 + kernelHeight)
    for (let ox = 0; ox < outWidth; ox++) {
      const x0 = ox * layer.stride[1] - layer.pad[1]
      const xFrom = Math.max(0, x0)
      const xTo = Math.min(width, x0 + kernelWidth)
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let y = yFrom; y < yTo; y++) {
          for (let x = xFrom; x < xTo; x++) sum += input[(y * width + x) * channels + c] + zero
        }
        const entry = layer.mult.length === 1 ? 0 : (yTo - yFrom) * (xTo - xFrom) - 1
        out[at++] = scaledCode(sum, layer.mult[entry], layer.shift[entry], layer)
      }
    }
  }
}

/** Sum of two tensors of codes, each rescaled; same result as the C kernel. */
export function add(layer: AddLayer, a: Int8Array, b: Int8Array, out: Int8Array): void {
  const [multA, multB] = layer.mult as unknown as [number, number]
  const shift = layer.shift[0]
  const zeroA = layer.input.zero
  const zeroB = layer.inputB.zero
  for (let at = 0, end = elementCount(layer.outputShape); at < end; at++) {
    // Both products are below 2^29, so their sum is exact and `scaledCode` is given it with factor 1.
    const sum = (a[at] + zeroA) * multA + (b[at] + zeroB) * multB
    out[at] = scaledCode(sum, 1, shift, layer)
  }
}

/** Codes in another scale or width; same result as the C kernel. */
export function requantizeCodes(layer: RequantizeLayer, input: Int8Array, out: Int8Array): void {
  const mult = layer.mult[0]
  const shift = layer.shift[0]
  const { zero } = layer.input
  for (let at = 0, end = elementCount(layer.outputShape); at < end; at++) {
    out[at] = scaledCode(input[at] + zero, mult, shift, layer)
  }
}

/** value * mult / 2^shift, rounded, as a code of the layer's output. */
export function scaledCode(
  value: number,
  mult: number,
  shift: number,
  layer: { outBits: Bits; outZero: number; relu: boolean }
): number {
  const rounded = scaleRounded(value, mult, shift)
  return toCode(layer.relu && rounded < 0 ? 0 : rounded, layer.outBits, layer.outZero)
}
