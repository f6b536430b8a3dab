import { describe, expect, it } from 'vitest'
import type { Graph } from '@core/model/graph'
import { exportedLayers } from '@core/model/onnx/exportedScheme'
import { int, type OnnxModel, type OnnxNode, type OnnxTensor } from '@core/model/onnx/onnx'

/** Bits and scales of one layer "fc" by the quantizers in front of its operands. */
const graph = { nodes: [{ op: 'dense', name: 'fc' }] } as unknown as Graph
const node = (
  name: string,
  opType: string,
  inputs: string[],
  attributes: OnnxNode['attributes'] = {}
): OnnxNode => ({ ...{ name, opType, domain: '', inputs, outputs: [name], attributes } })
const reals = (name: string, ...data: number[]): OnnxTensor => ({
  ...{ name, dims: [data.length], data: Float32Array.from(data) }
})
const int8 = (name: string, ...data: number[]): OnnxTensor => ({
  ...{ name, dims: [data.length], data: Int8Array.from(data) }
})
const uint8 = (name: string, ...data: number[]): OnnxTensor => ({
  ...{ name, dims: [data.length], data: Uint8Array.from(data) }
})
const layersOf = (nodes: OnnxNode[], initializers: OnnxTensor[]) =>
  exportedLayers({ nodes, initializers } as unknown as OnnxModel, graph)
const layerOf = (nodes: OnnxNode[], initializers: OnnxTensor[]) => layersOf(nodes, initializers)?.[0]

describe('QDQ', () => {
  const constants = [
    reals('sx', 0.5),
    uint8('zx', 128),
    reals('sw', 0.25, 0.125),
    int8('zw', 0, 0),
    int8('w', 1, -2)
  ]
  const input = [
    node('q', 'QuantizeLinear', ['x', 'sx', 'zx']),
    node('d', 'DequantizeLinear', ['q', 'sx', 'zx'])
  ]
  const weights = node('dw', 'DequantizeLinear', ['w', 'sw', 'zw'])
  const wanted = {
    layer: 'fc',
    weights: { bits: 8, scales: [0.25, 0.125], zero: 0 },
    activations: { bits: 8, scales: [0.5], zero: 128 }
  }

  it('gives scales and zeros of both operands', () => {
    expect(layerOf([...input, weights, node('fc', 'Gemm', ['d', 'dw'])], constants)).toEqual(wanted)
  })

  it('is seen through operators that leave codes as they are, and no others', () => {
    const behind = (opType: string) =>
      layerOf([...input, node('v', opType, ['d']), weights, node('fc', 'Gemm', ['v', 'dw'])], constants)
    expect([behind('Reshape'), behind('MaxPool'), behind('Relu')]).toEqual([wanted, wanted, wanted])
    expect(behind('Sigmoid')).toEqual({ ...wanted, activations: null })
  })

  it('has its weights on the left of a product too', () => {
    expect(layerOf([...input, weights, node('fc', 'MatMul', ['dw', 'd'])], constants)).toEqual(wanted)
    expect(layerOf([...input, weights, node('fc', 'MatMul', ['d', 'dw'])], constants)).toEqual(wanted)
  })

  it('has the bits of narrow codes, and 16 of int32 codes', () => {
    const narrow = { ...int8('w', 1, -2), bits: 4 }
    const four = layerOf([weights, node('fc', 'Gemm', ['x', 'dw'])], [...constants.slice(0, 4), narrow])
    expect([four!.weights!.bits, four!.activations]).toEqual([4, null])
    const wide: OnnxTensor = { name: 'w', dims: [2], data: Int32Array.of(1, 2) }
    const sixteen = layerOf([weights, node('fc', 'Gemm', ['x', 'dw'])], [...constants.slice(0, 4), wide])
    expect(sixteen!.weights!.bits).toBe(16)
  })
})

