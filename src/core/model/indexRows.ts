import { sizeOf, type Graph } from './graph'
import { maxIndexRows } from './onnx/inputLayout'

/**
 * For each whole number that a network of indices reads: the rows of the largest table that it fetches from; a mask has two, a
 * number that no table is read by all that two bytes reach.
 */
export function indexRowsOf(graph: Graph): Int32Array {
  const numbers = graph.inputShape[0] / 2
  const largest = new Int32Array(numbers)
  for (const node of graph.nodes) {
    if (node.op !== 'embed') continue
    const places = inputPlaces(graph, node.inputs[0])
    const count = sizeOf(node.outputShape) / node.width
    for (let at = 0; at < count; at++) {
      const number = places === null ? at : places[at]
      if (number >= 0) largest[number] = Math.max(largest[number], node.rows)
    }
  }
  return largest.map((rows) => rows || maxIndexRows)
}

/** Which bytes of the input a node of moves holds; null: all of them, in their order. */
function inputPlaces(graph: Graph, node: number): Int32Array | null {
  if (node < 0) return null
  const { op, inputs } = graph.nodes[node]
  const below = inputPlaces(graph, inputs[0] ?? -1)
  if (op !== 'move') return below
  const { map } = graph.nodes[node]
  return below === null ? map : map.map((place) => (place < 0 ? -1 : below[place]))
}
