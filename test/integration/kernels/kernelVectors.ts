import { gatherCodes, tapPositions } from '@core/quant/integer/im2col'
import {
  add,
  avgPool,
  maxPool,
  multiplyCodes,
  multiplyDepthwise,
  requantizeCodes,
  requantizeSums
} from '@core/quant/integer/integerKernels'
import { toFixedPoint } from '@core/quant/integer/fixedPoint'
import { packWeights, weightLayouts } from '@core/quant/packing'
import { bitWidths, type Bits } from '@core/quant/scheme'
import { createRandom, type Random } from '@core/math/random'

import { operatorVectorCases } from './operatorVectors'

/**
 * The golden cases of the C kernels, computed by the TypeScript integer reference: test/vectors/kernels.bin, read by
 * kernelCheck.c on the host and on RISC-V. Little-endian words: magic, count, then per case op, 16 parameters, blob
 * count, and per blob its byte length and its bytes padded to a word.
 */
const magic = 0x564b4242 // "BBKV"

const operations = {
  pack: 0,
  matmul: 1,
  conv2d: 2,
  depthwise: 3,
  requantize: 4,
  requantizeCodes: 5,
  maxPool: 6,
  avgPool: 7,
  add: 8,
  argmax: 9,
  operator: 10
} as const

export type Blob = Int8Array | Uint8Array | Int32Array

export interface Case {
  readonly op: keyof typeof operations
  readonly parameters: readonly number[]
  readonly blobs: readonly Blob[]
}

/** All cases in a fixed order from a fixed seed: the same bytes every time. */
export function kernelVectorBytes(): Uint8Array {
  const random = createRandom(20260)
  const cases = [
    ...packCases(random.fork(1)),
    ...matmulCases(random.fork(2)),
    ...convolutionCases(random.fork(3)),
    ...requantizeCases(random.fork(4)),
    ...poolCases(random.fork(5)),
    ...elementwiseCases(random.fork(6)),
    ...operatorVectorCases()
  ]
  const words: number[] = [magic, cases.length]
  for (const { op, parameters, blobs } of cases) {
    words.push(operations[op], ...parameters, ...Array<number>(16 - parameters.length).fill(0), blobs.length)
    for (const blob of blobs) {
      words.push(blob.byteLength)
      const bytes = new Uint8Array(Math.ceil(blob.byteLength / 4) * 4)
      bytes.set(new Uint8Array(blob.buffer, blob.byteOffset, blob.byteLength))
      const view = new DataView(bytes.buffer)
      for (let at = 0; at < bytes.length; at += 4) words.push(view.getUint32(at, true))
    }
  }
  const out = new DataView(new ArrayBuffer(words.length * 4))
  for (const [at, word] of words.entries()) out.setUint32(at * 4, word >>> 0, true)
  return new Uint8Array(out.buffer)
}

/** Codes of a width: at random, all lowest, or all highest. */
type Fill = 'random' | 'low' | 'high'

function codes(random: Random, bits: Bits, count: number, fill: Fill = 'random'): Int8Array {
  const low = bits === 1 ? -1 : -(2 ** (bits - 1))
  const high = bits === 1 ? 1 : 2 ** (bits - 1) - 1
  return Int8Array.from({ length: count }, () => {
    if (fill === 'low') return low
    if (fill === 'high') return high
    return bits === 1 ? 2 * random.integer(2) - 1 : low + random.integer(2 ** bits)
  })
}

function packCases(random: Random): Case[] {
  return weightLayouts.flatMap(({ id, bits: widths }) =>
    widths.flatMap((bits) =>
      (
        [
          [1, 1],
          [3, 33],
          [5, 64]
        ] as const
      ).map(([rows, k]): Case => {
        const values = codes(random, bits, rows * k)
        return {
          op: 'pack',
          parameters: [id, bits, rows, k],
          blobs: [values, packWeights(id, bits, values, rows, k)]
        }
      })
    )
  )
}

/** n, m, k: one of each, k around a word and around the 64 codes of a set of tables, single rows against many weights. */
const matmulShapes: readonly (readonly [number, number, number, Fill, Fill])[] = [
  [1, 1, 1, 'random', 'random'],
  [1, 45, 100, 'random', 'random'],
  [2, 3, 31, 'random', 'random'],
  [5, 9, 65, 'random', 'random'],
  [9, 8, 64, 'random', 'random'],
  [17, 6, 96, 'random', 'random'],
  [8, 4, 160, 'low', 'low'],
  [8, 4, 160, 'low', 'high'],
  [16, 5, 128, 'high', 'low'],
  [1, 48, 192, 'low', 'low']
]

function matmulCases(random: Random): Case[] {
  return pairs().flatMap(([a, w]) =>
    matmulShapes.map(([n, m, k, fillA, fillW]): Case => {
      const activations = codes(random, a, n * k, fillA)
      const weights = codes(random, w, m * k, fillW)
      const sums = new Int32Array(n * m)
      multiplyCodes(activations, weights, n, m, k, sums)
      return { op: 'matmul', parameters: [a, w, n, m, k], blobs: [activations, weights, sums] }
    })
  )
}

