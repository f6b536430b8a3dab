import { intAttribute, textAttribute, type OnnxNode, type OnnxTensor } from '../onnx'
import {
  append,
  badShape,
  constantAt,
  integersOf,
  passThrough,
  shapeOf,
  unsupported,
  valueAt,
  type ImportState
} from '../importState'
import { sizeOf } from '../graph'

/** Identity, Dropout in inference, Cast between floats. */
export function readIdentity(state: ImportState, node: OnnxNode): void {
  const name = node.inputs[0]!
  const constant = state.constants.get(name)
  if (constant === undefined) passThrough(state, node, valueAt(state, node, 0))
  else state.constants.set(node.outputs[0]!, constant)
}

export function readFlatten(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const axis = intAttribute(node, 'axis', 1)
  if (axis !== 1) throw unsupported(node, `axis ${axis} is not supported, only 1`)
  flatten(state, node, input)
}

/** Only the reshape that flattens an image to a vector, and the one that changes nothing. */
export function readReshape(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  const target = constantAt(state, node, 1)
  if (target === undefined) throw unsupported(node, 'its target shape must be a constant')
  const sizes = integersOf(target)
    .slice(1)
    .map((size, index) => (size === 0 ? shape[index]! : size))
  const known = sizes.filter((size) => size > 0).reduce((product, size) => product * size, 1)
  const resolved = sizes.map((size) => (size === -1 ? sizeOf(shape) / known : size))
  if (sizeOf(resolved) !== sizeOf(shape)) {
    throw badShape(node, `cannot turn [${shape}] into [${integersOf(target).slice(1)}]`)
  }
  if (resolved.join() === shape.join()) return passThrough(state, node, input)
  if (resolved.length !== 1) throw badShape(node, `[${shape}] to [${resolved}]: only flattening is supported`)
  flatten(state, node, input)
}

function flatten(state: ImportState, node: OnnxNode, input: number): void {
  const shape = shapeOf(state, input)
  if (shape.length === 1) return passThrough(state, node, input)
  append(state, node, { op: 'flatten', name: node.name, inputs: [input], outputShape: [sizeOf(shape)] })
}

/** Softmax, LogSoftmax and ArgMax keep the winner, so at the end of the network they are left out. */
export function readEnding(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  const axis = intAttribute(node, 'axis', node.opType === 'ArgMax' ? 0 : -1)
  if (sizeOf(shape) !== shape[0]! || (axis !== 1 && axis !== -1 && !(axis === -shape.length))) {
    throw unsupported(node, 'it is only supported over the classes at the end of the network')
  }
  if (!state.endings.has(node.outputs[0]!))
    throw unsupported(node, 'it is only supported at the end of the network')
  passThrough(state, node, input)
}

/** A tensor written into the graph as a node. */
export function readConstant(state: ImportState, node: OnnxNode): void {
  const output = node.outputs[0]!
  for (const name of ['value', 'value_float', 'value_int', 'value_floats', 'value_ints']) {
    const attribute = node.attributes[name]
    if (attribute === undefined) continue
    state.constants.set(output, constantFrom(node, output, attribute))
    return
  }
  throw unsupported(
    node,
    `a constant of this kind (${textAttribute(node, 'value_string', 'sparse')}) is not supported`
  )
}

function constantFrom(node: OnnxNode, name: string, attribute: OnnxNode['attributes'][string]): OnnxTensor {
  switch (attribute.kind) {
    case 'tensor':
      return { ...attribute.value, name }
    case 'float':
      return { name, dims: [], data: Float32Array.of(attribute.value) }
    case 'floats':
      return { name, dims: [attribute.value.length], data: Float32Array.from(attribute.value) }
    case 'int':
      return { name, dims: [], data: BigInt64Array.of(BigInt(attribute.value)) }
    case 'ints':
      return { name, dims: [attribute.value.length], data: BigInt64Array.from(attribute.value, BigInt) }
    default:
      throw unsupported(node, 'a constant of this kind is not supported')
  }
}
