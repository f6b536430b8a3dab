import { float, int, ints, text, type OnnxTensor } from '@core/model/onnx/onnx'
import { dynamicCases } from './dynamicCases'
import type { Draft, Known } from './moreOperators'

/** How a graph of one operator is drawn that randomOnnx.ts does not draw among others. */
export interface OwnCase {
  readonly opsets: readonly number[]
  /** Shapes of the input, one of which is taken. */
  readonly shapes: readonly (readonly number[])[]
  make(draft: Draft, value: Known): Known
}

const images = [
  [1, 2, 5, 6],
  [1, 3, 4, 4],
  [1, 4, 7, 5]
]
const rows = [
  [1, 6],
  [1, 11],
  [1, 3, 5]
]
const everyShape = [...images, ...rows]

/**
 * Operators on codes get values that their steps hold exactly (-1, 0 and 1): they are read as real numbers limited to the codes'
 * range, and with other values onnxruntime's rounding would be a difference.
 */
export const ownCases: ReadonlyMap<string, OwnCase> = new Map<string, OwnCase>([
  ...dynamicCases,
  ['QuantizeLinear', { opsets: [10, 13, 19, 21], shapes: everyShape, make: quantizedAndBack }],
  ['QLinearConv', { opsets: [10, 13, 17, 21], shapes: images, make: quantizedConv }],
  ['QLinearMatMul', { opsets: [10, 13, 17, 21], shapes: [...rows, [1, 4, 9]], make: quantizedMatMul }],
  ['RMSNormalization', { opsets: [23], shapes: everyShape, make: rootMeanSquare }],
  ['Mish', { opsets: [18, 20, 21], shapes: everyShape, make: mish }],
  ...(['Sin', 'Cos'] as const).map((opType): [string, OwnCase] => [
    opType,
    {
      opsets: [9, 13, 17],
      shapes: everyShape,
      make: (draft, value) => draft.add(opType, [value], value.dims)
    }
  ]),
  ['Shrink', { opsets: [9, 13, 17], shapes: everyShape, make: shrunk }],
  ['ThresholdedRelu', { opsets: [10, 13, 17], shapes: everyShape, make: thresholded }],
  ['Equal', { opsets: [11, 13, 17], shapes: everyShape, make: equalTo }],
  ['Not', { opsets: [11, 13, 17], shapes: everyShape, make: notEqualTo }],
  ['And', { opsets: [11, 13, 17], shapes: everyShape, make: bothEqual }],
  ['Where', { opsets: [11, 13, 17], shapes: everyShape, make: chosen }],
  ['IsNaN', { opsets: [11, 13, 17], shapes: rows, make: sharesOrElse }],
  ['GatherND', { opsets: [11, 13, 17], shapes: everyShape, make: placesOf }],
  ...(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'] as const).map((opType): [string, OwnCase] => [
    opType,
    { opsets: opType.endsWith('Equal') ? [12, 16] : [11, 13], shapes: everyShape, make: compared(opType) }
  ]),
  ...(['Or', 'Xor'] as const).map((opType): [string, OwnCase] => [
    opType,
    { opsets: [7, 13, 17], shapes: everyShape, make: joinedTruths(opType) }
  ]),
  [
    'Einsum',
    {
      opsets: [12, 17],
      shapes: [
        [1, 3, 4],
        [1, 5, 2],
        [2, 3, 4]
      ],
      make: summedProduct
    }
  ],
  ['CumSum', { opsets: [11, 14], shapes: [...everyShape, [3, 4]], make: runningSums }],
  ['CastLike', { opsets: [15, 19], shapes: everyShape, make: castLike }],
  ['Shape', { opsets: [9, 13, 15, 19], shapes: everyShape, make: shapeOfItself }],
  ['Size', { opsets: [9, 13, 19], shapes: everyShape, make: sizeOfItself }]
])

