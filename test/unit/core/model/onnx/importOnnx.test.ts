import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { macsOf, parametersOf, weightedLayerNames, type Graph } from '@core/model/graph'
import { importOnnx, readOnnx } from '@core/model/onnx/importOnnx'
import {
  float,
  int,
  ints,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor
} from '@core/model/onnx/onnx'
import { workloadsOf } from '@core/model/workload'
import { hwcWeights } from '@core/quant/hwcGraph'
import { createFloatRunner } from '@core/quant/runFloat'
import { plainNetwork, residualNetwork } from '../../../../support/smallNetworks'

const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: Record<string, OnnxAttribute> = {},
  name = output
): OnnxNode => ({ name, opType, domain: '', inputs, outputs: [output], attributes })

const tensor = (name: string, dims: number[], values?: number[]): OnnxTensor => {
  const count = dims.reduce((a, b) => a * b, 1)
  return {
    name,
    dims,
    data: Float32Array.from({ length: count }, (_, at) => values?.[at] ?? Math.sin(at + name.length))
  }
}

const model = (
  nodes: OnnxNode[],
  initializers: OnnxTensor[],
  dims: (number | string | null)[] = ['n', 2, 4, 4]
): OnnxModel => ({
  name: 'test',
  opset: 13,
  nodes,
  initializers,
  inputs: [{ name: 'x', elementType: 'float32', dims }],
  outputs: [{ name: nodes.at(-1)!.outputs[0]!, elementType: 'float32', dims: null }],
  metadata: {}
})

const refusal = (work: () => unknown): AppError => {
  try {
    work()
  } catch (error) {
    return AppError.from(error)
  }
  throw new Error('nothing was thrown')
}

const run = (graph: Graph, input: Float32Array): number[] => [
  ...createFloatRunner(graph, hwcWeights(graph)).run(input)[graph.output]!
]
const wave = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => Math.cos(3 * at))

