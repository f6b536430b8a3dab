import { describe, expect, it } from 'vitest'
import { readOnnx } from '@core/model/onnx/importOnnx'
import { int, ints, text, type OnnxAttribute, type OnnxData, type OnnxModel } from '@core/model/onnx/onnx'
import { compareWithOnnxruntime } from '../../../../support/importAgreement'

interface Case {
  readonly opType: string
  /** Tensors of the operator: their sizes and values. */
  readonly inputs: readonly (readonly [dims: readonly number[], data: OnnxData])[]
  readonly attributes?: Record<string, OnnxAttribute>
  readonly opset?: number
  /** Sizes of the result, to which the network's input is added. */
  readonly dims: readonly number[]
}

const floats = (...values: number[]) => Float32Array.from(values)
const whole = (...values: number[]) => BigInt64Array.from(values, BigInt)
const row = (data: OnnxData): readonly [readonly number[], OnnxData] => [[1, data.length], data]
const numbers = row(floats(-3.5, -0.75, -0.2, 0, 0.6, 2.25))

const ofOneValue = [
  ...['Erf', 'Elu', 'Selu', 'Softplus', 'Softsign', 'LeakyRelu', 'HardSigmoid', 'HardSwish'],
  ...['ThresholdedRelu', 'Shrink', 'Celu']
].map((opType): Case => ({ opType, inputs: [numbers], dims: [1, 6], opset: 14 }))

const [negative, divisors] = [whole(-7, 7, -7, 7, 3, -3), whole(3, -3, -3, 3, 5, 5)]
const cases: readonly Case[] = [
  ...ofOneValue,
  { opType: 'Gelu', inputs: [numbers], dims: [1, 6], opset: 20, attributes: { approximate: text('tanh') } },
  { opType: 'Mish', inputs: [numbers], dims: [1, 6], opset: 18 },
  { opType: 'Mod', inputs: [row(negative), row(divisors)], dims: [1, 6] },
  { opType: 'Mod', inputs: [row(negative), row(divisors)], dims: [1, 6], attributes: { fmod: int(1) } },
  {
    opType: 'Mod',
    inputs: [row(floats(-7.5, 7.5, -7.5, 7.5)), row(floats(2, -2, -2, 2))],
    dims: [1, 4],
    attributes: { fmod: int(1) }
  },
  { opType: 'PRelu', inputs: [numbers, [[1], floats(0.25)]], dims: [1, 6] },
  { opType: 'CastLike', inputs: [row(negative), [[], floats(1)]], dims: [1, 6], opset: 15 },
  {
    opType: 'CastLike',
    inputs: [row(floats(0, 1, 1, 0)), [[], Uint8Array.of(1)]],
    dims: [1, 4],
    opset: 15
  },
  {
    opType: 'Cast',
    inputs: [row(floats(1 / 3, -2049, 70_000 / 3, 1e-6))],
    dims: [1, 4],
    attributes: { to: int(10) }
  },
  {
    opType: 'OneHot',
    inputs: [
      [[3], whole(2, -1, 7)],
      [[], whole(4)],
      [[2], floats(0.5, 2)]
    ],
    dims: [3, 4]
  },
  {
    opType: 'OneHot',
    inputs: [
      [[3], whole(1, 0, -1)],
      [[], whole(2)],
      [[2], floats(0.5, 2)]
    ],
    dims: [2, 3],
    attributes: { axis: int(0) }
  },
  { opType: 'NonZero', inputs: [[[2, 3], floats(0, 1, 0, -2, 0, 0.5)]], dims: [2, 3] },
  ...(['none', 'add', 'mul', 'max', 'min'] as const).map((reduction): Case => {
    const places = reduction === 'none' ? whole(0, 1, 0, 4) : whole(0, 1, 0, 1)
    return {
      opType: 'ScatterND',
      inputs: [numbers, [[2, 2], places], [[2], floats(3, -4)]],
      dims: [1, 6],
      opset: 18,
      attributes: { reduction: text(reduction) }
    }
  })
]