function shrunk(draft: Draft, value: Known): Known {
  const [lambd, bias] = [draft.pick([0, 0.3, 0.5]), draft.pick([0, 0.1, 0.3])]
  return draft.add('Shrink', [value], value.dims, { lambd: float(lambd), bias: float(bias) })
}

function thresholded(draft: Draft, value: Known): Known {
  return draft.add('ThresholdedRelu', [value], value.dims, { alpha: float(draft.pick([0, 0.4, 1])) })
}

const scaleOf = (draft: Draft, scale: number): Known => draft.tensor([], Float32Array.of(scale))

function zeroOf(draft: Draft, zero: number, isSigned: boolean): Known {
  return draft.tensor([], isSigned ? Int8Array.of(zero) : Uint8Array.of(zero))
}

/** -1, 0 and 1 as codes of `scale`. */
function signs(draft: Draft, value: Known, scale: number, isSigned: boolean): [Known, Known, Known] {
  const [own, zero] = [scaleOf(draft, scale), zeroOf(draft, isSigned ? draft.side(-3, 3) : 128, isSigned)]
  const sign = draft.add('Sign', [value], value.dims)
  return [draft.add('QuantizeLinear', [sign, own, zero], value.dims), own, zero]
}

function quantizedAndBack(draft: Draft, value: Known): Known {
  const isSigned = draft.random.next() < 0.5
  const [codes, scale, zero] = signs(draft, value, draft.pick([1, 0.5, 0.25]), isSigned)
  return draft.add('DequantizeLinear', [codes, scale, zero], value.dims)
}

function weightCodes(draft: Draft, dims: readonly number[]): Known {
  const count = dims.reduce((a, b) => a * b, 1)
  const data: OnnxTensor['data'] = Int8Array.from({ length: count }, () => draft.random.integer(3) - 1)
  return draft.tensor(dims, data)
}

/** Sums stay below 128 codes: at most 36 products of codes up to 2 and weights up to 1, and a bias. */
function quantizedConv(draft: Draft, value: Known): Known {
  const scale = draft.pick([1, 0.5])
  const [codes, inputScale, inputZero] = signs(draft, value, scale, false)
  const [, channels, height, width] = value.dims as [number, number, number, number]
  const isDepthwise = draft.random.next() < 0.3
  const outputs = isDepthwise ? channels : draft.side(1, 4)
  const kernel = [draft.side(1, 3), draft.side(1, 3)] as const
  const stride = [draft.side(1, 2), draft.side(1, 2)] as const
  const pads = [...kernel, ...kernel].map((taps) => draft.random.integer(taps))
  const size = (side: number, at: 0 | 1): number =>
    Math.floor((side + pads[at]! + pads[at + 2]! - kernel[at]) / stride[at]) + 1
  const weights = weightCodes(draft, [outputs, isDepthwise ? 1 : channels, ...kernel])
  const [outScale, outZero] = [scaleOf(draft, scale / 4), zeroOf(draft, 128, false)]
  const bias = draft.tensor(
    [outputs],
    Int32Array.from({ length: outputs }, () => draft.side(-9, 9))
  )
  const inputs = [codes, inputScale, inputZero, weights, scaleOf(draft, 0.25), zeroOf(draft, 0, true)]
  const dims = [1, outputs, size(height, 0), size(width, 1)]
  const made = draft.add(
    'QLinearConv',
    [...inputs, outScale, outZero, ...(draft.random.next() < 0.6 ? [bias] : [])],
    dims,
    {
      kernel_shape: ints(kernel),
      strides: ints(stride),
      pads: ints(pads),
      group: int(isDepthwise ? channels : 1)
    }
  )
  return draft.add('DequantizeLinear', [made, outScale, outZero], dims)
}

