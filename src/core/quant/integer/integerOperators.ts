import { toCode } from './fixedPoint'
import { scaledCode } from './integerKernels'
import type {
  BinaryLayer,
  CodeFormat,
  EmbedLayer,
  GatherLayer,
  MoveLayer,
  NormalizeLayer,
  ProductLayer,
  ReduceLayer,
  SoftmaxLayer,
  TableLayer
} from '../quantizedNetwork'

/** Integer operators without weights and windows, as resources/kernels/ref computes them (docs/arithmetic.md). */

/** Table look-up by code and, where there are several tables, by channel. */
export function lookUp({ tables }: Pick<TableLayer, 'tables'>, input: Int8Array, out: Int8Array): void {
  const channels = tables.length / 256
  for (let at = 0; at < out.length; at++) out[at] = tables[(at % channels) * 256 + input[at] + 128]
}

/** Rows of a table by pairs of input bytes. */
export function embed({ rows, width, codes }: EmbedLayer, input: Int8Array, out: Int8Array): void {
  const count = input.length / 2
  for (let at = 0; at < count; at++) {
    const row = Math.min(rows - 1, input[at] + 128 + 256 * (input[count + at] + 128))
    out.set(codes.subarray(row * width, (row + 1) * width), at * width)
  }
}

/** Calls `visit` for every step of nested counts with the offsets of two tensors. */
function forEachStep(
  counts: readonly number[],
  stridesA: readonly number[],
  stridesB: readonly number[],
  visit: (a: number, b: number) => void
): void {
  const walk = (depth: number, a: number, b: number): void => {
    if (depth === counts.length) return visit(a, b)
    for (let step = 0; step < counts[depth]; step++)
      walk(depth + 1, a + step * stridesA[depth], b + step * stridesB[depth])
  }
  walk(0, 0, 0)
}

/** Function of two tensors of codes with broadcasting. */
export function binary(layer: BinaryLayer, a: Int8Array, b: Int8Array, out: Int8Array): void {
  const [multA, multB] = [layer.mult[0], layer.mult[1] ?? 0]
  const shift = layer.shift[0]
  const zeroA = layer.input.zero
  const zeroB = layer.inputB.zero
  const sign = layer.function === 'sub' ? -1 : 1
  let at = 0
  forEachStep(layer.counts, layer.stridesA, layer.stridesB, (offsetA, offsetB) => {
    const x = a[offsetA] + zeroA
    const y = b[offsetB] + zeroB
    const value = layer.function === 'mul' ? x * y * multA : x * multA + sign * y * multB
    out[at++] = scaledCode(value, 1, shift, layer)
  })
}

/** @param written codes of the tensor of which this layer writes a part; null when it writes the whole tensor */
export function move(layer: MoveLayer, input: Int8Array, written: Int8Array | null, out: Int8Array): void {
  if (written !== null) out.set(written)
  else if (layer.fill !== null) out.fill(layer.fill)
  const { counts, inStrides, outStrides, inOffset, outOffset } = layer.loops
  forEachStep(counts, inStrides, outStrides, (from, to) => {
    out[outOffset + to] = input[inOffset + from]
  })
}

/** Moves codes; places without a source get the fill code. */
export function runGather(
  { sources, fill }: Pick<GatherLayer, 'sources' | 'fill'>,
  input: Int8Array,
  out: Int8Array
): void {
  for (let at = 0; at < sources.length; at++) out[at] = sources[at] < 0 ? fill : input[sources[at]]
}

/** Index of the first element of each row of a reduction. */
const rowBegin = (row: number, count: number, inner: number): number =>
  Math.floor(row / inner) * count * inner + (row % inner)

/** Mean, maximum or sum of codes over axes. */
export function reduce(layer: ReduceLayer, input: Int8Array, out: Int8Array): void {
  const { outer, count, inner } = layer.loops
  for (let row = 0; row < outer * inner; row++) {
    const from = rowBegin(row, count, inner)
    let best = -128
    let sum = 0
    for (let k = 0; k < count; k++) {
      const code = input[from + k * inner]
      if (code > best) best = code
      sum += code + layer.input.zero
    }
    out[row] = layer.function === 'max' ? best : scaledCode(sum, layer.mult[0], layer.shift[0], layer)
  }
}