/** The result of an operator on known tensors, added to the network's input. */
function modelOf({ opType, inputs, attributes = {}, opset = 13, dims }: Case): OnnxModel {
  const names = inputs.map((_, at) => `c${at}`)
  const node = (
    name: string,
    own: readonly string[],
    output: string,
    given: Record<string, OnnxAttribute>
  ) => ({
    ...{ name: `${name}_${output}`, opType: name, domain: '' },
    ...{ inputs: own, outputs: [output], attributes: given }
  })
  return {
    ...{ name: opType, opset, metadata: {} },
    nodes: [
      node(opType, names, 'k', attributes),
      node('Cast', ['k'], 'real', { to: int(1) }),
      node('Add', ['x', 'real'], 'y', {})
    ],
    initializers: inputs.map(([own, data], at) => ({ name: names[at]!, dims: own, data })),
    inputs: [{ name: 'x', elementType: 'float32', dims }],
    outputs: [{ name: 'y', elementType: 'float32', dims: null }]
  }
}

describe('operators on known tensors', () => {
  it('rounds to float16 where CastLike takes that type', async () => {
    const one = cases.find(({ opType, attributes }) => opType === 'Cast' && attributes !== undefined)!
    const base = modelOf({ ...one, opset: 15 })
    const cast = (
      own: readonly string[],
      output: string,
      opType: string,
      attributes: Record<string, OnnxAttribute>
    ) => ({
      ...{ name: output, opType, domain: '', inputs: own, outputs: [output] },
      attributes
    })
    const nodes = [
      cast(['c0'], 'like', 'Cast', { to: int(10) }),
      cast(['c0', 'like'], 'k', 'CastLike', {}),
      ...base.nodes.slice(1)
    ]
    const result = await compareWithOnnxruntime({ ...base, nodes }, 1)
    expect(['message' in result ? result.message : '', result.kind]).toEqual(['', 'equal'])
  })

  const image = [[1, 2, 4, 4], Float32Array.from({ length: 32 }, (_, at) => Math.sin(at))] as const
  const kernel = [[3, 2, 3, 3], Float32Array.from({ length: 54 }, (_, at) => Math.cos(at))] as const
  it.each(['GlobalAveragePool', 'GlobalMaxPool'])('takes %s of a whole image', async (opType) => {
    const result = await compareWithOnnxruntime(modelOf({ opType, inputs: [image], dims: [1, 2, 1, 1] }), 1)
    expect(['message' in result ? result.message : '', result.kind]).toEqual(['', 'equal'])
  })

  const side = { kernel_shape: ints([3, 3]) }
  it.each<Case>([
    { opType: 'Conv', inputs: [image, kernel], dims: [1, 3, 2, 2] },
    { opType: 'MaxPool', inputs: [image], dims: [1, 2, 2, 2], attributes: side },
    { opType: 'AveragePool', inputs: [image], dims: [1, 2, 2, 2], attributes: side }
  ])('names $opType of one, and what to do', (one) => {
    const { message, hint } = readOnnx(modelOf(one)).obstacles[0]!
    expect(message).toContain(`(${one.opType}): input 1 ("c0") is a constant`)
    expect(hint).toContain('do_constant_folding')
  })

  it('are worked out at import as onnxruntime does', async () => {
    for (const [at, one] of cases.entries()) {
      const result = await compareWithOnnxruntime(modelOf(one), at)
      expect([one.opType, result.kind, 'message' in result ? result.message : '']).toEqual([
        one.opType,
        'equal',
        ''
      ])
    }
  })

  it('leave numbers as they are where they may become booleans or bytes: 2.5 is 1 or 2', () => {
    const inputs = [row(floats(0, 2.5)), [[], Uint8Array.of(1)]] as const
    const model = modelOf({ opType: 'CastLike', inputs, dims: [1, 2], opset: 15 })
    expect(readOnnx(model).obstacles[0]!.message).toContain('may hold booleans or bytes')
  })

  it('name a reduction of ScatterND that is not known', () => {
    const [first] = cases.filter(({ opType }) => opType === 'ScatterND')
    const model = modelOf({ ...first!, attributes: { reduction: text('mean') } })
    expect(readOnnx(model).obstacles[0]!.message).toContain('"mean"')
  })
})
