import { sizeOf, type BatchNormNode, type Graph, type GraphNode } from '../graph'
import { call } from '../tableFunction'
import { rebuilt, type Rebuilding } from './rebuild'

/**
 * What is left of x * scale + shift after folding, in operators that integers have: a table where all channels share one
 * factor, a depthwise layer of 1x1 filters over an image, else a product and a sum with constants.
 */
export function lowerBatchNorm(graph: Graph): Graph {
  if (!graph.nodes.some((node) => node.op === 'batchNorm')) return graph
  return rebuilt(graph, (node, building) =>
    node.op === 'batchNorm' ? lowered(node, building) : building.append(node)
  )
}

function lowered(node: BatchNormNode, { append }: Rebuilding): number {
  const { name, inputs, outputShape, scale, shift } = node
  const isUniform = [scale, shift].every((values) => values.every((value) => value === values[0]))
  if (isUniform)
    return append({ op: 'table', name, inputs, outputShape, function: call('affine', scale[0], shift[0]) })
  if (outputShape.length === 3) {
    const window = { kernel: [1, 1], stride: [1, 1], pad: [0, 0, 0, 0] } as const
    return append({
      op: 'depthwiseConv2d',
      name,
      inputs,
      outputShape,
      ...window,
      weights: scale,
      bias: shift,
      relu: false
    })
  }
  const constant = (suffix: string, values: Float32Array): GraphNode => ({
    op: 'constant',
    name: `${name}.${suffix}`,
    inputs: [],
    outputShape: [values.length, ...outputShape.slice(1).map(() => 1)],
    values
  })
  const isScaled = scale.some((value) => value !== 1)
  const product = isScaled
    ? append({
        op: 'binary',
        name: `${name}.product`,
        function: 'mul',
        inputs: [inputs[0], append(constant('scale', scale))],
        outputShape
      })
    : inputs[0]
  const sum = append(constant('shift', shift))
  const isSameShape = sizeOf(outputShape) === shift.length
  return isSameShape
    ? append({ op: 'add', name, inputs: [product, sum], outputShape, relu: false })
    : append({ op: 'binary', name, function: 'add', inputs: [product, sum], outputShape })
}
