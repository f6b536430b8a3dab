import { describe, expect, it } from 'vitest'
import type { Graph, GraphNode, Shape } from '@core/model/graph'
import { reductionLoops, storagePlaces, storageStrides } from '@core/model/storage'
import {
  createBinaryStep,
  createConcatStep,
  createConstantStep,
  createEmbedStep,
  createMoveStep,
  createNormalizeStep,
  createProductStep,
  createReduceStep,
  createSoftmaxStep,
  type FloatStep
} from '@core/quant/floatSteps'

type Of<Op extends GraphNode['op']> = Extract<GraphNode, { op: Op }>

/** A node whose inputs are constants of these shapes, in its graph. */
function placed<Op extends GraphNode['op']>(op: Op, inputs: Shape[], outputShape: Shape, rest: object) {
  const constants = inputs.map((shape, at): GraphNode => ({
    ...{ op: 'constant', name: `c${at}`, inputs: [], outputShape: shape, values: new Float32Array(0) }
  }))
  const node = { op, name: 'n', inputs: inputs.map((_, at) => at), outputShape, ...rest } as unknown as Of<Op>
  const graph: Graph = {
    ...{ name: 'g', inputShape: [1], inputScale: 1, inputZero: 0 },
    nodes: [...constants, node],
    output: constants.length
  }
  return { graph, node }
}
const run = (step: FloatStep, inputs: number[][], length: number): number[] => {
  const out = new Float32Array(length)
  step(
    inputs.map((one) => Float32Array.from(one)),
    out
  )
  return [...out].map((value) => Number(value.toFixed(5)))
}

describe('how tensors lie', () => {
  it('images by pixels, all else in the order of ONNX', () => {
    expect(storageStrides([2, 3, 4])).toEqual([1, 8, 2])
    expect(storageStrides([5, 2, 3, 4])).toEqual([24, 12, 4, 1])
    expect([...storagePlaces([2, 1, 3])]).toEqual([0, 2, 4, 1, 3, 5])
  })

  it('axes that are reduced are neighbours in memory, or none in between is longer than 1', () => {
    expect(reductionLoops([2, 3, 4, 5], [1, 2])).toEqual({ outer: 2, count: 12, inner: 5 })
    expect(reductionLoops([2, 3, 4, 5], [0, 2])).toBeNull()
    expect(reductionLoops([2, 1, 4, 5], [0, 2])).toEqual({ outer: 1, count: 8, inner: 5 })
    // Of an image rows and columns lie outside its channels.
    expect(reductionLoops([2, 3, 4], [1, 2])).toEqual({ outer: 1, count: 12, inner: 2 })
    expect(reductionLoops([2, 3, 4], [0])).toEqual({ outer: 12, count: 2, inner: 1 })
    expect(reductionLoops([1, 3], [0])).toEqual({ outer: 3, count: 1, inner: 1 })
  })
})

