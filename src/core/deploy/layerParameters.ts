import { recurrentCells } from '../model/graph'
import type { IntegerLayer, RecurrentLayer, ReduceLoops } from '../quant/quantizedNetwork'
import { recurrentTableEntries } from '../quant/integer/recurrence'
import { maxLoops } from '../quant/integer/moveLoops'
import { packedBytes, packWeights } from '../quant/packing'
import { alignUp } from './planner'

/**
 * The operators whose numbers do not fit a layer record, as the words of their parameter blob: the structs of
 * resources/kernels/bb.h (bb_binary_shape, bb_move_shape, …). Null for every other operator.
 */
export function layerWords(layer: IntegerLayer): Int32Array | null {
  switch (layer.op) {
    case 'binary': {
      const { counts, stridesA, stridesB } = layer
      return words(
        [binaryNumbers[layer.function]],
        padded(counts, 1),
        padded(stridesA, 0),
        padded(stridesB, 0)
      )
    }
    case 'move': {
      const { counts, inStrides, outStrides, inOffset, outOffset } = layer.loops
      return words([inOffset, outOffset], padded(counts, 1), padded(inStrides, 0), padded(outStrides, 0))
    }
    case 'gather':
      return layer.sources
    case 'reduce':
      return words([layer.function === 'max' ? 1 : 0], loopWords(layer.loops))
    case 'softmax':
      return words(loopWords(layer.loops), [layer.levels], layer.exponents)
    case 'normalize': {
      const { loops, centred, epsilon, mult, add } = layer
      const high = Math.floor(epsilon / 2 ** 32)
      return words(loopWords(loops), [centred ? 1 : 0, epsilon - high * 2 ** 32, high], mult, add)
    }
    case 'product': {
      const { rows, columns, inner, batches, a, b, out } = layer
      const begins = batches.flatMap((begin) => [begin.a, begin.b, begin.out])
      return words([rows, columns, inner, batches.length], a, b, out, begins)
    }
    case 'recurrent':
      return recurrentWords(layer)
    case 'embed': {
      // The codes stand behind the two sizes, four a word.
      const { rows, width, codes } = layer
      const bytes = new Uint8Array(8 + Math.ceil(codes.length / 4) * 4)
      bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, codes.length), 8)
      const all = new Int32Array(bytes.buffer)
      all.set([rows, width])
      return all
    }
    default:
      return null
  }
}

/** Words of a bb_recurrent_shape before the factors of its rows: sizes, factors of the input, three tables. */
const recurrentHeadWords = 6 + (3 * recurrentTableEntries) / 2

/** bb_recurrent_shape: its head, three factors a row, then the codes: four a word, narrower ones packed row by row. */
function recurrentWords(layer: RecurrentLayer): Int32Array {
  const { cell, isReverse, ownMult, ownShift, tables, recurrence, rowBias, rowMult, rowShift } = layer
  const rows = rowBias.length
  const entries = new Int16Array(3 * recurrentTableEntries)
  for (const [at, table] of tables.entries()) entries.set(table, at * recurrentTableEntries)
  const codes = new Uint8Array(recurrentCodeBytes(layer))
  codes.set(
    layer.weightBits === 8
      ? new Uint8Array(recurrence)
      : packWeights(0, layer.weightBits, recurrence, rows, recurrence.length / rows)
  )
  const sizes = [
    recurrentCells.indexOf(cell),
    layer.inputShape[0],
    recurrence.length / rows,
    // Bits of 0 are the 8 that Images had before there were others.
    (isReverse ? 1 : 0) + (layer.weightBits === 8 ? 0 : layer.weightBits << 16)
  ]
  return words(
    [...sizes, ownMult, ownShift],
    new Int32Array(entries.buffer),
    rowBias,
    rowMult,
    rowShift,
    new Int32Array(codes.buffer)
  )
}

/** Bytes of the codes of a recurrence, in whole words. */
function recurrentCodeBytes({ recurrence, rowBias, weightBits }: RecurrentLayer): number {
  const rows = rowBias.length
  return weightBits === 8
    ? Math.ceil(recurrence.length / 4) * 4
    : packedBytes(0, weightBits, rows, recurrence.length / rows)
}

/** Length of parameterBytes, which does not depend on the codes; 0 where there is nothing. */
export function parameterSize(layer: IntegerLayer): number {
  if (layer.op !== 'recurrent') return parameterBytes(layer)?.length ?? 0
  return 4 * (recurrentHeadWords + 3 * layer.rowBias.length) + recurrentCodeBytes(layer)
}

/** Bytes of scratch that a layer without weights works in: sums, states and cells of 32 bits, two vectors of codes. */
export function operatorScratch(layer: IntegerLayer): number {
  if (layer.op !== 'recurrent') return 0
  const hidden = layer.outputShape[2]
  return alignUp(4 * layer.rowBias.length + 10 * hidden, 16)
}

/** Numbers of the functions in a binary layer's first word. */
const binaryNumbers = { add: 0, sub: 1, mul: 2 } as const

const loopWords = ({ outer, count, inner }: ReduceLoops): number[] => [outer, count, inner]

/** Right-aligned in the places an Image has. */
function padded(values: readonly number[], filler: number): number[] {
  return [...new Array<number>(maxLoops - values.length).fill(filler), ...values]
}

function words(...parts: ArrayLike<number>[]): Int32Array {
  return Int32Array.from(parts.flatMap((part) => Array.from(part)))
}

/** What an operator without weights reads beside its codes: tables, constants, strides; null where it is nothing. */
export function parameterBytes(layer: IntegerLayer): Uint8Array | null {
  if (layer.op === 'table') return new Uint8Array(layer.tables)
  if (layer.op === 'constant') return new Uint8Array(layer.codes)
  const words = layerWords(layer)
  return words === null ? null : new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
}