interface WindowCase {
  h: number
  w: number
  c: number
  k: number
  ks: [number, number]
  stride: [number, number]
  pad: [number, number, number, number]
}

const windows: readonly WindowCase[] = [
  { h: 6, w: 7, c: 5, k: 6, ks: [3, 3], stride: [1, 1], pad: [1, 1, 1, 1] },
  { h: 5, w: 9, c: 4, k: 9, ks: [3, 3], stride: [2, 2], pad: [0, 0, 1, 1] },
  { h: 4, w: 4, c: 3, k: 3, ks: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0] },
  { h: 3, w: 2, c: 1, k: 2, ks: [5, 4], stride: [1, 1], pad: [2, 2, 2, 2] }
]

function outSides(s: WindowCase): [number, number] {
  return [
    Math.floor((s.h + s.pad[0] + s.pad[2] - s.ks[0]) / s.stride[0]) + 1,
    Math.floor((s.w + s.pad[1] + s.pad[3] - s.ks[1]) / s.stride[1]) + 1
  ]
}

function convolutionCases(random: Random): Case[] {
  const cases: Case[] = []
  const unfold = (s: WindowCase, input: Int8Array, padCode: number) => {
    const [outH, outW] = outSides(s)
    const columns = new Int8Array(outH * outW * s.ks[0] * s.ks[1] * s.c)
    const window = { kernel: s.ks, stride: s.stride, pad: s.pad }
    gatherCodes(input, tapPositions([s.h, s.w, s.c], window, outH, outW), padCode, columns)
    return columns
  }
  const shape = (s: WindowCase, k: number, padCode: number) => {
    const [outH, outW] = outSides(s)
    return [s.h, s.w, s.c, outH, outW, k, ...s.ks, ...s.stride, s.pad[0], s.pad[1], padCode]
  }
  for (const [a, w] of pairs()) {
    for (const [index, s] of windows.entries()) {
      const taps = s.ks[0] * s.ks[1] * s.c
      const [outH, outW] = outSides(s)
      const padCode = a === 1 ? -1 : index % 2 === 0 ? 0 : -(2 ** (a - 1))
      const input = codes(random, a, s.h * s.w * s.c)
      const weights = codes(random, w, s.k * taps)
      const sums = new Int32Array(outH * outW * s.k)
      multiplyCodes(unfold(s, input, padCode), weights, outH * outW, s.k, taps, sums)
      cases.push({
        op: 'conv2d',
        parameters: [a, w, ...shape(s, s.k, padCode)],
        blobs: [input, weights, sums]
      })
    }
  }
  for (const s of [...windows, { ...windows[0]!, h: 20, w: 21, c: 3, k: 3 }]) {
    const input = codes(random, 8, s.h * s.w * s.c)
    const weights = codes(random, 8, s.ks[0] * s.ks[1] * s.c)
    const [outH, outW] = outSides(s)
    const sums = new Int32Array(outH * outW * s.c)
    multiplyDepthwise(unfold(s, input, -128), weights, outH * outW, s.ks[0] * s.ks[1], s.c, sums)
    cases.push({
      op: 'depthwise',
      parameters: [8, 8, ...shape(s, s.c, -128)],
      blobs: [input, weights, sums]
    })
  }
  return cases
}

/** Output formats: every width, signed and never negative, with and without ReLU. */
function formats(): { outBits: Bits; outZero: number; relu: boolean }[] {
  return bitWidths.flatMap((outBits) =>
    [0, outBits === 1 ? 1 : 2 ** (outBits - 1)].flatMap((outZero) =>
      [false, true].map((relu) => ({ outBits, outZero, relu }))
    )
  )
}

function requantizeCases(random: Random): Case[] {
  const pixels = 12
  const channels = 5
  return formats().map((format): Case => {
    const sums = Int32Array.from({ length: pixels * channels }, () => random.integer(2 ** 32) - 2 ** 31)
    // Sums of every magnitude, so that rounding and both clamps take part.
    for (const at of sums.keys()) sums[at] = sums[at]! >> random.integer(32)
    const bias = Int32Array.from({ length: channels }, () => random.integer(2001) - 1000)
    // Channel 0 is dead; the others reach from the smallest shift to the largest.
    const factors = [0, 1e-9, 2 ** -20 / 3, 0.37, 3000]
    const fixed = factors.map((factor) => toFixedPoint(factor))
    const mult = Int32Array.from(fixed, (f) => f.mult)
    const shift = Uint8Array.from(fixed, (f) => f.shift)
    const out = new Int8Array(pixels * channels)
    const biased = sums.map((sum, at) => (sum + bias[at % channels]!) | 0)
    requantizeSums(biased, pixels, channels, { mult, shift, ...format }, out)
    return {
      op: 'requantize',
      parameters: [pixels, channels, format.outZero, format.outBits, Number(format.relu)],
      blobs: [sums, bias, mult, shift, out]
    }
  })
}