describe('float operators', () => {
  it('reduce to mean, sum and largest', () => {
    const reduced = (name: string, axes: number[], length: number): number[] => {
      const { graph, node } = placed('reduce', [[2, 3]], [length], { function: name, axes })
      return run(createReduceStep(graph, node), [[1, -5, 7, 2, 4, 6]], length)
    }
    expect(reduced('sum', [1], 2)).toEqual([3, 12])
    expect(reduced('mean', [0], 3)).toEqual([1.5, -0.5, 6.5])
    expect(reduced('max', [0], 3)).toEqual([2, 4, 7])
    const { graph, node } = placed('reduce', [[2]], [1], { function: 'max', axes: [0] })
    expect(run(createReduceStep(graph, node), [[-3, -2]], 1)).toEqual([-2])
  })

  it('make shares of a softmax along one axis, large numbers too', () => {
    const { graph, node } = placed('softmax', [[2, 2]], [2, 2], { axis: 0 })
    // e^1 / (1 + e) and equal halves.
    expect(run(createSoftmaxStep(graph, node), [[1000, 5, 1001, 5]], 4)).toEqual([0.26894, 0.5, 0.73106, 0.5])
  })

  it('normalize rows with and without their mean', () => {
    const rest = { epsilon: 1, scale: Float32Array.of(2, 1), shift: Float32Array.of(0, 10) }
    const normalized = (centred: boolean): number[] => {
      const { graph, node } = placed('normalize', [[1, 2]], [1, 2], { ...rest, centred })
      return run(createNormalizeStep(graph, node), [[1, 5]], 2)
    }
    // Variance 4 and epsilon 1; mean square 13 and epsilon 1.
    expect(normalized(true)).toEqual([
      Number((-4 / Math.sqrt(5)).toFixed(5)),
      Number((10 + 2 / Math.sqrt(5)).toFixed(5))
    ])
    expect(normalized(false)).toEqual([
      Number((2 / Math.sqrt(14)).toFixed(5)),
      Number((10 + 5 / Math.sqrt(14)).toFixed(5))
    ])
  })

  it('multiply matrices, repeating what is broadcast', () => {
    const { graph, node } = placed(
      'product',
      [
        [2, 1, 2, 3],
        [1, 3, 1]
      ],
      [2, 1, 2, 1],
      {}
    )
    const a = [1, 2, 3, 4, 5, 6, -1, 0, 1, 2, 0, 0]
    expect(run(createProductStep(graph, node), [a, [1, 10, 100]], 4)).toEqual([321, 654, 99, 2])
  })

  it('join two values of broadcast shapes', () => {
    const joined = (name: string): number[] => {
      const { graph, node } = placed('binary', [[2, 1], [3]], [2, 3], { function: name })
      return run(
        createBinaryStep(graph, node),
        [
          [10, 20],
          [1, 2, 3]
        ],
        6
      )
    }
    expect(joined('add')).toEqual([11, 12, 13, 21, 22, 23])
    expect(joined('sub')).toEqual([9, 8, 7, 19, 18, 17])
    expect(joined('mul')).toEqual([10, 20, 30, 20, 40, 60])
  })

  it('move elements, of images by their places, and fill where none is taken', () => {
    // Columns of a 1x2x2 image of two channels swapped; memory holds pixels.
    const map = Int32Array.of(1, 0, -1, 2, 5, 4, 7, 6)
    const { graph, node } = placed('move', [[2, 2, 2]], [2, 2, 2], { map, fill: 9 })
    const memory = [0, 4, 1, 5, 2, 6, 3, 7]
    expect(run(createMoveStep(graph, node), [memory], 8)).toEqual([1, 5, 0, 4, 9, 7, 2, 6])
  })

  it('join tensors along an axis', () => {
    const { graph, node } = placed(
      'concat',
      [
        [2, 1],
        [2, 2]
      ],
      [2, 3],
      { axis: 1 }
    )
    expect(
      run(
        createConcatStep(graph, node),
        [
          [1, 2],
          [3, 4, 5, 6]
        ],
        6
      )
    ).toEqual([1, 3, 4, 2, 5, 6])
    const images = placed(
      'concat',
      [
        [1, 1, 2],
        [2, 1, 2]
      ],
      [3, 1, 2],
      { axis: 0 }
    )
    expect(
      run(
        createConcatStep(images.graph, images.node),
        [
          [1, 2],
          [3, 4, 5, 6]
        ],
        6
      )
    ).toEqual([1, 3, 4, 2, 5, 6])
  })

  it('fetch rows by two bytes, the last one beyond the table, and write constants by place', () => {
    const table = { rows: 300, width: 2, values: Float32Array.from({ length: 600 }, (_, at) => at) }
    const { node } = placed('embed', [[6]], [3, 2], table)
    expect(run(createEmbedStep(node), [[1, 2, 255, 0, 1, 255]], 6)).toEqual([2, 3, 516, 517, 598, 599])
    const constant = placed('constant', [], [2, 1, 2], { values: Float32Array.of(1, 2, 3, 4) })
    expect(run(createConstantStep(constant.node), [], 4)).toEqual([1, 3, 2, 4])
  })
})
