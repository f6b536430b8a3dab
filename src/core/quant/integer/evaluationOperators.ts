import { int, ints } from '../../model/onnx/onnx'
import type { OnnxBuilder } from '../../model/onnx/onnxBuilder'
import { normalBits } from './integerOperators'
import type {
  BinaryLayer,
  EmbedLayer,
  GatherLayer,
  IntegerLayer,
  MoveLayer,
  NormalizeLayer,
  ProductLayer,
  ReduceLayer,
  ReduceLoops,
  SoftmaxLayer,
  TableLayer
} from '../quantizedNetwork'

/**
 * The operators without windows and weights as ONNX nodes over levels (code + zero). Values are [batch, n] in the order of
 * memory; what moves codes is one Gather. Everything that the integers divide is computed in float64.
 */
export type Requantize = (layer: IntegerLayer, value: string) => string

/** Emits a table look-up on codes held as floats, exactly as the board does it. */
export function emitTable(builder: OnnxBuilder, layer: TableLayer, input: string): string {
  const channels = layer.tables.length / 256
  let index = builder.node('Add', [input, builder.scalar(128 - layer.input.zero)])
  if (channels > 1) {
    const size = layer.outputShape[0] * layer.outputShape[1] * layer.outputShape[2]
    const offsets = Float32Array.from({ length: size }, (_, at) => 256 * (at % channels))
    index = builder.node('Add', [index, builder.constant(offsets, [1, size])])
  }
  const levels = Float32Array.from(layer.tables, (code) => code + layer.outZero)
  const place = builder.node('Cast', [index], { to: int(7) })
  return builder.node('Gather', [builder.constant(levels, [levels.length]), place], { axis: int(0) })
}

/** Emits rows fetched by pairs of input levels, which are the bytes. */
export function emitEmbed(builder: OnnxBuilder, layer: EmbedLayer, input: string): string {
  const { rows, width, codes } = layer
  const count = elements(layer.inputShape) / 2
  const half = (from: number): string =>
    taken(
      builder,
      input,
      Array.from({ length: count }, (_, at) => from + at)
    )
  const high = builder.node('Mul', [half(count), builder.scalar(256)])
  const sum = builder.node('Add', [half(0), high])
  const place = builder.node('Cast', [builder.node('Min', [sum, builder.scalar(rows - 1)])], { to: int(7) })
  const levels = Float32Array.from(codes, (code) => code + layer.outZero)
  const found = builder.node('Gather', [builder.constant(levels, [rows, width]), place], { axis: int(0) })
  return builder.node('Reshape', [found, builder.shape([-1, count * width])])
}

/** Elements `places` of each item, as [batch, places.length]. */
function taken(builder: OnnxBuilder, value: string, places: ArrayLike<number>): string {
  const list = BigInt64Array.from(Array.from(places, BigInt))
  return builder.node('Gather', [value, builder.constant(list, [list.length])], { axis: int(1) })
}

/** Offsets of nested counts, the innermost fastest. */
function placesOf(counts: readonly number[], strides: readonly number[], offset = 0): number[] {
  let places = [offset]
  for (const [depth, count] of counts.entries()) {
    places = places.flatMap((from) =>
      Array.from({ length: count }, (_, step) => from + step * strides[depth])
    )
  }
  return places
}

/** Emits a function of two codes with broadcasting. */
export function emitBinary(
  builder: OnnxBuilder,
  layer: BinaryLayer,
  [a, b]: readonly string[],
  requantize: Requantize
): string {
  const x = taken(builder, a, placesOf(layer.counts, layer.stridesA))
  const y = taken(builder, b, placesOf(layer.counts, layer.stridesB))
  const unit = 2 ** layer.shift[0]
  const times = (value: string, mult: number): string =>
    builder.node('Mul', [value, builder.scalar(mult / unit)])
  if (layer.function === 'mul') return requantize(layer, times(builder.node('Mul', [x, y]), layer.mult[0]))
  const sides = [times(x, layer.mult[0]), times(y, layer.mult[1])]
  return requantize(layer, builder.node(layer.function === 'add' ? 'Add' : 'Sub', sides))
}

