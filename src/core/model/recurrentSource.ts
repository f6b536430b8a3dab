import { isWeightedNode, type Graph, type RecurrentNode } from './graph'

/**
 * The layer of a scheme that gives a recurrence the bits of its weights: the product of its inputs, the other matrix of the same
 * LSTM, GRU or RNN. Null where the product is part of something else, as rows of an embedding are: its weights have 8 bits then.
 */
export function recurrentBitsOf({ nodes }: Graph, { inputs }: RecurrentNode): string | null {
  let index = inputs[0]
  // Between them the product is at most laid out otherwise.
  while (index >= 0 && nodes[index].op === 'move') index = nodes[index].inputs[0]
  const source = index < 0 ? undefined : nodes[index]
  return source !== undefined && isWeightedNode(source) ? source.name : null
}