function quantizedMatMul(draft: Draft, value: Known): Known {
  const scale = draft.pick([1, 0.5])
  const isSigned = draft.random.next() < 0.5
  const [codes, inputScale, inputZero] = signs(draft, value, scale, isSigned)
  const [inner, outputs] = [value.dims.at(-1)!, draft.side(1, 5)]
  const dims = [...value.dims.slice(0, -1), outputs]
  const [outScale, outZero] = [scaleOf(draft, scale / 4), zeroOf(draft, isSigned ? 0 : 128, isSigned)]
  const matrix = [weightCodes(draft, [inner, outputs]), scaleOf(draft, 0.25), zeroOf(draft, 0, true)]
  const made = draft.add('QLinearMatMul', [codes, inputScale, inputZero, ...matrix, outScale, outZero], dims)
  return draft.add('DequantizeLinear', [made, outScale, outZero], dims)
}

function rootMeanSquare(draft: Draft, value: Known): Known {
  const axis = draft.side(1, value.dims.length - 1)
  const scale = draft.constant(value.dims.slice(axis), 0.5, 1)
  return draft.add('RMSNormalization', [value, scale], value.dims, {
    axis: int(draft.random.next() < 0.5 ? axis : axis - value.dims.length),
    epsilon: float(0.1)
  })
}

function mish(draft: Draft, value: Known): Known {
  return draft.add('Mish', [value], value.dims)
}

/** Whole numbers that equal one: 1, else 0. */
function equalTo(draft: Draft, value: Known): Known {
  return draft.add('Cast', [equality(draft, value)], value.dims, { to: int(1) })
}

function notEqualTo(draft: Draft, value: Known): Known {
  const other = draft.add('Not', [equality(draft, value)], value.dims)
  return draft.add('Cast', [other], value.dims, { to: int(1) })
}

/** Two comparisons, or one and a constant for each of the last axis: 1 where both hold. */
function bothEqual(draft: Draft, value: Known): Known {
  const known = draft.constant([value.dims.at(-1)!])
  const isPositive = draft.add(
    'Cast',
    [draft.add('Sign', [draft.add('Relu', [known], known.dims)], known.dims)],
    known.dims,
    { to: int(9) }
  )
  const other = draft.pick([draft.add('Not', [equality(draft, value)], value.dims), isPositive])
  const both = draft.add('And', [equality(draft, value), other], value.dims)
  return draft.add('Cast', [both], value.dims, { to: int(1) })
}

/** Shares of a softmax, and a constant where one is no number, which none is. */
function sharesOrElse(draft: Draft, value: Known): Known {
  const shares = draft.add('Softmax', [value], value.dims, { axis: int(-1) })
  const isNone = draft.add('IsNaN', [shares], value.dims)
  return draft.add('Where', [isNone, draft.constant([]), shares], value.dims)
}

/** Slices of the only item by its places, some counted from the end. */
function placesOf(draft: Draft, value: Known): Known {
  const depth = draft.side(2, value.dims.length)
  const count = draft.side(1, 6)
  const indices = Array.from({ length: count }, () =>
    value.dims.slice(0, depth).map((size, axis) => {
      const index = draft.random.integer(size)
      return BigInt(axis > 0 && draft.random.next() < 0.3 ? index - size : index)
    })
  )
  const places = draft.tensor([1, count, depth], BigInt64Array.from(indices.flat()))
  const dims = [1, count, ...value.dims.slice(depth)]
  return draft.add('GatherND', [value, places], dims)
}

/** Truth values: where twice the value, cut to a whole number, equals one. */
function equality(draft: Draft, value: Known): Known {
  const scaled = draft.add('Mul', [value, draft.tensor([], Float32Array.of(2))], value.dims)
  const whole = draft.add('Cast', [scaled], value.dims, { to: int(7) })
  const wanted = draft.tensor([], BigInt64Array.of(BigInt(draft.side(-1, 1))))
  const operands = draft.pick([
    [whole, wanted],
    [wanted, whole]
  ])
  return draft.add('Equal', operands, value.dims)
}

