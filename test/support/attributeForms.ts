import { float, int, ints, text, type OnnxAttribute } from '@core/model/onnx/onnx'
import type { Draft, Known } from './moreOperators'

type Kind = () => Known[] | null
type Attributes = Record<string, OnnxAttribute>

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1)

/** Forms of operators that exporters use less often: defaults left out, negative axes, several axes, other modes and ranks. */
export function attributeForms(draft: Draft, value: Known): Kind[] {
  return [
    () => plainConvolution(draft, value),
    () => autoPool(draft, value),
    () => negativeAxes(draft, value),
    () => severalUnits(draft, value),
    () => wholeReduction(draft, value),
    () => backwardSlice(draft, value),
    () => otherResize(draft, value),
    () => otherPad(draft, value),
    () => oneLimit(draft, value),
    () => defaults(draft, value),
    () => copiedShape(draft, value),
    () => higherRank(draft, value),
    () => leftMatrix(draft, value),
    () => ownProduct(draft, value),
    () => gathered(draft, value),
    () => powers(draft, value),
    () => evenSplit(draft, value),
    () => fullRecurrence(draft, value),
    () => blocks(draft, value)
  ]
}

/** Convolutions without kernel_shape, strides, pads or group, and with auto_pad. */
function plainConvolution(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length - 2
  if (rank < 1 || rank > 2) return null
  const sizes = value.dims.slice(2)
  const kernel = sizes.map((size) => Math.min(size, draft.side(1, 3)))
  const outputs = draft.side(1, 4)
  const weights = draft.constant([outputs, value.dims[1]!, ...kernel])
  const { dims, attributes } = padded(draft, sizes, kernel)
  return [draft.add('Conv', [value, weights], [1, outputs, ...dims], attributes)]
}

/** A drawn auto_pad with its strides, or neither attribute, and the sizes that the window leaves. */
function padded(
  draft: Draft,
  sizes: readonly number[],
  kernel: readonly number[]
): { dims: number[]; attributes: Attributes } {
  const auto = draft.pick(['none', 'VALID', 'SAME_UPPER', 'SAME_LOWER'])
  const stride = auto === 'none' ? kernel.map(() => 1) : kernel.map(() => draft.side(1, 3))
  const dims = sizes.map((size, at) =>
    auto.startsWith('SAME')
      ? Math.ceil(size / stride[at]!)
      : Math.floor((size - kernel[at]!) / stride[at]!) + 1
  )
  return { dims, attributes: auto === 'none' ? {} : { auto_pad: text(auto), strides: ints(stride) } }
}

function autoPool(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length - 2
  if (rank < 1 || rank > 2) return null
  const sizes = value.dims.slice(2)
  const kernel = sizes.map((size) => Math.min(size, draft.side(1, 4)))
  const { dims, attributes } = padded(draft, sizes, kernel)
  const isMax = draft.random.next() < 0.5
  return [
    draft.add(isMax ? 'MaxPool' : 'AveragePool', [value], [1, value.dims[1]!, ...dims], {
      kernel_shape: ints(kernel),
      ...attributes,
      ...(!isMax && draft.random.next() < 0.3 ? { count_include_pad: int(1) } : {})
    })
  ]
}

function negativeAxes(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 2 || draft.opset < 11) return null
  const axis = draft.side(1, rank - 1)
  const opType = draft.pick(['Softmax', 'LogSoftmax', 'Concat', 'Flatten', 'Gather'])
  const attributes = { axis: int(axis - rank) }
  switch (opType) {
    case 'Concat': {
      const dims = value.dims.map((size, at) => (at === axis ? size * 2 : size))
      return [draft.add(opType, [value, draft.pick([value, draft.constant(value.dims)])], dims, attributes)]
    }
    case 'Flatten': {
      const outer = product(value.dims.slice(0, axis))
      return [draft.add(opType, [value], [outer, product(value.dims) / outer], attributes)]
    }
    case 'Gather': {
      const dims = value.dims.map((size, at) => (at === axis ? 2 : size))
      return [draft.add(opType, [value, draft.shape([-1, 0])], dims, attributes)]
    }
    default:
      return [draft.add(opType, [value], value.dims, draft.random.next() < 0.3 ? {} : attributes)]
  }
}

