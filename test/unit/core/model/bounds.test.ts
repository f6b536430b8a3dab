import { describe, expect, it } from 'vitest'
import { boundsOf, type Bounds } from '@core/model/bounds'
import type { GraphNode } from '@core/model/graph'
import { call } from '@core/model/tableFunction'

const node = (op: string, inputs: readonly number[], own: object = {}): GraphNode =>
  ({ name: op, op, inputs, outputShape: [1], ...own }) as unknown as GraphNode
const table = (from: number, ...given: Parameters<typeof call>): GraphNode =>
  node('table', [from], { function: call(...given) })
/** Of the last of some nodes that read each other and an input from -1 to 3. */
const last = (...nodes: GraphNode[]): Bounds => boundsOf(nodes, nodes.length - 1, [-1, 3])

describe('bounds of values', () => {
  it.each([
    ['the input itself where it is moved', last(node('flatten', [-1])), [-1, 3]],
    ['0 beside it where padding is filled', last(node('move', [-1], { map: [0, -1], fill: 7 })), [-1, 7]],
    ['from 0 on behind a ReLU', last(node('relu', [-1])), [0, 3]],
    ['of a difference: ends of opposite sides', last(node('binary', [-1, -1], { function: 'sub' })), [-4, 4]],
    ['of a product: the largest of four', last(node('binary', [-1, -1], { function: 'mul' })), [-3, 9]],
    ['turned round by a negative slope', last(table(-1, 'affine', -2, 1)), [-5, 3]],
    ['of a magnitude: from 0 on', last(table(-1, 'abs')), [0, 3]],
    ['nothing behind a layer with weights', last(node('dense', [-1])), [-Infinity, Infinity]],
    ['of its limits behind one', last(node('dense', [-1]), table(0, 'tanh')), [-1, 1]],
    ['0 times what has no bounds', last(node('dense', [-1]), table(0, 'affine', 0, 5)), [5, 5]]
  ] as const)('are %s', (_, found, wanted) => {
    expect(found).toEqual(wanted)
  })

  it('are found behind 50,000 nodes in a row', () => {
    const nodes = Array.from({ length: 50_000 }, (_, at) => table(at - 1, 'affine', -1, 1))
    // 1 - x, an even number of times, is x.
    expect(last(...nodes)).toEqual([-1, 3])
  })
})
