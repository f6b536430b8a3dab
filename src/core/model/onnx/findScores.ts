import type { OnnxNode } from './onnx'

/** Operators that only place or sum what becomes a score. */
const scoreOperators = new Set([
  'Add',
  'Reshape',
  'Transpose',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Dropout',
  'Cast',
  'Expand'
])

/** Values that lead to nothing but a softmax, over views and sums. Nodes are in the order in which they are computed. */
export function findScores(nodes: readonly OnnxNode[], output: string): Set<string> {
  /** Per value, whether all readers so far lead to a softmax. */
  const leads = new Map<string, boolean>([[output, false]])
  for (const { opType, inputs, outputs } of [...nodes].reverse())
    for (const [position, name] of inputs.entries()) {
      const isPassed = scoreOperators.has(opType) || (opType === 'Where' && position > 0)
      const isScore = opType === 'Softmax' || (isPassed && leads.get(outputs[0] ?? '') === true)
      leads.set(name, isScore && leads.get(name) !== false)
    }
  return new Set([...leads].flatMap(([name, isScore]) => (isScore ? [name] : [])))
}
