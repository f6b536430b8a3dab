import { floatAttribute, intAttribute, ints, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  badShape,
  bind,
  constantAt,
  floatsOf,
  hasInput,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { broadcastDims, broadcastMap } from '../constants/indexing'
import { constantOf, numbersOf } from '../constants/numbers'
import { bindAffine } from './affine'
import { createMacro, type Macro } from './macro'
import { timesMatrix, turned } from './weighted'

/**
 * Gemm, y = alpha * A * B + beta * C: a layer where B and C are constants (A may have more axes than two, as some optimizers write
 * it), else a product of computed matrices and a sum.
 */
export function gemmReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const isLayer =
      constantAt(state, node, 0) === undefined &&
      constantAt(state, node, 1) !== undefined &&
      (!hasInput(node, 2) || constantAt(state, node, 2) !== undefined)
    if (isLayer) readLayer(state, node)
    else readProduct(node, createMacro(state, node, read))
  }
}

function readProduct(node: OnnxNode, macro: Macro): void {
  const [left, right] = ['transA', 'transB'].map((name, position) =>
    intAttribute(node, name, 0) === 0
      ? node.inputs[position]
      : macro.add('Transpose', [node.inputs[position]], { perm: ints([1, 0]) })
  )
  const times = (name: string, factor: number): string =>
    factor === 1 ? name : macro.add('Mul', [name, macro.scalar(factor)])
  const product = times(macro.add('MatMul', [left, right]), floatAttribute(node, 'alpha', 1))
  macro.bind(
    hasInput(node, 2)
      ? macro.add('Add', [product, times(node.inputs[2], floatAttribute(node, 'beta', 1))])
      : product
  )
}

function readLayer(state: ImportState, node: OnnxNode): void {
  const given = valueAt(state, node, 0)
  if (given.dims.length < 2) throw badShape(node, `its input is [${given.dims.join(', ')}], not a matrix`)
  const value = intAttribute(node, 'transA', 0) !== 0 ? turned(given, node.name) : given
  const isTransposed = intAttribute(node, 'transB', 0) !== 0
  const alpha = floatAttribute(node, 'alpha', 1)
  const beta = floatAttribute(node, 'beta', 1)
  const matrix = scaled(asMatrix(weightsAt(state, node, 1)), alpha)
  const tensor = constantAt(state, node, 2)
  const outputs = matrix.dims[isTransposed ? 0 : 1] ?? 0
  const bias = tensor === undefined ? null : scaled(tensor, beta)
  const isRowBias = bias !== null && broadcastDims(bias.dims, [1, outputs])?.join() === `1,${outputs}`
  const own = isRowBias ? rowBias(floatsOf(node, bias), broadcastMap(bias.dims, [1, outputs])) : null
  const result = timesMatrix(state, node, value, matrix, isTransposed, own)
  if (bias === null || isRowBias) return bind(state, node, result)
  if (broadcastDims(bias.dims, result.dims)?.join() !== result.dims.join())
    throw badShape(node, `a bias of [${bias.dims.join(', ')}] does not fit [${result.dims.join(', ')}]`)
  bindAffine(state, node, result, { scale: null, shift: bias })
}

/** A bias for every output: values[map[output]]. */
function rowBias(values: Float32Array, map: Int32Array): Float32Array {
  return Float32Array.from(map, (at) => values[at])
}

/** The same values without axes of 1 in front of the last two. */
function asMatrix(tensor: OnnxTensor): OnnxTensor {
  const isMatrix = tensor.dims.slice(0, -2).every((size) => size === 1)
  return isMatrix ? { ...tensor, dims: tensor.dims.slice(-2) } : tensor
}

function scaled(tensor: OnnxTensor, factor: number): OnnxTensor {
  if (factor === 1) return tensor
  return {
    ...constantOf(
      'float32',
      tensor.dims,
      numbersOf(tensor).map((value) => value * factor)
    ),
    name: tensor.name
  }
}