/** Several axes of one element are added or taken away at once, negative ones among them. */
function severalUnits(draft: Draft, value: Known): Known[] | null {
  const units = value.dims.flatMap((size, axis) => (size === 1 && axis > 0 ? [axis] : []))
  const given = (axes: readonly number[], rank: number): number[] =>
    axes.map((axis) => (draft.opset >= 11 && draft.random.next() < 0.4 ? axis - rank : axis))
  const add = (opType: string, axes: readonly number[], rank: number, dims: readonly number[]): Known =>
    draft.opset < 13
      ? draft.add(opType, [value], dims, { axes: ints(given(axes, rank)) })
      : draft.add(opType, [value, draft.shape(given(axes, rank))], dims)
  if (units.length >= 2 && value.dims.length > 3)
    return [
      add(
        'Squeeze',
        units,
        value.dims.length,
        value.dims.filter((_, axis) => !units.includes(axis))
      )
    ]
  if (value.dims.length > 2) return null
  return [add('Unsqueeze', [2, 3], 4, [...value.dims, 1, 1].slice(0, 2).concat([1, 1], value.dims.slice(2)))]
}

/** Over every axis behind the batch, kept or not, or over axes counted from behind. */
function wholeReduction(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 3) return null
  const opType = draft.pick(['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSum', 'ReduceL2', 'ReduceL1'])
  const axes = value.dims.slice(1).map((_, at) => (draft.opset >= 11 ? at + 1 - rank : at + 1))
  const chosen = draft.random.next() < 0.5 ? axes : axes.slice(-2)
  const removed = new Set(chosen.map((axis) => (axis < 0 ? axis + rank : axis)))
  const isKept = draft.random.next() < 0.5
  const dims = value.dims.flatMap((size, axis) => (removed.has(axis) ? (isKept ? [1] : []) : [size]))
  const keep: Attributes = isKept ? {} : { keepdims: int(0) }
  const asInput = draft.opset >= 18 || (draft.opset >= 13 && opType === 'ReduceSum')
  if (asInput) return [draft.add(opType, [value, draft.shape(chosen)], dims, keep)]
  return [draft.add(opType, [value], dims, { ...keep, axes: ints(chosen) })]
}

/** Several axes, steps behind zero, ends beyond the edges. */
function backwardSlice(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 3 || draft.opset < 10) return null
  const axes = [rank - 2, rank - 1].filter((axis) => axis > 0)
  const steps = axes.map(() => draft.pick([1, -1, 2, -2]))
  const starts = axes.map((axis, at) => (steps[at]! > 0 ? draft.pick([0, -value.dims[axis]! - 3]) : -1))
  const ends = axes.map((_, at) => (steps[at]! > 0 ? 1000 : -1000))
  const dims = value.dims.map((size, axis) =>
    axes.includes(axis) ? Math.ceil(size / Math.abs(steps[axes.indexOf(axis)]!)) : size
  )
  const given = axes.map((axis) => (draft.random.next() < 0.4 ? axis - rank : axis))
  return [draft.add('Slice', [value, ...[starts, ends, given, steps].map((list) => draft.shape(list))], dims)]
}

function otherResize(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length !== 4 || draft.opset < 11) return null
  const scales = [1, 1, draft.pick([0.5, 1.5, 2, 0.6]), draft.pick([0.5, 1.5, 2, 3])]
  const dims = value.dims.map((size, axis) => Math.floor(size * scales[axis]!))
  if (product(dims) > 2000 || dims.some((size) => size < 1)) return null
  const mode = draft.pick(['nearest', 'linear', 'cubic'])
  const none = draft.opset < 13 ? draft.tensor([0], new Float32Array(0)) : null
  return [
    draft.add('Resize', [value, none, draft.tensor([4], Float32Array.from(scales))], dims, {
      mode: text(mode),
      ...(mode === 'nearest'
        ? { nearest_mode: text(draft.pick(['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'])) }
        : {}),
      ...(draft.random.next() < 0.7
        ? {
            coordinate_transformation_mode: text(
              draft.pick(['asymmetric', 'half_pixel', 'align_corners', 'pytorch_half_pixel'])
            )
          }
        : {})
    })
  ]
}

/** Of channels, cutting, around, and with named axes. */
function otherPad(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 3 || draft.opset < 11) return null
  const mode = draft.pick(['constant', 'constant', 'edge', ...(draft.opset >= 19 ? ['wrap'] : [])])
  const axes = value.dims.map((_, axis) => axis).filter((axis) => axis > 0 && draft.random.next() < 0.6)
  if (axes.length === 0) return null
  const sides = [0, 1].flatMap(() =>
    value.dims.map((size, axis) =>
      axes.includes(axis) ? draft.side(mode === 'constant' && size > 3 ? -1 : 0, Math.min(2, size)) : 0
    )
  )
  const dims = value.dims.map((size, axis) => size + sides[axis]! + sides[axis + rank]!)
  const attributes = mode === 'constant' ? {} : { mode: text(mode) }
  if (draft.opset < 18) return [draft.add('Pad', [value, draft.shape(sides)], dims, attributes)]
  const ofAxes = [...axes.map((axis) => sides[axis]!), ...axes.map((axis) => sides[axis + rank]!)]
  return [
    draft.add(
      'Pad',
      [value, draft.shape(ofAxes), null, draft.shape(axes.map((axis) => draft.pick([axis, axis - rank])))],
      dims,
      attributes
    )
  ]
}

