import { describe, expect, it } from 'vitest'
import { AppError } from '@shared/errors'
import type { Graph, GraphNode } from '@core/model/graph'
import type { OnnxNode } from '@core/model/onnx/onnx'
import { dropDeadNodes } from '@core/model/passes/dropDeadNodes'
import { foldBatchNorm } from '@core/model/passes/foldBatchNorm'
import { foldForward } from '@core/model/passes/foldForward'
import { foldEmbedded } from '@core/model/passes/foldEmbedded'
import { fuseRelu } from '@core/model/passes/fuseRelu'
import { joinTables } from '@core/model/passes/joinTables'
import { lowerBatchNorm } from '@core/model/passes/lowerBatchNorm'
import { nameNodes } from '@core/model/passes/nameNodes'
import { sortNodes } from '@core/model/passes/sortNodes'
import { call, evaluateFunction } from '@core/model/tableFunction'

const onnx = (name: string, inputs: string[], outputs: string[]): OnnxNode => ({
  name,
  opType: 'Op',
  domain: '',
  inputs,
  outputs,
  attributes: {}
})

const graphOf = (nodes: GraphNode[], inputShape: number[] = [2, 2, 2]): Graph => ({
  name: 'g',
  inputShape,
  inputScale: 1,
  inputZero: 128,
  nodes,
  output: nodes.length - 1
})

const window = { kernel: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0] } as const

const conv = (inputs: number[], weights: number[], bias: number[], pad = [0, 0, 0, 0]): GraphNode => ({
  op: 'conv2d',
  name: 'conv',
  inputs,
  outputShape: [bias.length, 2, 2],
  ...window,
  pad: pad as unknown as readonly [number, number, number, number],
  weights: Float32Array.from(weights),
  bias: Float32Array.from(bias),
  relu: false
})

const norm = (inputs: number[], scale: number[], shift: number[], outputShape = [2, 2, 2]): GraphNode => ({
  op: 'batchNorm',
  name: 'norm',
  inputs,
  outputShape,
  scale: Float32Array.from(scale),
  shift: Float32Array.from(shift)
})

