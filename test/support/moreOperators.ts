import type { Random } from '@core/math/random'
import {
  float,
  int,
  ints,
  text,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx/onnx'

/** A value of a random graph. */
export interface Known {
  readonly name: string
  readonly dims: readonly number[]
}

/** What a kind of operator needs of the graph it is added to. */
export interface Draft {
  readonly random: Random
  readonly opset: number
  readonly nodes: OnnxNode[]
  pick<T>(values: readonly T[]): T
  side(low: number, high: number): number
  constant(dims: readonly number[], spread?: number, offset?: number): Known
  tensor(dims: readonly number[], data: OnnxTensor['data']): Known
  shape(values: readonly number[]): Known
  add(
    opType: string,
    inputs: readonly (Known | null)[],
    dims: readonly number[],
    attributes?: Record<string, OnnxAttribute>
  ): Known
}

type Kind = () => Known[] | null

/** Kinds of operators beside those of GraphDraft; null where the one drawn does not fit the value. */
export function moreKinds(draft: Draft, value: Known): Kind[] {
  return [
    () => rounded(draft, value),
    () => dilatedPool(draft, value),
    () => linearResize(draft, value),
    () => reduced(draft, value),
    () => imageNorm(draft, value),
    () => groupNorm(draft, value),
    () => wideLayerNorm(draft, value),
    () => channelNorm(draft, value),
    () => elementLimit(draft, value),
    () => several(draft, value),
    () => recurrent(draft, value),
    () => picked(draft, value),
    () => repeated(draft, value),
    () => powered(draft, value),
    () => quantized(draft, value),
    () => plainer(draft, value),
    () => winner(draft, value)
  ]
}

/** Steps are taken of the input only: behind arithmetic a last bit would decide. */
function rounded(draft: Draft, value: Known): Known[] | null {
  if (value.name !== 'x') return null
  const opType = draft.pick(['Floor', 'Ceil', ...(draft.opset >= 11 ? ['Round'] : []), 'Sign'])
  return [draft.add(opType, [value], value.dims)]
}

function dilatedPool(draft: Draft, value: Known): Known[] | null {
  const sizes = value.dims.slice(2)
  if (sizes.length !== 2 || draft.opset < 10 || sizes.some((size) => size < 4)) return null
  const kernel = [2, draft.side(2, 3)]
  const dilations = [draft.side(1, 2), 2]
  const strides = [draft.side(1, 2), draft.side(1, 2)]
  const pads = [0, 1, 0, 1].map((most) => draft.random.integer(most + 1))
  const dims = sizes.map((size, at) => {
    const reach = (kernel[at]! - 1) * dilations[at]! + 1
    return Math.floor((size + pads[at]! + pads[at + 2]! - reach) / strides[at]!) + 1
  })
  if (dims.some((size) => size < 1)) return null
  const isAverage = draft.opset >= 19 && draft.random.next() < 0.5
  return [
    draft.add(isAverage ? 'AveragePool' : 'MaxPool', [value], [1, value.dims[1]!, ...dims], {
      kernel_shape: ints(kernel),
      strides: ints(strides),
      pads: ints(pads),
      dilations: ints(dilations),
      ...(isAverage ? { count_include_pad: int(1) } : {})
    })
  ]
}

function linearResize(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length !== 4 || draft.opset < 11) return null
  const sizes = [...value.dims.slice(0, 2), ...value.dims.slice(2).map(() => draft.side(1, 12))]
  if (sizes.reduce((a, b) => a * b, 1) > 2000) return null
  const place = draft.pick(['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel'])
  const none = draft.opset < 13 ? draft.tensor([0], new Float32Array(0)) : null
  return [
    draft.add('Resize', [value, none, none, draft.shape(sizes)], sizes, {
      mode: text('linear'),
      coordinate_transformation_mode: text(place)
    })
  ]
}

function reduced(draft: Draft, value: Known): Known[] | null {
  const rank = value.dims.length
  if (rank < 2) return null
  const opType = draft.pick([
    'ReduceMin',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
    'ReduceMean'
  ])
  const axis = draft.side(1, rank - 1)
  const dims = value.dims.map((size, at) => (at === axis ? 1 : size))
  if (draft.opset >= 18) return [draft.add(opType, [value, draft.shape([axis])], dims)]
  return [draft.add(opType, [value], dims, { axes: ints([axis]) })]
}

function imageNorm(draft: Draft, value: Known): Known[] | null {
  const { dims } = value
  if (dims.length < 3 || dims.slice(2).reduce((a, b) => a * b, 1) < 4) return null
  const [scale, shift] = [draft.constant([dims[1]!]), draft.constant([dims[1]!])]
  return [draft.add('InstanceNormalization', [value, scale, shift], dims, { epsilon: float(0.1) })]
}

function groupNorm(draft: Draft, value: Known): Known[] | null {
  const { dims } = value
  if (draft.opset < 21 || dims.length !== 4 || dims[1]! % 2 !== 0) return null
  const [scale, shift] = [draft.constant([dims[1]!]), draft.constant([dims[1]!])]
  return [
    draft.add('GroupNormalization', [value, scale, shift], dims, { epsilon: float(0.1), num_groups: int(2) })
  ]
}

function wideLayerNorm(draft: Draft, value: Known): Known[] | null {
  if (draft.opset < 17 || value.dims.length < 3) return null
  const axis = draft.side(1, value.dims.length - 2)
  const own = value.dims.slice(axis)
  if (own.reduce((a, b) => a * b, 1) < 4) return null
  return [
    draft.add('LayerNormalization', [value, draft.constant(own), draft.constant(own)], value.dims, {
      axis: int(axis),
      epsilon: float(0.1)
    })
  ]
}

