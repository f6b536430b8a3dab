import { expect, it } from 'vitest'
import { runEnds } from '@main/model/accuracy/floatItems'
import type { Graph } from '@core/model/graph'

/** A node that reads and writes 2^20 floats: 8 MiB an item, two of which are 16 MiB. */
const wide = { inputShape: [2 ** 20], nodes: [{ inputs: [-1], outputShape: [2 ** 20] }] } as unknown as Graph

it.each([
  [0, []],
  [1, [1]],
  [2, [2]],
  [3, [3]],
  [4, [2, 4]],
  [5, [2, 5]],
  [6, [2, 4, 6]]
])('runs over %i items of 8 MiB hold two, and three rather than one alone', (count, ends) => {
  expect(runEnds(wide, count)).toEqual(ends)
})

it('counts all inputs of a node with its output', () => {
  const add = { inputs: [0, -1], outputShape: [2 ** 18] }
  const graph = {
    inputShape: [2 ** 18],
    nodes: [{ inputs: [-1], outputShape: [2 ** 18] }, add]
  } as unknown as Graph
  // 3 MiB an item: five are 15 MiB.
  expect(runEnds(graph, 12)).toEqual([5, 10, 12])
})
