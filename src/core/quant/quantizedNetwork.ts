import type { ShapeHwc } from '../kernel/shape'
import type { RecurrentCell } from '../model/graph'
import type { Bits, Scheme } from './scheme'

/**
 * QuantizedNetwork: the integers of one network under one Scheme; what the host reference (runInteger.ts) executes
 * and what an Image carries. Arithmetic: docs/arithmetic.md. Activations are int8 codes in HWC order; a vector is
 * [1, 1, n]. Layers are in execution order; `inputs` are indices of layers, -1 is the network input.
 *
 * A tensor that is no image lies in the order of the graph (model/storage.ts). There is no argmax layer: the last layer's int32
 * numbers are the output, and who reads them takes the first maximum.
 */

/** Real value of a code: scale * (code + zero). */
export interface CodeFormat {
  readonly bits: Bits
  readonly scale: number
  /** 0 for signed tensors; 2^(bits-1) (1 for one bit) for tensors that are never negative. */
  readonly zero: number
}

interface LayerBase {
  readonly name: string
  readonly inputs: readonly number[]
  readonly inputShape: ShapeHwc
  readonly outputShape: ShapeHwc
  /** Format of the codes read. */
  readonly input: CodeFormat
  /** Format of the codes written; on the last layer bits is 32 in memory and this only gives the logits' scale. */
  readonly outBits: Bits
  readonly outScale: number
  readonly outZero: number
  /** Results below real zero become zero (needed where the output format is signed). */
  readonly relu: boolean
}

/** Sliding window of an integer convolution or pooling, in pixels. */
export interface Window {
  readonly kernel: readonly [height: number, width: number]
  readonly stride: readonly [height: number, width: number]
  readonly pad: readonly [top: number, left: number, bottom: number, right: number]
  /** Steps between taps; absent: 1. */
  readonly dilation?: readonly [height: number, width: number]
}

interface WeightedLayer extends LayerBase {
  readonly weightBits: Bits
  /** Bits of the input codes; equals input.bits. */
  readonly activationBits: Bits
  /** Unpacked codes, layout by op. */
  readonly weights: Int8Array
  /** Per output channel, in units of input.scale * weightScale[c]; the input's zero offset is folded in. */
  readonly bias: Int32Array
  /** Real value of weight code 1, per output channel. */
  readonly weightScale: Float64Array
  /** Requantisation per output channel; empty on the last layer. */
  readonly mult: Int32Array
  readonly shift: Uint8Array
  /** True on the layer whose int32 sums are the network's logits. */
  readonly last: boolean
}

/** Weights [outC][kh][kw][inC]. */
export interface Conv2dLayer extends WeightedLayer, Window {
  readonly op: 'conv2d'
  readonly padCode: number
}

/** Weights [kh][kw][channels]; one filter per channel. */
export interface DepthwiseConv2dLayer extends WeightedLayer, Window {
  readonly op: 'depthwiseConv2d'
  readonly padCode: number
}

/** Weights [out][in], `in` in HWC order of the input. */
export interface DenseLayer extends WeightedLayer {
  readonly op: 'dense'
}

/** Keeps the code format. Padded positions take no part. */
export interface MaxPoolLayer extends LayerBase, Window {
  readonly op: 'maxPool'
}

/**
 * One mult and shift: mult/2^shift = inScale / (window positions * outScale). Padded positions count as real zero (add
 * nothing to the sum of code + zero). With more entries, entry n - 1 is for windows with n positions inside the image.
 */