function layerOf(s: WindowCase, format: { outBits: Bits; outZero: number; relu: boolean }, zero: number) {
  const [outH, outW] = outSides(s)
  return {
    name: 'case',
    inputs: [-1],
    inputShape: [s.h, s.w, s.c] as const,
    outputShape: [outH, outW, s.c] as const,
    input: { bits: 8 as const, scale: 1, zero },
    outScale: 1,
    kernel: s.ks,
    stride: s.stride,
    pad: s.pad,
    ...format
  }
}

function poolCases(random: Random): Case[] {
  const cases: Case[] = []
  const shapes: WindowCase[] = [
    { h: 6, w: 8, c: 3, k: 3, ks: [2, 2], stride: [2, 2], pad: [0, 0, 0, 0] },
    { h: 5, w: 5, c: 2, k: 2, ks: [3, 3], stride: [2, 2], pad: [1, 1, 1, 1] },
    { h: 4, w: 3, c: 7, k: 7, ks: [4, 3], stride: [1, 1], pad: [0, 0, 0, 0] }
  ]
  for (const s of shapes) {
    const [outH, outW] = outSides(s)
    const parameters = [s.h, s.w, s.c, outH, outW, ...s.ks, ...s.stride, s.pad[0], s.pad[1]]
    const input = codes(random, 8, s.h * s.w * s.c)
    const plain = { outBits: 8 as const, outZero: 0, relu: false }
    const best = new Int8Array(outH * outW * s.c)
    maxPool({ op: 'maxPool', ...layerOf(s, plain, 0) }, input, best)
    cases.push({ op: 'maxPool', parameters, blobs: [input, best] })
    for (const format of formats()) {
      const { mult, shift } = toFixedPoint((format.outBits === 1 ? 256 : 1) / (s.ks[0] * s.ks[1] * 1.5))
      const out = new Int8Array(outH * outW * s.c)
      const fixed = { mult: Int32Array.of(mult), shift: Uint8Array.of(shift) }
      avgPool({ op: 'avgPool', ...layerOf(s, format, 128), ...fixed }, input, out)
      cases.push({
        op: 'avgPool',
        parameters: [
          ...parameters,
          128,
          mult,
          shift,
          format.outZero,
          format.outBits + 256 * Number(format.relu)
        ],
        blobs: [input, out]
      })
    }
  }
  return cases
}

function elementwiseCases(random: Random): Case[] {
  const count = 37
  const s: WindowCase = { h: 1, w: 1, c: count, k: count, ks: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0] }
  const cases: Case[] = []
  for (const format of formats()) {
    const { kernel, stride, pad, ...layer } = layerOf(s, format, 128)
    void [kernel, stride, pad]
    const a = codes(random, 8, count)
    const b = codes(random, 8, count)
    const out = new Int8Array(count)
    const multA = 2 ** 20 + random.integer(2 ** 20)
    const multB = random.integer(2 ** 20)
    const shift = format.outBits === 1 ? 14 : 20 + random.integer(4)
    const mult = Int32Array.of(multA, multB)
    const inputB = { bits: 8 as const, scale: 1, zero: 3 }
    add({ op: 'add', ...layer, inputB, mult, shift: Uint8Array.of(shift) }, a, b, out)
    const end = [format.outZero, format.outBits, Number(format.relu)]
    cases.push({ op: 'add', parameters: [count, 128, 3, multA, multB, shift, ...end], blobs: [a, b, out] })
    // An offset whose sums do not fit a word.
    const wide = new Int8Array(count)
    const input = { bits: 8 as const, scale: 1, zero: 5000 }
    add({ op: 'add', ...layer, input, inputB, mult, shift: Uint8Array.of(shift) }, a, b, wide)
    cases.push({ op: 'add', parameters: [count, 5000, 3, multA, multB, shift, ...end], blobs: [a, b, wide] })
    const single = new Int8Array(count)
    requantizeCodes(
      { op: 'requantize', ...layer, mult: Int32Array.of(multA), shift: Uint8Array.of(shift) },
      a,
      single
    )
    cases.push({
      op: 'requantizeCodes',
      parameters: [count, 128, multA, shift, ...end],
      blobs: [a, single]
    })
  }
  for (const [values, first] of [
    [[3, 9, -1, 9], 1],
    [[-5], 0],
    [[-7, -7, -8], 0]
  ] as const) {
    cases.push({ op: 'argmax', parameters: [values.length, first], blobs: [Int32Array.from(values)] })
  }
  return cases
}

function pairs(): [Bits, Bits][] {
  return bitWidths.flatMap((a) => bitWidths.map((w): [Bits, Bits] => [a, w]))
}
