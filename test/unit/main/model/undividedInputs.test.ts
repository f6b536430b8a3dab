import * as ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { float, int, ints, text, type OnnxAttribute, type OnnxModel } from '@core/model/onnx/onnx'
import { importModel } from '@core/model/onnx/importOnnx'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { createRandom } from '@core/math/random'
import { encodeOnnx } from '@main/model/files/onnxFile'
import { runModel } from '@main/model/files/runFile'
import { compareWithOnnxruntime } from '../../../support/importAgreement'

type Builder = ReturnType<typeof createOnnxBuilder>

const random = createRandom(3)
const drawn = (builder: Builder, dims: number[]): string =>
  builder.constant(
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal() / 2),
    dims
  )
const longs = (builder: Builder, values: number[]): string =>
  builder.constant(BigInt64Array.from(values, BigInt), [values.length])

function network(dims: readonly (number | string)[], make: (b: Builder, x: string) => string): OnnxModel {
  const builder = createOnnxBuilder()
  const x = builder.input('x', 'float32', [...dims])
  builder.output(make(builder, x), 'y')
  return builder.build('undivided')
}

const one =
  (opType: string, attributes: Record<string, OnnxAttribute> = {}) =>
  (b: Builder, x: string): string =>
    b.node(opType, [x], attributes)

const recurrent =
  (
    opType: string,
    gates: number,
    attributes: Record<string, OnnxAttribute>,
    { peepholes = false, length = 4 } = {}
  ) =>
  (b: Builder, x: string): string => {
    const [hidden, inputs, batch] = [2, 3, 2]
    const operands = [
      x,
      drawn(b, [1, gates * hidden, inputs]),
      drawn(b, [1, gates * hidden, hidden]),
      drawn(b, [1, 2 * gates * hidden]),
      b.constant(Int32Array.of(length, length), [batch]),
      drawn(b, [1, batch, hidden]),
      ...(opType === 'LSTM' ? [drawn(b, [1, batch, hidden])] : []),
      ...(peepholes ? [drawn(b, [1, 3 * hidden])] : [])
    ]
    return b.node(opType, operands, { hidden_size: int(hidden), ...attributes })
  }

const strings = (value: string[]): OnnxAttribute => ({ kind: 'strings', value })

/** Whether several random items, run one by one, are what onnxruntime makes of them together. */
async function itemsOfOnnxruntime(model: OnnxModel, shape: number[]): Promise<boolean> {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal())
  const session = await ort.InferenceSession.create(encodeOnnx(model), { logSeverityLevel: 4 })
  const wanted = (await session.run({ x: new ort.Tensor('float32', values, shape) }))['y']!
  await session.release()
  const array = { shape, values: Float64Array.from(values) }
  const found = runModel(model, array, 'float', []).outputs[0]!
  expect(found.shape).toEqual(wanted.dims)
  return Array.from(wanted.data as Float32Array).every(
    (value, at) => Math.abs(value - found.values[at]!) < 1e-5
  )
}

