import { describe, expect, it } from 'vitest'
import type { Graph, GraphNode, Shape } from '@core/model/graph'
import type { LayerFrame } from '@core/quant/integer/layerFrame'
import { codeOf, reduceLayer, softmaxLayer } from '@core/quant/integer/operatorLayers'
import type { CodeFormat } from '@core/quant/quantizedNetwork'

type Of<Op extends GraphNode['op']> = Extract<GraphNode, { op: Op }>
function placed<Op extends GraphNode['op']>(op: Op, outputShape: Shape, rest: object) {
  const node = { op, name: 'n', inputs: [-1], outputShape, ...rest } as unknown as Of<Op>
  const graph: Graph = {
    ...{ name: 'g', inputShape: [2, 4], inputScale: 1, inputZero: 0 },
    nodes: [node],
    output: 0
  }
  return { graph, node }
}
const format = (scale: number, bits: CodeFormat['bits'] = 8, zero = 0): CodeFormat => ({ scale, bits, zero })
const frame = { name: 'n', inputs: [-1], outputShape: [2, 4], input: format(0.25) } as unknown as LayerFrame

describe('integer layers of operators', () => {
  it('a softmax has a table of e to minus the distance from the largest code, of 15 bits', () => {
    const { graph, node } = placed('softmax', [2, 4], { axis: 1 })
    const layer = softmaxLayer(graph, node, frame, format(1 / 256)) as Extract<
      ReturnType<typeof softmaxLayer>,
      { op: 'softmax' }
    >
    expect(layer.exponents).toHaveLength(256)
    // 32768, 32768 e^-0.25 = 25519.7, 32768 e^-1 = 12054.7, and nothing of e^-63.75.
    expect([0, 1, 4, 255].map((at) => layer.exponents[at])).toEqual([32768, 25520, 12055, 0])
    expect(layer.levels).toBe(256)
    expect(layer.loops).toEqual({ outer: 2, count: 4, inner: 1 })
    const fine = softmaxLayer(graph, node, frame, format(1e-6)) as typeof layer
    expect(fine.levels).toBe(32767)
  })

  it('a mean divides the scale by its count, a sum and a maximum do not', () => {
    const factorOf = (name: string): number => {
      const { graph, node } = placed('reduce', [2], { function: name, axes: [1] })
      const layer = reduceLayer(graph, node, frame, format(0.5)) as Extract<
        ReturnType<typeof reduceLayer>,
        { op: 'reduce' }
      >
      return layer.mult[0]! / 2 ** layer.shift[0]!
    }
    // Four elements of scale 0.25 in units of 0.5.
    expect(factorOf('mean')).toBeCloseTo(0.125, 9)
    expect(factorOf('sum')).toBeCloseTo(0.5, 9)
    expect(factorOf('max')).toBeCloseTo(0.5, 9)
  })

  it('codes are the nearest, halves upwards, within their bits', () => {
    const of = (value: number, ...rest: [number, CodeFormat['bits']?, number?]): number =>
      codeOf(value, format(...rest))
    expect([0.49, 0.5, -0.5, -0.51].map((value) => of(value, 1))).toEqual([0, 1, 0, -1])
    expect([1000, -1000].map((value) => of(value, 1))).toEqual([127, -128])
    expect([1000, -1000].map((value) => of(value, 1, 4))).toEqual([7, -8])
  })
})