export interface AvgPoolLayer extends LayerBase, Window {
  readonly op: 'avgPool'
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** out = ((a + zeroA) * mult[0] + (b + zeroB) * mult[1]) >> shift[0]. */
export interface AddLayer extends LayerBase {
  readonly op: 'add'
  /** Format of the second operand; `input` is the first's. */
  readonly inputB: CodeFormat
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** Code to code: another width, scale or a ReLU that stands alone. */
export interface RequantizeLayer extends LayerBase {
  readonly op: 'requantize'
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** Same codes, shape [1, 1, n]; HWC order, so no data moves. */
export interface FlattenLayer extends LayerBase {
  readonly op: 'flatten'
}

/** A table of 256 codes by code + 128; or one per channel, one behind the other. */
export interface TableLayer extends LayerBase {
  readonly op: 'table'
  readonly tables: Int8Array
}

/** Two operands over nested counts, the innermost last: element strides of each, 0 where it repeats; the result is dense. */
export interface BinaryLayer extends LayerBase {
  readonly op: 'binary'
  readonly function: 'add' | 'sub' | 'mul'
  readonly inputB: CodeFormat
  readonly counts: readonly number[]
  readonly stridesA: readonly number[]
  readonly stridesB: readonly number[]
  /** Of both operands; a product uses the first. */
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** Nested counts over two tensors, the innermost last. */
export interface MoveLoops {
  readonly counts: readonly number[]
  readonly inStrides: readonly number[]
  readonly outStrides: readonly number[]
  readonly inOffset: number
  readonly outOffset: number
}

/** Codes copied by nested counts. With a second input it writes a part of that layer's tensor and leaves the rest. */
export interface MoveLayer extends LayerBase {
  readonly op: 'move'
  readonly loops: MoveLoops
  /** Written everywhere first; null: nothing is. */
  readonly fill: number | null
}

/** Codes copied by a list: sources[i] is where output element i comes from, -1 the fill. */
export interface GatherLayer extends LayerBase {
  readonly op: 'gather'
  readonly sources: Int32Array
  readonly fill: number
}

/** Elements before, along and behind the reduced axes in memory. */
export interface ReduceLoops {
  readonly outer: number
  readonly count: number
  readonly inner: number
}

/** Sum of code + zero over `count` elements, scaled; or the largest code. */
export interface ReduceLayer extends LayerBase {
  readonly op: 'reduce'
  readonly function: 'sum' | 'max'
  readonly loops: ReduceLoops
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** exponents[d] = round(2^15 exp(-scale d)) for a code d below the row's largest; `levels` = 1 in units of the output. */
export interface SoftmaxLayer extends LayerBase {
  readonly op: 'softmax'
  readonly loops: ReduceLoops
  readonly levels: number
  readonly exponents: Int32Array
}

/** docs/arithmetic.md "Normalise"; mult and add have one entry per element of a row. */
export interface NormalizeLayer extends LayerBase {
  readonly op: 'normalize'
  readonly loops: ReduceLoops
  readonly centred: boolean
  /** count² * epsilon / scale², a whole number up to 2^52. */
  readonly epsilon: number
  readonly mult: Int32Array
  readonly add: Int32Array
  readonly shift: Uint8Array
}

/** Sizes of a matrix product and, for each of its matrices, where they begin and the strides within them, in memory. */
export interface ProductLayout {
  readonly rows: number
  readonly columns: number
  readonly inner: number
  readonly batches: readonly { readonly a: number; readonly b: number; readonly out: number }[]
  readonly a: readonly [row: number, inner: number]
  readonly b: readonly [inner: number, column: number]
  readonly out: readonly [row: number, column: number]
}

/** Matrix products of two tensors; begin of each matrix and strides within it, in elements. */
export interface ProductLayer extends LayerBase, ProductLayout {
  readonly op: 'product'
  readonly inputB: CodeFormat
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** Codes that do not depend on the input. */
export interface ConstantLayer extends LayerBase {
  readonly op: 'constant'
  readonly codes: Int8Array
}

/**
 * Rows of codes fetched by the network's input: number i is the byte (code + 128) i plus 256 times the byte behind all of the low
 * ones; beyond the last row it is the last.
 */
export interface EmbedLayer extends LayerBase {
  readonly op: 'embed'
  readonly rows: number
  readonly width: number
  /** [rows][width] */
  readonly codes: Int8Array
}

/**
 * A recurrence over all steps (docs/arithmetic.md "Recurrence"): reads [steps, 1, gates * hidden], writes [steps, 1, hidden]. mult
 * and shift bring a state to the output.
 */
export interface RecurrentLayer extends LayerBase {
  readonly op: 'recurrent'
  readonly cell: RecurrentCell
  readonly isReverse: boolean
  /** Layer of a scheme whose weight bits it has (recurrentSource.ts); null: none, and 8 bits. */
  readonly bitsOf: string | null
  readonly weightBits: Bits
  /** Of the input's codes, to 1/4096. */
  readonly ownMult: number
  readonly ownShift: number
  /** One of 257 entries in 1/32768 for each function, at every 1/16 from -8 to 8. */
  readonly tables: readonly Int16Array[]
  /** [gates * hidden][hidden] */
  readonly recurrence: Int8Array
  /** Per row of it: added to its sums, and what brings them to 1/4096. */
  readonly rowBias: Int32Array
  readonly rowMult: Int32Array
  readonly rowShift: Uint8Array
  readonly mult: Int32Array
  readonly shift: Uint8Array
}

/** Codes as int32 numbers, code + zero: the end of a network that does not end in sums. */
export interface OutputLayer extends LayerBase {
  readonly op: 'output'
}

/** A layer of the integer network; the board has a kernel or a table for each. */
export type IntegerLayer =
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | DenseLayer
  | MaxPoolLayer
  | AvgPoolLayer
  | AddLayer
  | RequantizeLayer
  | FlattenLayer
  | TableLayer
  | BinaryLayer
  | MoveLayer
  | GatherLayer
  | ReduceLayer
  | SoftmaxLayer
  | NormalizeLayer
  | ProductLayer
  | ConstantLayer
  | OutputLayer
  | EmbedLayer
  | RecurrentLayer

/** A network in integers, as host and board compute it. */
export interface QuantizedNetwork {
  readonly name: string
  readonly inputBits: Bits
  readonly inputScale: number
  readonly inputZero: number
  readonly inputShape: ShapeHwc
  readonly layers: readonly IntegerLayer[]
  /** Number of int32 logits. */
  readonly outputCount: number
  readonly scheme: Scheme
}

/** Whether a layer has weights. */
export function isWeighted(layer: IntegerLayer): layer is Conv2dLayer | DepthwiseConv2dLayer | DenseLayer {
  return layer.op === 'conv2d' || layer.op === 'depthwiseConv2d' || layer.op === 'dense'
}

/** Whether a layer writes the network's int32 output. */
export function isLast(layer: IntegerLayer): boolean {
  return layer.op === 'output' || (isWeighted(layer) && layer.last)
}

/** Number of elements of a shape. */
export function elementCount(shape: ShapeHwc): number {
  return shape[0] * shape[1] * shape[2]
}

/** Smallest and largest code at a width; one bit has only -1 and +1. */
export function codeRange(bits: Bits): { low: number; high: number } {
  return bits === 1 ? { low: -1, high: 1 } : { low: -(2 ** (bits - 1)), high: 2 ** (bits - 1) - 1 }
}

/** Zero offset of a tensor that is never negative, so that all codes are used. */
export function unsignedZero(bits: Bits): number {
  return bits === 1 ? 1 : 2 ** (bits - 1)
}

/** The code that stands for real zero (docs/arithmetic.md "Convolution padding"). */
export function zeroCode(format: CodeFormat): number {
  const { low, high } = codeRange(format.bits)
  if (format.bits === 1) return -1
  return Math.max(low, Math.min(high, -format.zero))
}