function channelNorm(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length !== 4) return null
  return [
    draft.add('LRN', [value], value.dims, {
      size: int(draft.pick([1, 3, 5])),
      alpha: float(0.3),
      beta: float(0.6),
      bias: float(1.5)
    })
  ]
}

function elementLimit(draft: Draft, value: Known): Known[] | null {
  if (draft.opset < 12) return null
  return [draft.add(draft.pick(['Min', 'Max']), [value, draft.constant(value.dims)], value.dims)]
}

function several(draft: Draft, value: Known): Known[] {
  const others = [draft.constant(value.dims), value]
  return [draft.add(draft.pick(['Sum', 'Mean']), [value, ...others], value.dims)]
}

function recurrent(draft: Draft, value: Known): Known[] | null {
  const [batch, steps, inputs] = value.dims
  if (value.dims.length !== 3 || batch !== 1 || steps! > 12 || draft.opset < 14) return null
  const opType = draft.pick(['LSTM', 'GRU', 'RNN'] as const)
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[opType]
  const hidden = draft.side(1, 3)
  const direction = draft.pick(['forward', 'reverse', 'bidirectional'])
  const directions = direction === 'bidirectional' ? 2 : 1
  const turned = draft.add('Transpose', [value], [steps!, 1, inputs!], { perm: ints([1, 0, 2]) })
  const operands = [
    turned,
    draft.constant([directions, gates * hidden, inputs!], 0.3),
    draft.constant([directions, gates * hidden, hidden], 0.3),
    ...(draft.random.next() < 0.7 ? [draft.constant([directions, 2 * gates * hidden], 0.3)] : [])
  ]
  const states = draft.add(opType, operands, [steps!, directions, 1, hidden], {
    hidden_size: int(hidden),
    direction: text(direction),
    ...(opType === 'GRU' ? { linear_before_reset: int(draft.random.integer(2)) } : {})
  })
  return [draft.add('Transpose', [states], [1, steps!, directions, hidden], { perm: ints([2, 0, 1, 3]) })]
}

function picked(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length < 2) return null
  const axis = draft.side(1, value.dims.length - 1)
  const size = value.dims[axis]!
  const indices = Array.from(
    { length: draft.side(1, 4) },
    () => draft.random.integer(size) - draft.pick([0, size])
  )
  const dims = value.dims.map((own, at) => (at === axis ? indices.length : own))
  return [draft.add('Gather', [value, draft.shape(indices)], dims, { axis: int(axis) })]
}

function repeated(draft: Draft, value: Known): Known[] | null {
  if (value.dims.length < 2 || value.dims.reduce((a, b) => a * b, 1) > 300) return null
  const repeats = value.dims.map((_, axis) => (axis === 0 ? 1 : draft.side(1, 2)))
  if (draft.random.next() < 0.5) {
    const dims = value.dims.map((size, axis) => size * repeats[axis]!)
    return [draft.add('Tile', [value, draft.shape(repeats)], dims)]
  }
  const target = value.dims.map((size, axis) => (axis > 0 && size === 1 ? draft.side(1, 3) : size))
  return [draft.add('Expand', [value, draft.shape(target)], target)]
}

function powered(draft: Draft, value: Known): Known[] {
  return [draft.add('Pow', [value, draft.tensor([], Float32Array.of(draft.pick([2, 3])))], value.dims)]
}

function plainer(draft: Draft, value: Known): Known[] | null {
  const opType = draft.pick(['Celu', 'Dropout', 'Cast', 'ReduceLogSum', 'Constant'])
  switch (opType) {
    case 'Celu':
      return draft.opset < 12 ? null : [draft.add(opType, [value], value.dims, { alpha: float(0.6) })]
    case 'Cast':
      return [draft.add(opType, [value], value.dims, { to: int(1) })]
    case 'Dropout':
      return [draft.add(opType, [value], value.dims)]
    case 'Constant': {
      const tensor = { name: '', dims: [], data: Float32Array.of(draft.random.normal()) }
      const made = draft.add(opType, [], [], { value: { kind: 'tensor', value: tensor } })
      return [draft.add('Add', [value, made], value.dims)]
    }
    default: {
      if (value.dims.length < 2 || draft.opset >= 18) return null
      const positive = draft.add('Exp', [draft.add('Tanh', [value], value.dims)], value.dims)
      const dims = value.dims.map((size, at) => (at === 1 ? 1 : size))
      return [draft.add(opType, [positive], dims, { axes: ints([1]) })]
    }
  }
}

/** The index of the greatest value ends a network. */
function winner(draft: Draft, value: Known): Known[] | null {
  if (value.name !== 'x' || value.dims.length < 2) return null
  const axis = draft.side(1, value.dims.length - 1)
  const dims = value.dims.map((size, at) => (at === axis ? 1 : size))
  const index = draft.add('ArgMax', [value], dims, { axis: int(axis) })
  return [draft.add('Cast', [index], dims, { to: int(1) })]
}

/** Weights in codes per output channel; the value itself stays real. */
function quantized(draft: Draft, value: Known): Known[] | null {
  const inner = value.dims.at(-1)!
  if (value.dims.length < 2 || draft.opset < 13) return null
  const outputs = draft.side(1, 4)
  const codes = draft.tensor(
    [inner, outputs],
    Int8Array.from({ length: inner * outputs }, () => draft.random.integer(255) - 127)
  )
  const scales = draft.tensor(
    [outputs],
    Float32Array.from({ length: outputs }, () => 0.005 + 0.01 * draft.random.next())
  )
  const zeros = draft.tensor([outputs], new Int8Array(outputs))
  const weights = draft.add('DequantizeLinear', [codes, scales, zeros], [inner, outputs], { axis: int(1) })
  return [draft.add('MatMul', [value, weights], [...value.dims.slice(0, -1), outputs])]
}