/** @param written the tensor of which the move writes a part; null where it writes the whole */
export function emitMove(
  builder: OnnxBuilder,
  layer: MoveLayer,
  input: string,
  written: string | null
): string {
  const { counts, inStrides, outStrides, inOffset, outOffset } = layer.loops
  const size = elements(layer.outputShape)
  const inputSize = elements(layer.inputShape)
  const from = placesOf(counts, inStrides, inOffset)
  // What nothing writes yet, because other parts follow, may be anything.
  const rest = layer.fill === null ? 0 : inputSize
  const places = Array.from({ length: size }, (_, at) => (written === null ? rest : inputSize + at))
  for (const [at, to] of placesOf(counts, outStrides, outOffset).entries()) places[to] = from[at]
  if (written !== null)
    return taken(builder, builder.node('Concat', [input, written], { axis: int(1) }), places)
  return taken(
    builder,
    layer.fill === null ? input : withFill(builder, input, layer.fill + layer.outZero),
    places
  )
}

/** Emits a move of elements. */
export function emitGather(builder: OnnxBuilder, layer: GatherLayer, input: string): string {
  const inputSize = elements(layer.inputShape)
  const places = Array.from(layer.sources, (source) => (source < 0 ? inputSize : source))
  return taken(builder, withFill(builder, input, layer.fill + layer.outZero), places)
}

/** One more element behind each item. */
function withFill(builder: OnnxBuilder, input: string, level: number): string {
  return builder.node('Pad', [input, builder.shape([0, 0, 0, 1]), builder.scalar(level)])
}

/** Emits a mean, maximum or sum over axes. */
export function emitReduce(
  builder: OnnxBuilder,
  layer: ReduceLayer,
  input: string,
  requantize: Requantize
): string {
  const rows = inRows(builder, input, layer.loops)
  if (layer.function === 'max')
    return flat(builder, layer, builder.node('ReduceMax', [rows], { axes: ints([2]), keepdims: int(0) }))
  const sums = builder.node('ReduceSum', [rows, builder.shape([2])], { keepdims: int(0) })
  const factor = builder.scalar(layer.mult[0] / 2 ** layer.shift[0])
  return flat(builder, layer, requantize(layer, builder.node('Mul', [sums, factor])))
}

/** Emits the integer softmax (tables of exponents, docs/arithmetic.md). */
export function emitSoftmax(
  builder: OnnxBuilder,
  layer: SoftmaxLayer,
  input: string,
  requantize: Requantize
): string {
  const rows = inRows(builder, input, layer.loops)
  const top = builder.node('ReduceMax', [rows], { axes: ints([2]), keepdims: int(1) })
  const below = builder.node('Cast', [builder.node('Sub', [top, rows])], { to: int(7) })
  const exponents = builder.constant(Float64Array.from(layer.exponents), [256])
  const shares = builder.node('Gather', [exponents, below], { axis: int(0) })
  const sum = builder.node('ReduceSum', [shares, builder.shape([2])], { keepdims: int(1) })
  const half = builder.node('Floor', [builder.node('Mul', [sum, doubleScalar(builder, 0.5)])])
  const scaled = builder.node('Add', [
    builder.node('Mul', [shares, doubleScalar(builder, layer.levels)]),
    half
  ])
  const result = builder.node('Floor', [builder.node('Div', [scaled, sum])])
  return flat(builder, layer, requantize(layer, builder.node('Cast', [result], { to: int(1) })))
}

