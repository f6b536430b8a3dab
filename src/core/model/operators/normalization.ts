import { floatAttribute, intAttribute } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  constantAt,
  floatsOf,
  innerShape,
  laidOut,
  plainValue,
  unsupported,
  valueAt,
  weightsAt,
  type OperatorReader
} from '../onnx/importState'
import { sizeOf } from '../graph'
import { axisOf } from './arguments'
import { moved } from './shaping'

/** LayerNormalization and RMSNormalization over the last axes, which are taken together as one. */
export const readLayerNorm: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const rank = value.dims.length
  const axis = axisOf(node, intAttribute(node, 'axis', -1), rank)
  if (node.outputs.slice(1).some((name) => name !== ''))
    throw unsupported(node, 'its mean and deviation outputs are not supported')
  const size = sizeOf(value.dims.slice(axis))
  const scale = floatsOf(node, weightsAt(state, node, 1))
  const offset = constantAt(state, node, 2)
  const shift = offset === undefined ? new Float32Array(size) : floatsOf(node, offset)
  if (scale.length !== size || shift.length !== size)
    throw badShape(node, `its parameters do not have ${size} entries`)
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