describe('QOperator', () => {
  it.each([
    ['QLinearConv', ['x', 'sx', 'zx', 'w', 'sw', 'zw', 'sy', 'zy']],
    ['QGemm', ['x', 'sx', 'zx', 'w', 'sw', 'zw', 'b', 'sy', 'zy']]
  ])('%s holds scale and zero behind each operand', (opType, inputs) => {
    const constants = [reals('sx', 0.5), uint8('zx', 3), reals('sw', 2), int8('zw', 0)]
    expect(layerOf([node('fc', opType, inputs)], constants)).toEqual({
      layer: 'fc',
      weights: { bits: 8, scales: [2], zero: 0 },
      activations: { bits: 8, scales: [0.5], zero: 3 }
    })
  })
})

describe('QONNX', () => {
  it('names bits, scale and zero', () => {
    const nodes = [
      node('qx', 'Quant', ['x', 's', 'z', 'four']),
      node('qw', 'BipolarQuant', ['w', 's']),
      node('fc', 'MatMul', ['qx', 'qw'])
    ]
    const constants = [reals('s', 0.5), reals('z', 1), reals('four', 4), reals('w', 1, -1)]
    expect(layerOf(nodes, constants)).toEqual({
      layer: 'fc',
      weights: { bits: 1, scales: [0.5], zero: 0 },
      activations: { bits: 4, scales: [0.5], zero: 1 }
    })
    const unnamed = [node('qx', 'IntQuant', ['x', 's']), node('fc', 'MatMul', ['qx', 'w'])]
    expect(layerOf(unnamed, constants)!.activations).toEqual({ bits: 8, scales: [0.5], zero: 0 })
  })
})

describe('a network of whole numbers', () => {
  const floor = node('f', 'Floor', ['other'])
  const weightsOf = (values: number[], attributes: OnnxNode['attributes'] = {}) =>
    layerOf([floor, node('fc', 'Gemm', ['f', 'w'], attributes)], [reals('w', ...values)])?.weights?.bits

  it('has the fewest bits that hold its weights, with a sign', () => {
    // -8 to 7 take 4 bits, 8 takes a fifth, and so does -9.
    expect([weightsOf([-8, 7]), weightsOf([8]), weightsOf([-9]), weightsOf([0]), weightsOf([1])]).toEqual([
      4, 5, 5, 1, 2
    ])
    expect([weightsOf([-32_768, 32_767]), weightsOf([32_768])]).toEqual([16, undefined])
  })

  it('has the bits that the exporter noted, and none of fractions', () => {
    expect(weightsOf([1], { weight_bits: int(6) })).toBe(6)
    expect(weightsOf([0.5])).toBeUndefined()
    expect(layersOf([node('fc', 'Gemm', ['x', 'w'])], [reals('w', 1)])).toBeNull()
  })

  const limited = (clip: OnnxNode, ...constants: OnnxTensor[]) =>
    layerOf([floor, clip, node('fc', 'Gemm', [clip.name, 'w'])], [reals('w', 1), ...constants])?.activations
      ?.bits
  it('has the bits of its limits', () => {
    const between = (low: number, high: number) =>
      limited(node('c', 'Clip', ['x', 'low', 'high']), reals('low', low), reals('high', high))
    expect([between(0, 15), between(0, 16), between(-8, 7), between(0, 255)]).toEqual([4, 5, 4, 8])
    expect([between(3, 3), between(0, 2 ** 16), between(0, 2 ** 16 + 1)]).toEqual([undefined, 17, undefined])
    expect(limited(node('c', 'Clip', ['x'], { out_bits: int(3) }))).toBe(3)
    expect(limited(node('c', 'Clip', ['x', 'low']), reals('low', 0))).toBeUndefined()
    const plain = [node('c', 'Clip', ['x', 'low', 'high']), node('fc', 'Gemm', ['c', 'w'])]
    expect(layersOf(plain, [reals('w', 1), reals('low', 0), reals('high', 15)])).toBeNull()
  })

  it('has as many bits as the levels of its shift', () => {
    const shift = (attributes: OnnxNode['attributes']) =>
      limited(node('r', 'RequantShift', ['x'], attributes))
    const levels = (count: number): OnnxNode['attributes'][string] => ({
      kind: 'tensor',
      value: reals('n', count)
    })
    expect(shift({ n_levels_out: levels(16), n_levels: levels(4) })).toBe(4)
    expect([shift({ n_levels: levels(17) }), shift({})]).toEqual([5, 8])
  })
})
