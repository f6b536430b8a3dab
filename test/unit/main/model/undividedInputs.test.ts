import { describe, expect, it } from 'vitest'
import { float, int, ints, text, type OnnxAttribute, type OnnxModel } from '@core/model/onnx/onnx'
import { importModel } from '@core/model/onnx/importOnnx'
import { createOnnxBuilder } from '@core/model/onnx/onnxBuilder'
import { createRandom } from '@core/math/random'
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
