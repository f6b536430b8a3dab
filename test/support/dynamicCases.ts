import { int, ints } from '@core/model/onnx/onnx'
import type { OwnCase } from './ownCases'
import type { Draft, Known } from './moreOperators'

const images = [
  [1, 2, 5, 6],
  [1, 3, 4, 4]
]
const rows = [
  [1, 9],
  [1, 3, 5],
  [1, 2, 3, 4]
]

/**
 * Dynamic quantization, on values of 0 and 1: their codes are 0 and 255 of a scale of 1 / 255, so that quantizing at run time
 * changes nothing.
 */
export const dynamicCases: [string, OwnCase][] = [
  ['DynamicQuantizeLinear', { opsets: [11, 13, 17, 21], shapes: [...images, ...rows], make: andBack }],
  ['ConvInteger', { opsets: [11, 13, 17, 21], shapes: images, make: conv }],
  ['MatMulInteger', { opsets: [11, 13, 17, 21], shapes: rows, make: matMul }]
]

interface Codes {
  readonly codes: Known
  readonly scale: Known
  readonly zero: Known
}

function quantized(draft: Draft, value: Known): Codes {
  const bits = draft.add('Sign', [draft.add('Relu', [value], value.dims)], value.dims)
  const [codes, scale, zero] = ['codes', 'scale', 'zero'].map((part) => ({
    name: `${bits.name}.${part}`,
    dims: []
  }))
  draft.nodes.push({
    name: `${bits.name}.quantize`,
    opType: 'DynamicQuantizeLinear',
    domain: '',
    inputs: [bits.name],
    outputs: [codes!.name, scale!.name, zero!.name],
    attributes: {}
  })
  return { codes: { ...codes!, dims: value.dims }, scale: scale!, zero: zero! }
}

function andBack(draft: Draft, value: Known): Known {
  const { codes, scale, zero } = quantized(draft, value)
  return draft.add('DequantizeLinear', [codes, scale, zero], value.dims)
}

function weightsOf(draft: Draft, dims: readonly number[]): [codes: Known, zero: Known, scale: Known] {
  const count = dims.reduce((a, b) => a * b, 1)
  const codes = draft.tensor(
    dims,
    Uint8Array.from({ length: count }, () => draft.random.integer(256))
  )
  return [codes, draft.tensor([], Uint8Array.of(draft.side(0, 255))), draft.tensor([], Float32Array.of(0.03))]
}

function scaled(draft: Draft, sums: Known, input: Known, weights: Known): Known {
  const reals = draft.add('Cast', [sums], sums.dims, { to: int(1) })
  return draft.add('Mul', [reals, draft.add('Mul', [input, weights], [])], sums.dims)
}

function conv(draft: Draft, value: Known): Known {
  const { codes, scale, zero } = quantized(draft, value)
  const [, channels, height, width] = value.dims as [number, number, number, number]
  const [outputs, isDepthwise] = [draft.side(1, 4), draft.random.next() < 0.3]
  const kernel = [draft.side(1, 3), draft.side(1, 3)] as const
  const [weights, weightZero, weightScale] = weightsOf(
    draft,
    isDepthwise ? [channels, 1, ...kernel] : [outputs, channels, ...kernel]
  )
  const dims = [1, isDepthwise ? channels : outputs, height - kernel[0] + 1, width - kernel[1] + 1]
  const attributes = { kernel_shape: ints(kernel), group: int(isDepthwise ? channels : 1) }
  const sums = draft.add('ConvInteger', [codes, weights, zero, weightZero], dims, attributes)
  return scaled(draft, sums, scale, weightScale)
}

function matMul(draft: Draft, value: Known): Known {
  const { codes, scale, zero } = quantized(draft, value)
  const dims = [...value.dims.slice(0, -1), draft.side(1, 5)]
  const [weights, weightZero, weightScale] = weightsOf(draft, [value.dims.at(-1)!, dims.at(-1)!])
  return scaled(
    draft,
    draft.add('MatMulInteger', [codes, weights, zero, weightZero], dims),
    scale,
    weightScale
  )
}