function oneLimit(draft: Draft, value: Known): Known[] {
  const limit = draft.pick([-0.25, 0, 0.5])
  const isLow = draft.random.next() < 0.5
  if (draft.opset < 11)
    return [draft.add('Clip', [value], value.dims, { [isLow ? 'min' : 'max']: float(limit) })]
  const bound = draft.tensor([], Float32Array.of(limit))
  return [draft.add('Clip', isLow ? [value, bound] : [value, null, bound], value.dims)]
}

/** Attributes are left out: the defaults of the specification hold. */
function defaults(draft: Draft, value: Known): Known[] | null {
  const { dims } = value
  const opType = draft.pick([
    'LeakyRelu',
    'Elu',
    'HardSigmoid',
    'Celu',
    'LRN',
    'InstanceNormalization',
    'BatchNormalization',
    'LayerNormalization',
    'Transpose',
    'Gemm',
    'Flatten'
  ])
  switch (opType) {
    case 'Celu':
      return draft.opset < 12 ? null : [draft.add(opType, [value], dims)]
    case 'LRN':
      return dims.length === 4 ? [draft.add(opType, [value], dims, { size: int(draft.pick([3, 5])) })] : null
    case 'InstanceNormalization':
      if (dims.length < 3 || product(dims.slice(2)) < 8) return null
      return [draft.add(opType, [value, draft.constant([dims[1]!]), draft.constant([dims[1]!])], dims)]
    case 'BatchNormalization': {
      if (dims.length < 2) return null
      const size = dims[1]!
      const variance = draft.tensor(
        [size],
        Float32Array.from({ length: size }, () => 0.02 + draft.random.next() / 4)
      )
      const parts = [draft.constant([size]), draft.constant([size]), draft.constant([size]), variance]
      return [draft.add(opType, [value, ...parts], dims, { epsilon: float(draft.pick([1e-5, 0.01, 0.5])) })]
    }
    case 'LayerNormalization':
      if (draft.opset < 17 || dims.length < 2 || dims.at(-1)! < 4) return null
      return [draft.add(opType, [value, draft.constant([dims.at(-1)!])], dims)]
    case 'Transpose':
      return dims.length === 2 ? null : [draft.add(opType, [value], [...dims].reverse())]
    case 'Gemm': {
      if (dims.length !== 2 || draft.opset < 11) return null
      return [draft.add(opType, [value, draft.constant([dims[1]!, 3])], [dims[0]!, 3])]
    }
    case 'Flatten':
      return [draft.add(opType, [value], [dims[0]!, product(dims) / dims[0]!])]
    default:
      return [draft.add(opType, [value], dims)]
  }
}

/** 0 copies a size of the input. */
function copiedShape(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length < 3) return null
  const flat = [value.dims[0]!, value.dims[1]!, product(value.dims.slice(2))]
  return [draft.add('Reshape', [value, draft.shape([0, 0, -1])], flat)]
}

/** Broadcasting against a constant of more axes raises the rank. */
function higherRank(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length > 3) return null
  const dims = [1, draft.side(1, 3), ...value.dims.slice(1)]
  const part = draft.constant([
    ...dims.slice(0, 2),
    ...value.dims.slice(1).map((size) => draft.pick([1, size]))
  ])
  return [
    draft.add(
      draft.pick(['Add', 'Mul', 'Sub']),
      draft.random.next() < 0.5 ? [value, part] : [part, value],
      dims
    )
  ]
}

/** A constant matrix from the left mixes rows. */
function leftMatrix(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length < 3) return null
  const rows = draft.side(1, 4)
  const matrix = draft.constant([rows, value.dims.at(-2)!])
  return [draft.add('MatMul', [matrix, value], [...value.dims.slice(0, -2), rows, value.dims.at(-1)!])]
}

/** A value times itself, turned: what attention computes. */
function ownProduct(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 3) return null
  const order = value.dims.map((_, axis) =>
    axis < rank - 2 ? axis : axis === rank - 1 ? rank - 2 : rank - 1
  )
  const turned = draft.add(
    'Transpose',
    [value],
    order.map((axis) => value.dims[axis]!),
    { perm: ints(order) }
  )
  const [rows, columns] = value.dims.slice(-2) as [number, number]
  if (draft.random.next() < 0.5)
    return [draft.add('MatMul', [value, turned], [...value.dims.slice(0, -2), rows, rows])]
  return [draft.add('MatMul', [turned, value], [...value.dims.slice(0, -2), columns, columns])]
}

