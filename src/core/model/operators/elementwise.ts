import { floatAttribute, intAttribute, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  bind,
  constantAt,
  floatsOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { functionsOfOperators } from '../operatorFunctions'
import { call, maxFloat } from '../tableFunction'
import { affineOf, bindAffine, constantValue } from './affine'
import { numberArgument } from './arguments'
import { joinValues } from './binary'
import { clipped, reluOf, addTable } from './unary'

/** Relu, as a function of one value. */
export const readRelu: OperatorReader = (state, node) =>
  bind(state, node, reluOf(state, node, valueAt(state, node, 0)))

/** Operators of one value without further inputs. */
export const tableReaders: Readonly<Record<string, OperatorReader>> = Object.fromEntries(
  Object.entries(functionsOfOperators).map(([name, functionOf]): [string, OperatorReader] => [
    name,
    (state, node) => bind(state, node, addTable(state, node, valueAt(state, node, 0), functionOf(node)))
  ])
)

/** Limits as attributes (before opset 11) or constant inputs; without an upper limit and from 0 it is a ReLU. */
export const readClip: OperatorReader = (state, node) => {
  const low = numberArgument(state, node, 'min', 1) ?? -maxFloat
  const high = numberArgument(state, node, 'max', 2) ?? maxFloat
  bind(state, node, clipped(state, node, valueAt(state, node, 0), low, high))
}

/** slope * x below 0; one slope, or slopes as ONNX broadcasts them. */
export const readPRelu: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const slopes = weightsAt(state, node, 1)
  const own = floatsOf(node, slopes)
  if (own.every((slope) => slope === own[0])) {
    return bind(state, node, addTable(state, node, value, call('leakyRelu', own[0] ?? 0)))
  }
  const below = affineOf(state, node, clipped(state, node, value, -maxFloat, 0), {
    scale: slopes,
    shift: null
  })
  bind(state, node, joinValues(state, node, 'add', reluOf(state, node, value), below))
}

/** y = scale * (x - mean) / sqrt(variance + epsilon) + offset, as one factor and one offset per channel (axis 1). */
export const readBatchNorm: OperatorReader = (state, node) => {
  if (intAttribute(node, 'training_mode', 0) !== 0 || node.outputs.slice(1).some((name) => name !== '')) {
    throw unsupported(
      node,
      'it was exported in training mode, so its result depends on the whole batch',
      'Export the network in inference mode (model.eval() in PyTorch).'
    )
  }
  const value = valueAt(state, node, 0)
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((position) =>
    floatsOf(node, weightsAt(state, node, position))
  )
  const channels = value.dims[1] ?? 1
  if ([gamma, beta, mean, variance].some((values) => values.length !== channels)) {
    throw badShape(node, `its parameters do not have ${channels} entries`)
  }
  const epsilon = floatAttribute(node, 'epsilon', 1e-5)
  const scale = gamma.map((entry, channel) => entry / Math.sqrt(variance[channel] + epsilon))
  const shift = beta.map((entry, channel) => entry - mean[channel] * scale[channel])
  const dims = [channels, ...value.dims.slice(2).map(() => 1)]
  bindAffine(state, node, value, {
    scale: constantOf('float32', dims, scale),
    shift: constantOf('float32', dims, shift)
  })
}

/** Min and Max with numbers are limits; of two computed values max(a, b) = b + relu(a - b). */
export const readMinMax: OperatorReader = (state, node) => {
  const isMax = node.opType === 'Max'
  const [first, ...rest] = node.inputs.map((_, position) => position)
  let value: Value | undefined
  let limit = isMax ? -maxFloat : maxFloat
  for (const position of [first, ...rest]) {
    const constant = constantAt(state, node, position)
    if (constant === undefined) {
      const next = valueAt(state, node, position)
      value = value === undefined ? next : larger(state, node, value, next, isMax)
    } else if (constant.data.length === 1) {
      const own = numbersOf(constant)[0]
      limit = isMax ? Math.max(limit, own) : Math.min(limit, own)
    } else {
      const next = constantValue(state, node, constant)
      value = value === undefined ? next : larger(state, node, value, next, isMax)
    }
  }
  if (value === undefined) throw unsupported(node, 'it has no computed input')
  const isLimited = Math.abs(limit) < maxFloat
  bind(
    state,
    node,
    isLimited ? clipped(state, node, value, isMax ? limit : -maxFloat, isMax ? maxFloat : limit) : value
  )
}

function larger(state: ImportState, node: OnnxNode, a: Value, b: Value, isMax: boolean): Value {
  const above = reluOf(state, node, joinValues(state, node, 'sub', a, b))
  return isMax ? joinValues(state, node, 'add', b, above) : joinValues(state, node, 'sub', a, above)
}
