import { sequenceKernels, type RecurrentKernel, type SequenceKernel } from '../../shared/vocabulary'
import { createOperandStream, createOperandWords } from '../quant/integer/benchOperands'
import { lookUp, normalize, runGather, runProduct, softmax } from '../quant/integer/integerOperators'
import { toCode } from '../quant/integer/fixedPoint'
import { runRecurrence } from '../quant/integer/recurrence'
import { turnPairs } from '../quant/integer/rope'
import type { RecurrentLayer } from '../quant/quantizedNetwork'
import type { Bits } from '../quant/scheme'
import type { BenchItem } from '../kernel/shape'
import { gatesOfRecurrence } from '../kernel/spec'

/** Whether it names a kernel of language models, encoders or recurrences. */
export function isSequenceKernel(name: string): name is SequenceKernel {
  return (sequenceKernels as readonly string[]).includes(name)
}

/** Output codes of such a kernel over the operand stream of docs/protocol.md, with the parameters that stand there. */
export function expectedSequence(kernel: SequenceKernel, item: BenchItem, seed: number): Int8Array {
  const words = createOperandWords(seed)
  const next = createOperandStream(seed, words)
  const { dims } = item
  const bits = item.activationBits as Bits
  const codes = (count: number): Int8Array => next(bits, count)
  switch (kernel) {
    case 'product':
      return product(dims, bits, codes)
    case 'softmax':
      return softmaxRows(dims, bits, codes)
    case 'layerNorm':
    case 'rmsNorm':
      return norms(kernel === 'layerNorm', dims, bits, codes)
    case 'table': {
      const input = codes(dims[0])
      const out = new Int8Array(dims[0])
      lookUp({ tables: codes(256) }, input, out)
      return out
    }
    case 'gather': {
      const [count] = dims
      const sources = Int32Array.from({ length: count }, (_, at) => (Math.imul(at, 7919) >>> 0) % count)
      const out = new Int8Array(count)
      runGather({ sources, fill: 0 }, codes(count), out)
      return out
    }
    case 'rope':
      return turned(dims, bits, words)
    case 'rnn':
    case 'lstm':
    case 'gru':
    case 'gruAfter':
      return recurrence(kernel, dims, bits, next)
  }
}

type Codes = (count: number) => Int8Array

function product(dims: readonly number[], bits: Bits, codes: Codes): Int8Array {
  const [rows, columns, inner] = dims as readonly [number, number, number]
  const out = new Int8Array(rows * columns)
  const [a, b] = [codes(rows * inner), codes(columns * inner)]
  const shift = Uint8Array.of(19 + bits + Math.ceil(Math.log2(inner)))
  const strides = { a: [inner, 1], b: [1, inner], out: [columns, 1] } as const
  const format = { outBits: bits, outZero: 0, relu: false, mult: Int32Array.of(2 ** 20), shift }
  const sizes = { rows, columns, inner, batches: [{ a: 0, b: 0, out: 0 }] }
  runProduct({ ...sizes, ...strides, ...format, input: { zero: 3 }, inputB: { zero: -5 } }, a, b, out)
  return out
}

function softmaxRows(dims: readonly number[], bits: Bits, codes: Codes): Int8Array {
  const [outer, count] = dims as readonly [number, number]
  const out = new Int8Array(outer * count)
  const exponents = Int32Array.from({ length: 256 }, (_, below) => 32768 >> (below >> 4))
  const format = { outBits: bits, outZero: bits === 1 ? 0 : 2 ** (bits - 1) }
  const levels = bits === 1 ? 256 : 2 ** bits - 1
  softmax({ loops: { outer, count, inner: 1 }, levels, exponents, ...format }, codes(outer * count), out)
  return out
}

function norms(centred: boolean, dims: readonly number[], bits: Bits, codes: Codes): Int8Array {
  const [outer, count] = dims as readonly [number, number]
  const out = new Int8Array(outer * count)
  const factors = {
    mult: Int32Array.from({ length: count }, (_, at) => 2 ** 20 + 16 * at),
    add: Int32Array.from({ length: count }, (_, at) => at),
    shift: Uint8Array.of(35 - bits)
  }
  const format = { outBits: bits, outZero: 0, relu: false, input: { zero: 7 }, epsilon: count }
  normalize({ loops: { outer, count, inner: 1 }, centred, ...factors, ...format }, codes(outer * count), out)
  return out
}

function turned(dims: readonly number[], bits: Bits, words: () => number): Int8Array {
  const [heads, pairs] = dims as readonly [number, number]
  const count = 2 * heads * pairs
  const values = Int32Array.from({ length: count }, () => words() >> 16)
  const turns = Int16Array.from({ length: 2 * pairs }, () => words() >> 18)
  const out = new Int8Array(count)
  turnPairs(values, count, turns, (at, value) => {
    // One bit is decided on a grid of 1/256.
    out[at] = toCode(value, bits, 0)
  })
  return out
}

const clamped = (value: number, low: number): number => Math.max(low, Math.min(32_767, value))

function recurrence(
  cell: RecurrentKernel,
  dims: readonly number[],
  bits: Bits,
  next: (bits: Bits, count: number) => Int8Array
): Int8Array {
  const [steps, hidden] = dims as readonly [number, number]
  const rows = gatesOfRecurrence[cell] * hidden
  const entries = (value: (at: number) => number): Int16Array =>
    Int16Array.from({ length: 257 }, (_, at) => value(at - 128))
  const states = entries((at) => clamped(1024 * at, -32_768))
  const tables = [entries((at) => clamped(16_384 + 256 * at, 0)), states, states]
  const input = next(bits, steps * rows)
  const layer: RecurrentLayer = {
    ...{ op: 'recurrent', name: cell, inputs: [-1], cell, isReverse: false, relu: false, tables },
    ...{ inputShape: [steps, 1, rows], outputShape: [steps, 1, hidden], input: { bits, scale: 1, zero: 3 } },
    ...{ outBits: bits, outScale: 1, outZero: 0, ownMult: 2 ** 20, ownShift: 12 },
    ...{ bitsOf: null, weightBits: 8, recurrence: next(8, rows * hidden) },
    rowBias: Int32Array.from({ length: rows }, (_, row) => row),
    rowMult: Int32Array.from({ length: rows }, (_, row) => 2 ** 20 + (row & 0xffff)),
    rowShift: new Uint8Array(rows).fill(24),
    mult: Int32Array.of(2 ** 20),
    shift: Uint8Array.of(36 - bits)
  }
  const out = new Int8Array(steps * hidden)
  runRecurrence(layer, input, out)
  return out
}
