import { describe, expect, it } from 'vitest'
import type { OnnxModel, OnnxNode, OnnxTensor } from '@core/model/onnx/onnx'
import { groupLayers } from '@core/workload/onnx/groups'
import { networkOf } from '@core/workload/onnx/network'

/** An operator of the module at `scope`; its one output has its own name. */
const at = (scope: string, opType: string, inputs: string[], output: string): OnnxNode => ({
  ...{ name: `/${scope}/${output}`, opType, domain: '', inputs, outputs: [output], attributes: {} }
})
const weights = (name: string, dims: number[]): OnnxTensor => ({
  ...{ name, dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) }
})

describe('types of layers whose names say nothing', () => {
  it('are read from their operators and from the module around them', () => {
    const nodes = [
      at('b.0/pre', 'ReduceMean', ['x'], 'mean'),
      at('b.0/pre', 'Sub', ['x', 'mean'], 'centred'),
      at('b.0/pre', 'Mul', ['centred', 'centred'], 'square'),
      at('b.0/pre', 'ReduceMean', ['square'], 'variance'),
      at('b.0/pre', 'Sqrt', ['variance'], 'deviation'),
      at('b.0/pre', 'Div', ['centred', 'deviation'], 'normed'),
      at('b.0/mix/joined', 'MatMul', ['normed', 'w1'], 'q'),
      at('b.0/mix', 'MatMul', ['q', 'q'], 'scores'),
      at('b.0/mix', 'Softmax', ['scores'], 'shares'),
      at('b.0/mix', 'MatMul', ['shares', 'q'], 'mixed'),
      at('b.0/mix/back', 'MatMul', ['mixed', 'w2'], 'attended'),
      at('b.0/up', 'MatMul', ['attended', 'w3'], 'wide'),
      at('decide', 'MatMul', ['wide', 'w4'], 'y')
    ]
    const model = {
      nodes,
      initializers: ['w1', 'w2', 'w3', 'w4'].map((name) => weights(name, [4, 4])),
      inputs: [{ name: 'x', dims: [4, 4] }],
      outputs: [{ name: 'y', dims: [4, 4] }],
      opset: 14
    } as unknown as OnnxModel
    expect(groupLayers(networkOf(model)).map(({ id, type }) => `${id} ${type}`)).toEqual([
      'b.0.pre norm',
      'b.0.mix.joined attention',
      'b.0.mix attention',
      'b.0.mix.back attention',
      'b.0.up ffn',
      'decide classifier'
    ])
    expect(
      groupLayers(networkOf(model), (id) => (id === 'b.0.mix.back' ? 'ffn' : undefined)).find(
        ({ id }) => id === 'b.0.mix.back'
      )?.type
    ).toBe('ffn')
  })
})