describe('passes on the ONNX graph', () => {
  it('sortNodes puts producers first and leaves sorted nodes where they are', () => {
    const nodes = [onnx('c', ['b'], ['y']), onnx('a', ['x'], ['a']), onnx('b', ['a'], ['b'])]
    expect(sortNodes(nodes).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    const sorted = [onnx('p', ['x'], ['p']), onnx('q', ['x'], ['q']), onnx('r', ['q', 'p'], ['r'])]
    expect(sortNodes(sorted)).toEqual(sorted)
  })

  it('sortNodes reports circles and values computed twice', () => {
    const circle = (): unknown => sortNodes([onnx('a', ['b'], ['a']), onnx('b', ['a'], ['b'])])
    expect(circle).toThrow(AppError)
    expect(circle).toThrow('depends on its own output')
    expect(() => sortNodes([onnx('a', [], ['v']), onnx('b', [], ['v'])])).toThrow(
      'Two nodes compute the value "v"'
    )
  })

  it('sortNodes goes through chains of 100,000 nodes', () => {
    const nodes = Array.from({ length: 100_000 }, (_, at) =>
      onnx(`n${at}`, [`v${at}`], [`v${at + 1}`])
    ).reverse()
    expect(sortNodes(nodes)[0]!.name).toBe('n0')
  })

  it('dropDeadNodes keeps what the wanted value depends on', () => {
    const nodes = [onnx('a', ['x'], ['a']), onnx('dead', ['a'], ['d']), onnx('b', ['a'], ['b'])]
    expect(dropDeadNodes(nodes, ['b']).map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('nameNodes gives every node a name of its own', () => {
    const nodes = [onnx('', [], []), onnx('n', [], []), onnx('n', [], [])]
    expect(nameNodes(nodes).map(({ name }) => name)).toEqual(['Op_0', 'n', 'n_2'])
  })
})

describe('passes on the typed graph', () => {
  it('foldBatchNorm scales the layer before: y = 2 (3 x + 1) + 5', () => {
    const folded = foldBatchNorm(graphOf([conv([-1], [3, 0, 0, 3], [1, 1]), norm([0], [2, 4], [5, 6])]))
    expect(folded.nodes).toMatchObject([
      { weights: Float32Array.of(6, 0, 0, 12), bias: Float32Array.of(7, 10) }
    ])
  })

  it('foldForward scales the layer behind: 3 (2 x + 5) + 1', () => {
    const folded = foldForward(graphOf([norm([-1], [2, 4], [5, 6]), conv([0], [3, 1], [1])]))
    // Weights 3 * 2 and 1 * 4; bias 1 + 3 * 5 + 1 * 6.
    expect(folded.nodes).toMatchObject([
      { inputs: [-1], weights: Float32Array.of(6, 4), bias: Float32Array.of(22) }
    ])
  })

  it('foldForward leaves a shift before a padded layer, where padding is 0 behind the shift', () => {
    const shifted = graphOf([norm([-1], [2, 4], [5, 6]), conv([0], [3, 1], [1], [1, 1, 1, 1])])
    expect(foldForward(shifted)).toEqual(shifted)
    const scaled = graphOf([norm([-1], [2, 4], [0, 0]), conv([0], [3, 1], [1], [1, 1, 1, 1])])
    expect(foldForward(scaled).nodes).toMatchObject([
      { weights: Float32Array.of(6, 4), bias: Float32Array.of(1) }
    ])
  })

  it('lowerBatchNorm makes a table of one factor and a depthwise layer of several', () => {
    expect(lowerBatchNorm(graphOf([norm([-1], [2, 2], [1, 1])])).nodes).toMatchObject([
      { op: 'table', function: call('affine', 2, 1) }
    ])
    expect(lowerBatchNorm(graphOf([norm([-1], [2, 3], [1, 1])])).nodes).toMatchObject([
      { op: 'depthwiseConv2d', weights: Float32Array.of(2, 3), bias: Float32Array.of(1, 1) }
    ])
    const vector = lowerBatchNorm(graphOf([norm([-1], [2, 3], [1, 4], [2])], [2])).nodes
    expect(vector.map(({ op }) => op)).toEqual(['constant', 'binary', 'constant', 'add'])
  })

  it('joinTables takes x * sigmoid(x) as one function', () => {
    const joined = joinTables(
      graphOf([
        { op: 'table', name: 's', inputs: [-1], outputShape: [2, 2, 2], function: call('sigmoid') },
        { op: 'binary', name: 'm', function: 'mul', inputs: [-1, 0], outputShape: [2, 2, 2] }
      ])
    )
    expect(joined.nodes.map(({ op, inputs }) => [op, inputs])).toEqual([['table', [-1]]])
    const [node] = joined.nodes
    expect(node?.op === 'table' && evaluateFunction(node.function, 2)).toBeCloseTo(2 / (1 + Math.exp(-2)), 12)
  })

  it('fuseRelu takes the limit of a ReLU6 into the layer before, not into a sum', () => {
    const limit: GraphNode = {
      op: 'table',
      name: 'r',
      inputs: [0],
      outputShape: [2, 2, 2],
      function: call('clip', 0, 6)
    }
    expect(fuseRelu(graphOf([conv([-1], [1, 0, 0, 1], [0, 0]), limit])).nodes).toMatchObject([
      { relu: true, ceiling: 6 }
    ])
    const sum: GraphNode = { op: 'add', name: 'a', inputs: [-1, -1], outputShape: [2, 2, 2], relu: false }
    expect(fuseRelu(graphOf([sum, limit])).nodes.map(({ op }) => op)).toEqual(['add', 'table'])
  })
})

describe('masks of an embedding', () => {
  /** Rows of tokens, over `stages` sums of two moves of the sum before, to a softmax or to a ReLU. */
  const masked = (stages: number, relu = false): Graph => {
    const nodes: GraphNode[] = [
      {
        op: 'embed',
        name: 'rows',
        inputs: [-1],
        outputShape: [2],
        rows: 2,
        width: 1,
        values: Float32Array.of(-10_000, 0)
      }
    ]
    for (let stage = 0; stage < stages; stage++) {
      const from = nodes.length - 1
      const move = {
        op: 'move',
        inputs: [from],
        outputShape: [2],
        map: Int32Array.of(1, 0),
        fill: 0
      } as const
      nodes.push({ ...move, name: `a${stage}` }, { ...move, name: `b${stage}` })
      nodes.push({ op: 'add', name: `sum${stage}`, inputs: [from + 1, from + 2], outputShape: [2], relu })
    }
    nodes.push({ op: 'softmax', name: 'softmax', inputs: [nodes.length - 1], outputShape: [2], axis: 0 })
    return graphOf(nodes, [4])
  }
  const rows = (graph: Graph): number[] => {
    const [node] = foldEmbedded(graph).nodes
    return node?.op === 'embed' ? [...node.values] : []
  }

  it('are cut where all that reads them leads to a softmax', () => {
    expect(rows(masked(1))).toEqual([-64, 0])
    expect(rows(masked(1, true))).toEqual([-10_000, 0])
    const read = masked(1)
    expect(rows({ ...read, output: read.nodes.length - 2 })).toEqual([-10_000, 0])
  })

  it('are found in a graph with more ways than could be walked one by one', () => {
    expect(rows(masked(60))).toEqual([-64, 0])
  })
})