/** A value or a constant, by a mask in either sense; the constant for all or for each of the last axis. */
function chosen(draft: Draft, value: Known): Known {
  const mask = equality(draft, value)
  const condition = draft.pick([mask, draft.add('Not', [mask], value.dims)])
  const constant = draft.constant(draft.pick([[], [value.dims.at(-1)!]]))
  const other = draft.add('Tanh', [value], value.dims)
  const choices = draft.pick([
    [other, constant],
    [constant, other]
  ])
  return draft.add('Where', [condition, ...choices], value.dims)
}

/** Halves, so that some are equal, compared with others or a constant; what is chosen by it. */
function compared(opType: string): OwnCase['make'] {
  return (draft, value) => {
    const half = draft.tensor([], Float32Array.of(0.5))
    const halves = draft.add('Mul', [draft.add('Round', [value], value.dims), half], value.dims)
    const other = draft.pick([
      draft.tensor([1], Float32Array.of(0.5)),
      draft.constant([value.dims.at(-1)!]),
      value
    ])
    const operands = draft.pick([
      [halves, other],
      [other, halves]
    ])
    return draft.add('Cast', [draft.add(opType, operands, value.dims)], value.dims, { to: int(1) })
  }
}

function joinedTruths(opType: string): OwnCase['make'] {
  return (draft, value) => {
    const zero = draft.tensor([], Float32Array.of(0.2))
    const known = draft.tensor(
      [value.dims.at(-1)!],
      Uint8Array.from({ length: value.dims.at(-1)! }, () => draft.random.integer(2))
    )
    const isKnown = draft.add('Cast', [known], known.dims, { to: int(9) })
    const isAbove = draft.add('Greater', [value, zero], value.dims)
    const other = draft.pick([isKnown, draft.add('Less', [value, draft.constant([])], value.dims)])
    return draft.add('Cast', [draft.add(opType, [isAbove, other], value.dims)], value.dims, { to: int(1) })
  }
}

function summedProduct(draft: Draft, value: Known): Known {
  const [first, rows, inner] = value.dims as [number, number, number]
  const [equation, dims, result] = draft.pick<readonly [string, number[], number[]]>([
    ['bij,jk->bik', [inner, 3], [first, rows, 3]],
    ['bij,bkj->bik', [first, 4, inner], [first, rows, 4]],
    ['b i j, k i -> k b j', [2, rows], [2, first, inner]],
    ['bij,bij->bi', [first, rows, inner], [first, rows]],
    ['bij,k->kbij', [2], [2, first, rows, inner]]
  ])
  const constant = draft.constant(dims)
  return draft.add('Einsum', [value, constant], result, { equation: text(equation) })
}

function runningSums(draft: Draft, value: Known): Known {
  const axis = draft.random.integer(value.dims.length)
  const place = draft.tensor([], BigInt64Array.of(BigInt(draft.pick([axis, axis - value.dims.length]))))
  const [exclusive, reverse] = [draft.random.integer(2), draft.random.integer(2)]
  return draft.add('CumSum', [value, place], value.dims, { exclusive: int(exclusive), reverse: int(reverse) })
}

function castLike(draft: Draft, value: Known): Known {
  const like = draft.add('Relu', [value], value.dims)
  const cast = draft.add('CastLike', [value, draft.pick([like, draft.constant([1])])], value.dims)
  return draft.add('Add', [cast, draft.constant([1])], value.dims)
}

/** Flat, and back by its own shape. */
function shapeOfItself(draft: Draft, value: Known): Known {
  const count = value.dims.reduce((a, b) => a * b, 1)
  const flat = draft.add(
    'Reshape',
    [draft.add('Tanh', [value], value.dims), draft.shape([1, count])],
    [1, count]
  )
  const shape = draft.add('Shape', [value], [value.dims.length])
  return draft.add('Reshape', [flat, shape], value.dims)
}

/** Divided by its number of elements. */
function sizeOfItself(draft: Draft, value: Known): Known {
  const size = draft.add('Cast', [draft.add('Size', [value], [])], [], { to: int(1) })
  return draft.add('Div', [value, size], value.dims)
}