/** Emits the integer LayerNorm or RMSNorm. */
export function emitNormalize(
  builder: OnnxBuilder,
  layer: NormalizeLayer,
  input: string,
  requantize: Requantize
): string {
  const { count } = layer.loops
  const rows = builder.node('Cast', [inRows(builder, input, layer.loops)], { to: int(11) })
  const total = (value: string): string =>
    builder.node('ReduceSum', [value, builder.shape([2])], { keepdims: int(1) })
  const size = doubleScalar(builder, count)
  const sum = builder.node('Mul', [total(rows), doubleScalar(builder, layer.centred ? 1 : 0)])
  const squares = builder.node('Mul', [total(builder.node('Mul', [rows, rows])), size])
  const spread = builder.node('Add', [
    builder.node('Sub', [squares, builder.node('Mul', [sum, sum])]),
    doubleScalar(builder, layer.epsilon)
  ])
  // A row of equal codes without epsilon has distances of 0: any root but 0 gives 0.
  const root = builder.node('Max', [builder.node('Sqrt', [spread]), doubleScalar(builder, 1e-9)])
  const distance = builder.node('Sub', [builder.node('Mul', [rows, size]), sum])
  const exact = builder.node('Div', [
    builder.node('Mul', [distance, doubleScalar(builder, 2 ** normalBits)]),
    root
  ])
  const whole = builder.node('Floor', [builder.node('Abs', [exact])])
  const normal = builder.node('Mul', [whole, builder.node('Sign', [exact])])
  const unit = 2 ** layer.shift[0]
  const factors = (values: Int32Array, scale: number): string =>
    builder.constant(
      Float64Array.from(values, (value) => value * scale),
      [1, 1, count, 1]
    )
  const value = builder.node('Add', [
    builder.node('Mul', [normal, factors(layer.mult, 1 / unit)]),
    factors(layer.add, 2 ** normalBits / unit)
  ])
  return flat(builder, layer, requantize(layer, builder.node('Cast', [value], { to: int(1) })))
}

/** Emits a product of two activations. */
export function emitProduct(
  builder: OnnxBuilder,
  layer: ProductLayer,
  [a, b]: readonly string[],
  requantize: Requantize
): string {
  const { rows, columns, inner, batches } = layer
  const matrices = (
    value: string,
    begins: number[],
    counts: [number, number],
    strides: readonly number[]
  ): string =>
    builder.node('Reshape', [
      taken(
        builder,
        value,
        begins.flatMap((begin) => placesOf(counts, strides, begin))
      ),
      builder.shape([-1, batches.length, ...counts])
    ])
  const begins = (key: 'a' | 'b' | 'out'): number[] => batches.map((batch) => batch[key])
  const products = builder.node('MatMul', [
    matrices(a, begins('a'), [rows, inner], layer.a),
    matrices(b, begins('b'), [inner, columns], layer.b)
  ])
  const codes = requantize(
    layer,
    builder.node('Mul', [products, builder.scalar(layer.mult[0] / 2 ** layer.shift[0])])
  )
  const places = begins('out').flatMap((begin) => placesOf([rows, columns], layer.out, begin))
  const order = new Array<number>(places.length)
  for (const [at, to] of places.entries()) order[to] = at
  return taken(builder, flat(builder, layer, codes), order)
}

/** The same codes for every item of the batch that `like` has. */
export function emitConstant(builder: OnnxBuilder, levels: Float32Array, like: string): string {
  const batch = builder.node('Gather', [builder.node('Shape', [like]), builder.shape([0])], { axis: int(0) })
  const shape = builder.node('Concat', [batch, builder.shape([levels.length])], { axis: int(0) })
  return builder.node('Expand', [builder.constant(levels, [1, levels.length]), shape])
}

function inRows(builder: OnnxBuilder, value: string, { outer, count, inner }: ReduceLoops): string {
  return builder.node('Reshape', [value, builder.shape([-1, outer, count, inner])])
}

function flat(builder: OnnxBuilder, layer: IntegerLayer, value: string): string {
  return builder.node('Reshape', [value, builder.shape([-1, elements(layer.outputShape)])])
}

function doubleScalar(builder: OnnxBuilder, value: number): string {
  return builder.constant(Float64Array.of(value), [])
}

const elements = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1)