describe('ONNX import', () => {
  it.each([plainNetwork(), residualNetwork()])('reads back the $name network that was written', (graph) => {
    const read = importOnnx(exportOnnx(graph))
    expect(read).toEqual(graph)
  })

  it('counts work and shapes', () => {
    const graph = residualNetwork()
    expect(graph.nodes.map((entry) => macsOf(graph, entry))).toEqual([1296, 1296, 576, 0, 0, 0, 12])
    expect(graph.nodes.map(parametersOf)).toEqual([40, 40, 20, 0, 0, 0, 15])
    expect(
      workloadsOf(graph).map(({ kernel, conv, matmul }) => [kernel, conv?.h ?? null, matmul?.k ?? null])
    ).toEqual([
      ['conv2d', 8, null],
      ['depthwiseConv2d', 8, null],
      ['conv2d', 6, null],
      ['matmul', null, 4]
    ])
  })

  it('folds batch normalisation and a constant Add into the convolution, and fuses ReLU through pools', () => {
    const read = importOnnx(
      model(
        [
          node('Conv', ['x', 'w'], 'c', { pads: ints([1, 1, 1, 1]) }),
          node('Add', ['c', 'extra'], 'a'),
          node('BatchNormalization', ['a', 'gamma', 'beta', 'mean', 'variance'], 'b', { epsilon: float(0) }),
          node('MaxPool', ['b'], 'p', { kernel_shape: ints([2, 2]), strides: ints([2, 2]) }),
          node('Relu', ['p'], 'r'),
          node('Flatten', ['r'], 'f'),
          node('Gemm', ['f', 'v'], 'y', { transB: int(1) })
        ],
        [
          tensor('w', [3, 2, 3, 3]),
          tensor('extra', [1, 3, 1, 1], [1, 2, 3]),
          tensor('gamma', [3], [2, 2, 2]),
          tensor('beta', [3], [5, 5, 5]),
          tensor('mean', [3], [1, 1, 1]),
          tensor('variance', [3], [4, 4, 4]),
          tensor('v', [2, 12])
        ]
      )
    )
    expect(read.nodes.map(({ op }) => op)).toEqual(['conv2d', 'maxPool', 'flatten', 'dense'])
    const conv = read.nodes[0]!
    // gamma / sqrt(variance) = 1, so y = conv + extra - mean + beta.
    expect('bias' in conv && [...conv.bias]).toEqual([5, 6, 7])
    expect('relu' in conv && conv.relu).toBe(true)
  })

  it('adds epsilon to the variance of a BatchNormalization: 4 / sqrt(3 + 1) = 2', () => {
    const read = importOnnx(
      model(
        [
          node('Conv', ['x', 'w'], 'c'),
          node('BatchNormalization', ['c', 'gamma', 'beta', 'mean', 'variance'], 'b', { epsilon: float(1) }),
          node('Flatten', ['b'], 'y')
        ],
        [
          tensor('w', [1, 2, 1, 1], [3, -5]),
          tensor('gamma', [1], [4]),
          tensor('beta', [1], [7]),
          tensor('mean', [1], [1]),
          tensor('variance', [1], [3])
        ]
      )
    )
    const conv = read.nodes[0]!
    // y = 2 (conv - 1) + 7
    expect('weights' in conv && [...conv.weights]).toEqual([6, -10])
    expect('bias' in conv && [...conv.bias]).toEqual([5])
  })

  it('drops Identity, Dropout and a final Softmax, and reads Reshape targets computed from the batch', () => {
    const read = importOnnx(
      model(
        [
          node('Dropout', ['x'], 'd'),
          node('Shape', ['d'], 's'),
          node('Constant', [], 'zero', {
            value: { kind: 'tensor', value: { name: '', dims: [], data: BigInt64Array.of(0n) } }
          }),
          node('Gather', ['s', 'zero'], 'batch'),
          node('Unsqueeze', ['batch'], 'batch1', { axes: ints([0]) }),
          node('Constant', [], 'rest', { value_ints: ints([-1]) }),
          node('Concat', ['batch1', 'rest'], 'target', { axis: int(0) }),
          node('Reshape', ['d', 'target'], 'f'),
          node('MatMul', ['f', 'v'], 'm'),
          node('Add', ['m', 'bias'], 'z'),
          node('Softmax', ['z'], 'y', { axis: int(1) })
        ],
        [tensor('v', [32, 3]), tensor('bias', [3], [1, 2, 3])]
      )
    )
    expect(read.nodes.map(({ op }) => op)).toEqual(['flatten', 'dense'])
    expect(weightedLayerNames(read)).toEqual(['m'])
  })

  it('flattens in channel order although images are kept pixel by pixel', () => {
    const read = importOnnx(
      model([node('Flatten', ['x'], 'f'), node('MatMul', ['f', 'v'], 'y')], [tensor('v', [32, 2])])
    )
    const chw = wave(32)
    const hwc = Float32Array.from({ length: 32 }, (_, at) => chw[(at % 2) * 16 + Math.floor(at / 2)]!)
    const v = tensor('v', [32, 2]).data as Float32Array
    const wanted = [0, 1].map((out) => chw.reduce((sum, value, at) => sum + value * v[at * 2 + out]!, 0))
    for (const [at, value] of run(read, hwc).entries()) expect(value).toBeCloseTo(wanted[at]!, 4)
  })

  it('names the node and the operator it cannot read, also names that objects have', () => {
    for (const opType of ['Det', 'constructor', 'toString', '__proto__']) {
      const error = refusal(() => importOnnx(model([node(opType, ['x'], 'y', {}, 'gate')], [])))
      expect(error.code).toBe('model.unsupportedOperator')
      expect(error.message).toContain('gate')
      expect(error.message).toContain(opType)
      expect(error.hint).toContain('Conv')
      expect(error.details).toEqual({ node: 'gate', operator: opType })
    }
  })

  it('says what helps with operators that no board computes, not only which are read', () => {
    for (const [opType, remedy] of [
      ['NonMaxSuppression', 'choose an earlier output'],
      ['Loop', 'tracing'],
      ['RandomNormalLike', 'inference mode'],
      ['STFT', 'log-mel']
    ] as const)
      expect(refusal(() => importOnnx(model([node(opType, ['x'], 'y', {}, 'gate')], []))).hint).toContain(
        remedy
      )
  })

  it('lists every obstacle of operators, not only the first', () => {
    const { imported, obstacles } = readOnnx(
      model([node('Foo', ['x'], 'a'), node('Relu', ['a'], 'b'), node('Bar', ['b'], 'y')], [])
    )
    expect(imported).toBeNull()
    expect(obstacles.map(({ node: name, operator }) => [name, operator])).toEqual([
      ['a', 'Foo'],
      ['y', 'Bar']
    ])
  })

  it('broadcasts a constant behind a convolution as ONNX does, not per channel', () => {
    // 4 channels on 4 x 4 pixels: [4] goes over the width, [4, 1, 1] over the channels.
    const layers = (dims: number[]) =>
      importOnnx(
        model(
          [node('Conv', ['x', 'w'], 'c'), node('Add', ['c', 'k'], 'y')],
          [tensor('w', [4, 2, 1, 1], new Array(8).fill(0)), tensor('k', dims, [1, 2, 3, 4])]
        )
      )
    const overWidth = layers([4])
    const hwc = run(overWidth, new Float32Array(32))
    // Place in memory: (row * 4 + column) * 4 + channel.
    expect(hwc.slice(0, 16)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
    const perChannel = layers([4, 1, 1])
    expect(perChannel.nodes.map(({ op }) => op)).toEqual(['conv2d'])
    expect(run(perChannel, new Float32Array(32)).slice(0, 4)).toEqual([1, 2, 3, 4])
    const overPixels = importOnnx(
      model(
        [node('Conv', ['x', 'w'], 'c', { strides: ints([2, 2]) }), node('Add', ['c', 'k'], 'y')],
        [tensor('w', [4, 2, 1, 1], new Array(8).fill(0)), tensor('k', [1, 1, 2, 2], [1, 2, 3, 4])]
      )
    )
    expect(run(overPixels, new Float32Array(32))).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4])
  })

  it('reads images with channels last without moving them', () => {
    const graph = importOnnx(
      model(
        [node('Transpose', ['x'], 't', { perm: ints([0, 3, 1, 2]) }), node('Conv', ['t', 'w'], 'y')],
        [tensor('w', [3, 2, 1, 1])],
        [1, 4, 4, 2]
      )
    )
    expect(graph.inputShape).toEqual([2, 4, 4])
    expect(graph.nodes.map(({ op }) => op)).toEqual(['conv2d'])
  })

  it('takes a fixed batch as 1, also in Reshape targets, and refuses what mixes the items', () => {
    const target = (sizes: bigint[]) => ({ name: 's', dims: [sizes.length], data: BigInt64Array.from(sizes) })
    const reshaped = (sizes: bigint[]) =>
      model(
        [node('Reshape', ['x', 's'], 'f'), node('MatMul', ['f', 'v'], 'y')],
        [tensor('v', [32, 2]), target(sizes)],
        [4, 2, 4, 4]
      )
    expect(importOnnx(reshaped([4n, -1n])).nodes.map(({ op }) => op)).toEqual(['flatten', 'dense'])
    expect(refusal(() => importOnnx(reshaped([2n, 64n]))).message).toContain('4 items')
  })

  it.each(['Add', 'Sub', 'Mul', 'Div', 'Max', 'PRelu', 'MatMul'])(
    '%s by a constant with an entry per item of a fixed batch reads all items as one',
    (opType) => {
      const of = (dims: number[]) => model([node(opType, ['x', 'k'], 'y')], [tensor('k', dims)], [4, 2, 3, 3])
      expect(importOnnx(of([4, 1, 3, 3])).inputShape).toEqual([72])
      expect(importOnnx(of([1, 1, 3, 3])).inputShape).toEqual([2, 3, 3])
    }
  )

  it('a constant to the power of the items of a fixed batch reads all items as one', () => {
    const of = (dims: number[]) =>
      model([node('Pow', ['k', 'x'], 'y')], [tensor('k', dims, new Array(dims[0]).fill(2))], [4, 2, 3, 3])
    expect(importOnnx(of([4, 1, 1, 1])).inputShape).toEqual([72])
    expect(importOnnx(of([1, 1, 1, 1])).inputShape).toEqual([2, 3, 3])
  })

  it('refuses several inputs, open sizes, weights that do not fit and weights that are not finite', () => {
    const flat = [node('Flatten', ['x'], 'y')]
    expect(refusal(() => importOnnx(model(flat, [], ['n', 2, null, 4]))).code).toBe('model.unsupportedShape')
    expect(refusal(() => importOnnx({ ...model(flat, []), inputs: [] })).code).toBe('model.invalid')
    const wrong = model([node('Conv', ['x', 'w'], 'y')], [tensor('w', [4, 3, 3, 3])])
    expect(refusal(() => importOnnx(wrong)).code).toBe('model.unsupportedShape')
    for (const bad of [NaN, Infinity]) {
      const broken = model([node('Conv', ['x', 'w'], 'y')], [tensor('w', [1, 2, 1, 1], [bad, 1])])
      expect(refusal(() => importOnnx(broken)).code).toBe('model.invalid')
      const offset = model([node('Add', ['x', 'k'], 'y')], [tensor('k', [4], [1, bad, 1, 1])])
      expect(refusal(() => importOnnx(offset)).code).toBe('model.invalid')
    }
  })

  it('reads a chain of 20,000 layers', () => {
    const chain = Array.from({ length: 20_000 }, (_, at) =>
      node('MatMul', [at === 0 ? 'x' : `v${at - 1}`, 'w'], at === 19_999 ? 'y' : `v${at}`)
    )
    const graph = importOnnx(model(chain, [tensor('w', [2, 2], [1, 0, 0, 1])], ['n', 2]))
    expect(graph.nodes.map(({ inputs }) => inputs)).toEqual(chain.map((_, at) => [at - 1]))
  })

  it('chooses one of several outputs', () => {
    const two: OnnxModel = {
      ...model(
        [node('MatMul', ['x', 'v'], 'a'), node('MatMul', ['x', 'w'], 'b')],
        [tensor('v', [4, 3]), tensor('w', [4, 5])],
        ['n', 4]
      ),
      outputs: ['a', 'b'].map((name) => ({ name, elementType: 'float32' as const, dims: null }))
    }
    expect(weightedLayerNames(importOnnx(two))).toEqual(['a'])
    expect(weightedLayerNames(importOnnx(two, 'b'))).toEqual(['b'])
    expect(refusal(() => importOnnx(two, 'c')).hint).toContain('a, b')
  })
})
