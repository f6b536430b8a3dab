import { floatAttribute, int, intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  hasInput,
  floatsOf,
  innerShape,
  laidOut,
  plainValue,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { sizeOf } from '../graph'
import { broadcastDims, broadcastMap } from '../constants/indexing'
import { axisOf } from './arguments'
import { createMacro } from './macro'
import { moved } from './shaping'

/** LayerNormalization and RMSNormalization over the last axes, which are taken together as one. */
export const layerNormReader =
  (read: OperatorReader): OperatorReader =>
  (state, node) => {
    readLayerNorm(state, node)
    if (node.outputs.slice(1).some((name) => name !== '')) bindStatistics(state, node, read)
  }

/** The outputs behind the first: mean and 1 / deviation over the same axes. */
function bindStatistics(state: ImportState, node: OnnxNode, read: OperatorReader): void {
  const macro = createMacro(state, node, read)
  const [input] = node.inputs
  const { dims } = valueAt(state, node, 0)
  const axis = axisOf(node, intAttribute(node, 'axis', -1), dims.length)
  const axes = macro.shape(dims.flatMap((_, at) => (at >= axis ? [at] : [])))
  const mean = (name: string): string => macro.add('ReduceMean', [name, axes], { keepdims: int(1) })
  const centre = mean(input)
  const distance = macro.add('Sub', [input, centre])
  const variance = mean(macro.add('Mul', [distance, distance]))
  const shifted = macro.add('Add', [variance, macro.scalar(floatAttribute(node, 'epsilon', 1e-5))])
  const inverse = macro.add('Reciprocal', [macro.add('Sqrt', [shifted])])
  for (const [position, name] of [centre, inverse].entries())
    if ((node.outputs[position + 1] ?? '') !== '') bind(state, node, state.values.get(name)!, position + 1)
}

const readLayerNorm: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const rank = value.dims.length
  const axis = axisOf(node, intAttribute(node, 'axis', -1), rank)
  const own = value.dims.slice(axis)
  const size = sizeOf(own)
  const spread = (tensor: OnnxTensor): Float32Array => {
    if (broadcastDims(tensor.dims, own)?.join() !== own.join())
      throw badShape(node, `its parameters of [${tensor.dims.join(', ')}] do not fit [${own.join(', ')}]`)
    const values = floatsOf(node, tensor)
    return Float32Array.from(broadcastMap(tensor.dims, own), (at) => values[at])
  }
  const scale = spread(weightsAt(state, node, 1))
  const shift = hasInput(node, 2) ? spread(weightsAt(state, node, 2)) : new Float32Array(size)
  const dims = [...value.dims.slice(0, axis), size]
  const shape = innerShape(dims)
  const index = append(state, {
    op: 'normalize',
    name: node.name,
    inputs: [laidOut(state, node, moved(value, { dims, map: null }, node.name), shape)],
    outputShape: shape,
    epsilon: floatAttribute(node, 'epsilon', 1e-5),
    centred: node.opType === 'LayerNormalization',
    scale,
    shift
  })
  bind(state, node, plainValue(index, value.dims))
}
