import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { int, ints, text, type OnnxModel } from '@core/model/onnx/onnx'
import { createOnnxBuilder, type OnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { createRandom } from '@core/math/random'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { importModel } from '@core/model/onnx/importOnnx'
import { readForItems } from '@main/model/files/itemReading'
import { runModel } from '@main/model/files/runFile'

const random = createRandom(8)
const drawn = (builder: OnnxBuilder, dims: number[]): string =>
  builder.constant(
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal() / 2),
    dims
  )

function network(dims: readonly (number | string)[], make: (b: OnnxBuilder, x: string) => string): OnnxModel {
  const builder = createOnnxBuilder()
  builder.output(make(builder, builder.input('x', 'float32', dims)), 'y')
  return builder.build('items')
}

const swapped = (b: OnnxBuilder, x: string): string => b.node('Transpose', [x], { perm: ints([1, 0, 2]) })
const lstm = (b: OnnxBuilder, x: string): string =>
  b.node('LSTM', [x, drawn(b, [1, 8, 4]), drawn(b, [1, 8, 2])], { hidden_size: int(2) })
const longs = (b: OnnxBuilder, values: number[], dims = [values.length]): string =>
  b.constant(BigInt64Array.from(values, BigInt), dims)

/** The array as a whole through our reading and onnxruntime. */
async function expectAgreement(model: OnnxModel, dims: readonly number[]): Promise<void> {
  const input = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal())
  const session = await ort.InferenceSession.create(encodeOnnx(model), { logSeverityLevel: 4 })
  const wanted = (await session.run({ x: new ort.Tensor('float32', input, dims) }))['y']!
  await session.release()
  const array = { shape: [...dims], values: Float64Array.from(input) }
  const found = runModel(model, array, 'float', []).outputs[0]!
  expect(found.shape).toEqual(wanted.dims)
  for (const [at, value] of Array.from(wanted.data as Float32Array).entries())
    expect(found.values[at]).toBeCloseTo(value, 4)
}

describe('several items of a network with a symbolic first axis', () => {
  it.each<[string, (number | string)[], (b: OnnxBuilder, x: string) => string]>([
    ['kept apart', ['n', 3, 4], (b, x) => b.node('Softmax', [x], { axis: int(1) })],
    ['moved to another axis', ['n', 3, 4], swapped],
    ['moved there and back', ['n', 3, 4], (b, x) => swapped(b, b.node('Relu', [swapped(b, x)]))],
    ['as steps of an LSTM', ['n', 3, 4], lstm],
    ['as the items of an LSTM', ['n', 3, 4], (b, x) => lstm(b, swapped(b, x))],
    ['summed one by one', ['n', 3, 4], (b, x) => b.node('CumSum', [x, longs(b, [0], [])])],
    ['of which one is taken', ['n', 3, 4], (b, x) => b.node('Gather', [x, longs(b, [1], [])])],
    ['as one row', ['n', 3, 4], (b, x) => b.node('Reshape', [x, longs(b, [1, -1])])],
    ['joined to themselves', ['n', 3, 4], (b, x) => b.node('Concat', [x, x], { axis: int(0) })],
    ['with a constant for each', ['n', 3, 4], (b, x) => b.node('Mul', [x, drawn(b, [3, 1, 4])])],
    [
      'multiplied by each other',
      ['n', 4],
      (b, x) => b.node('Einsum', [x, x], { equation: text('ij,kj->ik') })
    ],
    ['that are numbers', ['n'], (b, x) => b.node('ReduceSum', [x, longs(b, [0])])]
  ])('%s', async (_, given, make) => {
    await expectAgreement(
      network(given, make),
      given.map((size) => (typeof size === 'number' ? size : 3))
    )
  })

  it('are read one by one where moving them back keeps them apart', () => {
    const model = network(['n', 3, 4], (b, x) => swapped(b, b.node('Relu', [swapped(b, x)])))
    const array = { shape: [2, 3, 4], values: new Float64Array(24) }
    expect(readForItems(model, array).input.dims).toEqual([1, 3, 4])
  })

  it.each([
    ['Add', [2, 3], null],
    ['Einsum', [2, 3], 'keep items apart']
  ])('of several inputs in front of %s', (opType, dims, refused) => {
    const builder = createOnnxBuilder()
    const inputs = ['a', 'b'].map((name) => builder.input(name, 'float32', ['n', 3]))
    const attributes = opType === 'Einsum' ? { equation: text('ij,kj->ik') } : {}
    builder.output(builder.node(opType, inputs, attributes), 'y')
    const values = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    const run = () => runModel(builder.build('two'), { shape: [2, 6], values }, 'float', []).outputs[0]
    if (refused !== null) expect(run).toThrow(refused)
    else expect(run()).toMatchObject({ shape: dims, values: [5, 7, 9, 17, 19, 21] })
  })

  it('as a hundred steps of an LSTM', async () => {
    await expectAgreement(
      network(['n', 1, 4], (b, x) => lstm(b, x)),
      [100, 1, 4]
    )
  })
})

describe('the number of items of a fixed batch', () => {
  const sizeAt = (b: OnnxBuilder, x: string, axis: number): string =>
    b.node('Gather', [b.node('Shape', [x]), longs(b, [axis])])
  it.each<[string, (b: OnnxBuilder, x: string) => string]>([
    ['as a number', (b, x) => b.node('Mul', [x, b.node('Cast', [sizeAt(b, x, 0)], { to: int(1) })])],
    [
      'beside a size that is a number',
      (b, x) => b.node('Mul', [x, b.node('Cast', [sizeAt(b, x, 1)], { to: int(1) })])
    ],
    [
      'in front of a shape',
      (b, x) => b.node('Reshape', [x, b.node('Concat', [sizeAt(b, x, 0), longs(b, [-1])], { axis: int(0) })])
    ],
    [
      'not in front of a shape',
      (b, x) =>
        b.node('Reshape', [x, b.node('Concat', [longs(b, [1, -1]), sizeAt(b, x, 2)], { axis: int(0) })])
    ],
    [
      'of zeros that are added',
      (b, x) =>
        b.node('Add', [
          x,
          b.node('ConstantOfShape', [b.node('Concat', [sizeAt(b, x, 0), longs(b, [3, 1])], { axis: int(0) })])
        ])
    ]
  ])('%s', async (_, make) => {
    await expectAgreement(network([2, 3, 4], make), [2, 3, 4])
  })

  it('does not keep known tensors from being moved', () => {
    const model = network([2, 3], (b, x) => b.node('MatMul', [x, b.node('Transpose', [drawn(b, [4, 3])])]))
    expect(importModel(model).input.fileDims).toBeUndefined()
  })
})