describe('an input whose first axis does not hold items', () => {
  it.each<[string, number[], (b: Builder, x: string) => string]>([
    ['ArgMax over it', [3, 4], (b, x) => b.node('Cast', [b.node('ArgMax', [x])], { to: int(1) })],
    ['Softmax over it', [3, 4], one('Softmax', { axis: int(0) })],
    ['LogSoftmax over it', [3, 4, 2], one('LogSoftmax', { axis: int(0) })],
    ['Flatten of it and the next', [3, 4, 2], one('Flatten', { axis: int(2) })],
    ['Transpose', [3, 4, 2], one('Transpose', { perm: ints([2, 0, 1]) })],
    ['Reshape to a list', [3, 4], (b, x) => b.node('Reshape', [x, longs(b, [-1])])],
    ['Reshape to other rows', [3, 4], (b, x) => b.node('Reshape', [x, longs(b, [-1, 2])])],
    ['Reshape to one row', [3, 4], (b, x) => b.node('Reshape', [x, longs(b, [1, 12])])],
    ['Slice of it', [5, 4], (b, x) => b.node('Slice', [x, longs(b, [1]), longs(b, [4])])],
    ['Unsqueeze in front of it', [3, 4], (b, x) => b.node('Unsqueeze', [x, longs(b, [0])])],
    ['Gather of it', [3, 4], (b, x) => b.node('Gather', [x, longs(b, [2, 0])])],
    ['Expand in front of it', [3, 4], (b, x) => b.node('Expand', [x, longs(b, [2, 3, 4])])],
    ['ReduceSum over it', [3, 4], (b, x) => b.node('ReduceSum', [x, longs(b, [0])])],
    ['Concat along it', [3, 4], (b, x) => b.node('Concat', [x, drawn(b, [2, 4])], { axis: int(0) })],
    ['Pad of it', [3, 4], (b, x) => b.node('Pad', [x, longs(b, [1, 0, 0, 0])])],
    ['a constant of more axes', [3, 4], (b, x) => b.node('Add', [x, drawn(b, [2, 1, 4])])],
    ['a matrix in front', [3, 4], (b, x) => b.node('MatMul', [drawn(b, [2, 3]), x])],
    ['a vector in front', [3, 4], (b, x) => b.node('MatMul', [drawn(b, [3]), x])],
    ['a vector that is computed', [5], (b, x) => b.node('MatMul', [x, drawn(b, [5, 3])])],
    ['rank 5', [2, 3, 2, 2, 2], one('Tanh')],
    [
      'normalised over all axes',
      [3, 4],
      (b, x) => b.node('LayerNormalization', [x, drawn(b, [3, 4])], { axis: int(0), epsilon: float(0.1) })
    ],
    ['an LSTM of two items', [4, 2, 3], recurrent('LSTM', 4, {})],
    [
      'an LSTM with peepholes and a limit',
      [4, 2, 3],
      recurrent('LSTM', 4, { clip: float(0.5) }, { peepholes: true })
    ],
    ['a GRU backwards', [4, 2, 3], recurrent('GRU', 3, { direction: text('reverse') })],
    [
      'a GRU of fewer steps backwards',
      [4, 2, 3],
      recurrent('GRU', 3, { direction: text('reverse') }, { length: 3 })
    ],
    ['an RNN of another function', [4, 2, 3], recurrent('RNN', 1, { activations: strings(['Relu']) })]
  ])('%s', async (_, dims, make) => {
    const model = network(dims, make)
    expect(await compareWithOnnxruntime(model, 5)).toMatchObject({ kind: 'equal' })
  })

  it('is run with the whole array, and several of them along one more axis', () => {
    const model = network([2, 3], (b, x) => b.node('ReduceSum', [x, longs(b, [0])]))
    const values = Float64Array.of(1, 2, 3, 10, 20, 30)
    expect(runModel(model, { shape: [2, 3], values }, 'float', []).outputs[0]).toMatchObject({
      shape: [1, 3],
      values: [11, 22, 33]
    })
    const two = { shape: [2, 2, 3], values: Float64Array.from([...values, ...values], (x) => x) }
    expect(runModel(model, two, 'float', []).outputs[0]!.values).toEqual([11, 22, 33, 11, 22, 33])
  })

  it('keeps the items apart where the network does', () => {
    const model = network([2, 3], (b, x) => b.node('MatMul', [x, drawn(b, [3, 2])]))
    expect(importModel(model).input.fileDims).toBeUndefined()
  })

  it.each<[string, number[], (b: Builder, x: string) => string]>([
    [
      'sizes that are worked out',
      [3, 4, 2],
      (b, x) => {
        const sizes = b.node('Shape', [x])
        const first = b.node('Gather', [sizes, longs(b, [0])], { axis: int(0) })
        return b.node('Reshape', [x, b.node('Concat', [first, longs(b, [-1])], { axis: int(0) })])
      }
    ],
    [
      'pads that are turned',
      [3, 1, 4],
      (b, x) => {
        const pairs = b.node('Reshape', [longs(b, [2, 1, 0, 0, 0, 0]), longs(b, [3, 2])])
        const rows = b.node('Transpose', [pairs], { perm: ints([1, 0]) })
        const back = b.node('Slice', [rows, longs(b, [0]), longs(b, [3]), longs(b, [1])])
        const order = b.node('Gather', [back, longs(b, [2, 1, 0])], { axis: int(1) })
        return b.node('Pad', [x, b.node('Reshape', [order, longs(b, [-1])])])
      }
    ],
    [
      'a constant repeated for each item',
      [3, 2, 4],
      (b, x) =>
        b.node('Concat', [b.node('Expand', [drawn(b, [1, 1, 4]), longs(b, [3, 1, 4])]), x], { axis: int(1) })
    ],
    [
      'a constant of fewer axes repeated for each item',
      [3, 2, 4],
      (b, x) =>
        b.node('Concat', [b.node('Expand', [drawn(b, [1, 4]), longs(b, [3, 1, 4])]), x], { axis: int(1) })
    ],
    ['sums that run along another axis', [3, 4], (b, x) => b.node('CumSum', [x, longs(b, [1])])]
  ])('keeps the items apart behind %s', async (_, dims, make) => {
    const model = network(dims, make)
    expect(importModel(model).input.fileDims).toBeUndefined()
    expect(await itemsOfOnnxruntime(model, dims)).toBe(true)
  })

  it.each<[string, (b: Builder, x: string) => string]>([
    ['is joined with itself', (b, x) => b.node('Concat', [x, b.node('Neg', [x])], { axis: int(0) })],
    ['is padded', (b, x) => b.node('Pad', [x, longs(b, [1, 0, 0, 0])])],
    ['is repeated', (b, x) => b.node('Tile', [x, longs(b, [2, 1])])],
    ['is fetched from', (b, x) => b.node('Gather', [x, longs(b, [0])])],
    ['is summed along', (b, x) => b.node('CumSum', [x, longs(b, [0])])]
  ])('a symbolic one that %s is read with the items of the array', async (_, make) => {
    expect(await itemsOfOnnxruntime(network(['n', 3], make), [4, 3])).toBe(true)
  })

  it.each<[string, (b: Builder, x: string) => string]>([
    [
      'attention',
      (b, x) => {
        const rows = b.node('Transpose', [b.node('Reshape', [x, longs(b, [0, 4, 4])])], {
          perm: ints([0, 2, 1])
        })
        const parts = b.node('Reshape', [
          b.node('MatMul', [rows, drawn(b, [4, 12])]),
          longs(b, [-1, 4, 3, 2, 2])
        ])
        const heads = b.node('Transpose', [parts], { perm: ints([2, 0, 3, 1, 4]) })
        const [query, key, value] = [0, 1, 2].map((at) =>
          b.node('Gather', [heads, b.constant(BigInt64Array.of(BigInt(at)), [])], { axis: int(0) })
        ) as [string, string, string]
        const turned = b.node('Transpose', [key], { perm: ints([0, 1, 3, 2]) })
        const shares = b.node('Softmax', [b.node('MatMul', [query, turned])], { axis: int(-1) })
        return b.node('Transpose', [b.node('MatMul', [shares, value])], { perm: ints([0, 2, 1, 3]) })
      }
    ],
    [
      'a recurrence',
      (b, x) => {
        const columns = b.node('ReduceMean', [x], { axes: ints([2]), keepdims: int(0) })
        const turned = b.node('Transpose', [columns], { perm: ints([2, 0, 1]) })
        const operands = [turned, drawn(b, [1, 6, 4]), drawn(b, [1, 6, 2]), drawn(b, [1, 12])]
        const sequence = b.node('GRU', operands, { hidden_size: int(2) })
        return b.node('Transpose', [b.node('Squeeze', [sequence, longs(b, [1])])], { perm: ints([1, 0, 2]) })
      }
    ]
  ])('a symbolic one in front of a convolution and %s takes several items', async (_, make) => {
    const model = network(['n', 2, 3, 4], (b, x) => {
      const image = b.node('Conv', [x, drawn(b, [4, 2, 2, 3])])
      return make(b, image)
    })
    expect(await itemsOfOnnxruntime(model, [3, 2, 3, 4])).toBe(true)
  })

  it('inputs of one number each, which have no axis, take several items', () => {
    const builder = createOnnxBuilder()
    const [a, c] = ['a', 'c'].map((name) => builder.input(name, 'float32', [])) as [string, string]
    builder.output(builder.node('Add', [a, c]), 'y')
    const array = { shape: [3, 2], values: Float64Array.of(1, 2, 3, 4, 5, 6) }
    expect(runModel(builder.build('numbers'), array, 'float', []).outputs[0]!.values).toEqual([3, 7, 11])
  })

  it('a symbolic one behind a convolution that is fetched from takes one item', () => {
    const model = network(['n', 2, 3, 4], (b, x) =>
      b.node('Gather', [b.node('Conv', [x, drawn(b, [4, 2, 2, 3])]), longs(b, [0])])
    )
    const run = (items: number) =>
      runModel(model, { shape: [items, 2, 3, 4], values: new Float64Array(24 * items) }, 'float', [])
    expect(run(1).outputs[0]!.shape).toEqual([1, 4, 2, 2])
    expect(() => run(2)).toThrow('keep items apart')
  })

  it('a symbolic one behind a step of time takes several items', async () => {
    const make = (b: Builder, x: string): string => {
      const turned = b.node('Transpose', [x], { perm: ints([1, 0, 2]) })
      const operands = [turned, drawn(b, [1, 6, 3]), drawn(b, [1, 6, 2]), drawn(b, [1, 12])]
      const sequence = b.node('GRU', operands, { hidden_size: int(2) })
      return b.node('Transpose', [b.node('Squeeze', [sequence, longs(b, [1])])], { perm: ints([1, 0, 2]) })
    }
    expect(await itemsOfOnnxruntime(network(['n', 1, 3], make), [3, 1, 3])).toBe(true)
  })

  it('a symbolic one that holds the steps of a recurrence is read with the steps of the array', () => {
    const model = network(['n', 2, 3], recurrent('GRU', 3, {}, { length: 1 }))
    const run = (items: number) =>
      runModel(model, { shape: [items, 2, 3], values: new Float64Array(6 * items).fill(1) }, 'float', [])
    expect(run(1).outputs[0]!.shape).toEqual([1, 1, 2, 2])
    expect(run(4).outputs[0]!.shape).toEqual([4, 1, 2, 2])
  })

  it('a symbolic one that is summed over is read with the items of the array', () => {
    const model = network(['n', 3], (b, x) => b.node('ReduceSum', [x, longs(b, [0])]))
    const run = (items: number) =>
      runModel(model, { shape: [items, 3], values: new Float64Array(3 * items).fill(1) }, 'float', [])
    expect(run(1).outputs[0]!.values).toEqual([1, 1, 1])
    expect(run(2).outputs[0]).toMatchObject({ shape: [1, 3], values: [2, 2, 2] })
  })
})
