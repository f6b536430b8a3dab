import { AppError } from '../../../shared/errors'
import type { OnnxNode } from '../onnx/onnx'

/**
 * Nodes in an order in which every value is computed before it is read; ONNX demands it, some exporters do not keep to it.
 * Nodes that are in order stay where they are.
 * @throws AppError model.invalid when values depend on themselves or are computed twice.
 */
export function sortNodes(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producer = new Map<string, number>()
  for (const [index, node] of nodes.entries()) {
    for (const output of node.outputs) {
      if (output === '') continue
      if (producer.has(output)) throw invalid(`Two nodes compute the value "${output}".`)
      producer.set(output, index)
    }
  }
  const sorted: OnnxNode[] = []
  const state = new Uint8Array(nodes.length)
  for (let first = 0; first < nodes.length; first++) {
    // An explicit stack: networks are deep.
    const stack = [first]
    while (stack.length > 0) {
      const index = stack.at(-1)!
      if (state[index] === 2) {
        stack.pop()
        continue
      }
      state[index] = 1
      const open = nodes[index].inputs
        .map((name) => producer.get(name))
        .find((from) => from !== undefined && state[from] !== 2)
      if (open === undefined) {
        state[index] = 2
        sorted.push(nodes[index])
        stack.pop()
      } else if (state[open] === 1) {
        throw invalid(`Node "${nodes[open].name}" depends on its own output.`)
      } else stack.push(open)
    }
  }
  return sorted
}

function invalid(message: string): AppError {
  return new AppError('model.invalid', message, 'Check the file with an ONNX checker and export it again.')
}