/** What a softmax of codes needs. */
export type SoftmaxCodes = Pick<SoftmaxLayer, 'loops' | 'levels' | 'exponents' | 'outBits' | 'outZero'>

/** Integer softmax over one axis. */
export function softmax(layer: SoftmaxCodes, input: Int8Array, out: Int8Array): void {
  const { outer, count, inner } = layer.loops
  for (let row = 0; row < outer * inner; row++) {
    const from = rowBegin(row, count, inner)
    let best = -128
    for (let k = 0; k < count; k++) best = Math.max(best, input[from + k * inner])
    let sum = 0
    for (let k = 0; k < count; k++) sum += layer.exponents[best - input[from + k * inner]]
    for (let k = 0; k < count; k++) {
      const at = from + k * inner
      const share = layer.exponents[best - input[at]] * layer.levels
      out[at] = toCode(Math.floor((share + Math.floor(sum / 2)) / sum), layer.outBits, layer.outZero)
    }
  }
}

/** Fraction bits of a normalised value. */
export const normalBits = 12

/** What a norm of codes needs. */
export type NormalizeCodes = Pick<
  NormalizeLayer,
  'loops' | 'centred' | 'epsilon' | 'mult' | 'add' | 'shift' | 'outBits' | 'outZero' | 'relu'
> & { readonly input: Pick<CodeFormat, 'zero'> }

/** Integer LayerNorm or RMSNorm over the last axis. */
export function normalize(layer: NormalizeCodes, input: Int8Array, out: Int8Array): void {
  const { outer, count, inner } = layer.loops
  const { zero } = layer.input
  for (let row = 0; row < outer * inner; row++) {
    const from = rowBegin(row, count, inner)
    let sum = 0
    let squares = 0
    for (let k = 0; k < count; k++) {
      const value = input[from + k * inner] + zero
      sum += value
      squares += value * value
    }
    if (!layer.centred) sum = 0
    const { root, doublings } = scaledRoot(count * squares - sum * sum + layer.epsilon)
    for (let k = 0; k < count; k++) {
      const at = from + k * inner
      const distance = count * (input[at] + zero) - sum
      const normal = root === 0 ? 0 : Math.trunc((distance * 2 ** (doublings + normalBits)) / root)
      const value = normal * layer.mult[k] + layer.add[k] * 2 ** normalBits
      out[at] = scaledCode(value, 1, layer.shift[0], layer)
    }
  }
}

/** Square root of value * 4^doublings, rounded down, where the doublings bring it to at least 2^60; all 0 for 0. */
export function scaledRoot(value: number): { root: number; doublings: number } {
  if (value === 0) return { root: 0, doublings: 0 }
  let scaled = BigInt(value)
  let doublings = 0
  while (scaled < 1n << 60n) {
    scaled <<= 2n
    doublings++
  }
  let root = BigInt(Math.floor(Math.sqrt(Number(scaled))))
  while (root * root > scaled) root--
  while ((root + 1n) * (root + 1n) <= scaled) root++
  return { root: Number(root), doublings }
}

/** What a product of two tensors of codes needs. */
export type ProductCodes = Pick<
  ProductLayer,
  | 'rows'
  | 'columns'
  | 'inner'
  | 'batches'
  | 'a'
  | 'b'
  | 'out'
  | 'mult'
  | 'shift'
  | 'outBits'
  | 'outZero'
  | 'relu'
> & { readonly input: Pick<CodeFormat, 'zero'>; readonly inputB: Pick<CodeFormat, 'zero'> }

/** Product of two tensors of codes. */
export function runProduct(layer: ProductCodes, a: Int8Array, b: Int8Array, out: Int8Array): void {
  const { rows, columns, inner, batches } = layer
  const zeroA = layer.input.zero
  const zeroB = layer.inputB.zero
  for (const begin of batches) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = 0
        let placeA = begin.a + row * layer.a[0]
        let placeB = begin.b + column * layer.b[1]
        for (let k = 0; k < inner; k++, placeA += layer.a[1], placeB += layer.b[0]) {
          sum += (a[placeA] + zeroA) * (b[placeB] + zeroB)
        }
        out[begin.out + row * layer.out[0] + column * layer.out[1]] = scaledCode(
          sum,
          layer.mult[0],
          layer.shift[0],
          layer
        )
      }
    }
  }
}