/** One index takes its axis away, a matrix of indices adds one. */
function gathered(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 3) return null
  const axis = draft.side(1, rank - 1)
  const size = value.dims[axis]!
  const shape = draft.pick([[], [2, 2], [1]])
  const indices = BigInt64Array.from({ length: product(shape) }, () => BigInt(draft.random.integer(size)))
  const dims = [...value.dims.slice(0, axis), ...shape, ...value.dims.slice(axis + 1)]
  return [draft.add('Gather', [value, draft.tensor(shape, indices)], dims, { axis: int(axis) })]
}

/** Exponents per element, and fractions of a positive base. */
function powers(draft: Draft, value: Known): Known[] {
  const positive = draft.add('Exp', [draft.add('Tanh', [value], value.dims)], value.dims)
  const exponent = draft.pick([
    draft.tensor([], Float32Array.of(draft.pick([0.5, -1, 1.7, -0.5, 0, 1]))),
    draft.constant(value.dims.map((size) => draft.pick([1, size])))
  ])
  return [draft.add('Pow', [positive, exponent], value.dims)]
}

function evenSplit(draft: Draft, value: Known): Known[] | null {
  const axis = value.dims.findIndex((size, at) => at > 0 && size % 2 === 0)
  if (axis < 0) return null
  const rank = value.dims.length
  const dims = value.dims.map((size, at) => (at === axis ? size / 2 : size))
  const first = draft.add('Split', [value], dims, {
    axis: int(draft.opset >= 11 ? axis - rank : axis),
    ...(draft.opset >= 18 ? { num_outputs: int(2) } : {})
  })
  const names = [first.name, `${first.name}.second`]
  const node = draft.nodes.pop()!
  draft.nodes.push({ ...node, outputs: names })
  return names.map((name) => ({ name, dims }))
}

/** With first states, peepholes or both outputs, as frameworks write them. */
function fullRecurrence(draft: Draft, value: Known): Known[] | null {
  const [batch, steps, inputs] = value.dims
  if (value.dims.length !== 3 || batch !== 1 || steps! > 10 || draft.opset < 14) return null
  const opType = draft.pick(['LSTM', 'GRU', 'RNN'] as const)
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[opType]
  const hidden = draft.side(1, 3)
  const turned = draft.add('Transpose', [value], [steps!, 1, inputs!], { perm: ints([1, 0, 2]) })
  const state = (): Known => draft.constant([1, 1, hidden], 0.4)
  const operands: (Known | null)[] = [
    turned,
    draft.constant([1, gates * hidden, inputs!], 0.4),
    draft.constant([1, gates * hidden, hidden], 0.4),
    draft.random.next() < 0.5 ? draft.constant([1, 2 * gates * hidden], 0.4) : null,
    null,
    draft.random.next() < 0.7 ? state() : null,
    ...(opType === 'LSTM' && draft.random.next() < 0.7 ? [state()] : [])
  ]
  const activations = {
    LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
    GRU: ['Sigmoid', 'Tanh'],
    RNN: [draft.pick(['Relu', 'Tanh'])]
  }
  const made = draft.add(opType, operands, [steps!, 1, 1, hidden], {
    hidden_size: int(hidden),
    ...(draft.random.next() < 0.4
      ? { activations: { kind: 'strings', value: activations[opType] } as OnnxAttribute }
      : {})
  })
  if (draft.random.next() < 0.5) {
    // The last state alone.
    const node = draft.nodes.pop()!
    draft.nodes.push({ ...node, outputs: ['', made.name] })
    return [
      draft.add('Transpose', [{ name: made.name, dims: [1, 1, hidden] }], [1, 1, hidden], {
        perm: ints([1, 0, 2])
      })
    ]
  }
  return [draft.add('Transpose', [made], [1, steps!, 1, hidden], { perm: ints([2, 0, 1, 3]) })]
}

/** Blocks of three, and the default order. */
function blocks(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length !== 4) return null
  const [, channels, height, width] = value.dims as [number, number, number, number]
  if (channels % 9 === 0)
    return [
      draft.add('DepthToSpace', [value], [1, channels / 9, height * 3, width * 3], { blocksize: int(3) })
    ]
  if (height % 3 !== 0 || width % 3 !== 0) return null
  return [draft.add('SpaceToDepth', [value], [1, channels * 9, height / 3, width / 3], { blocksize: int(3) })]
}
