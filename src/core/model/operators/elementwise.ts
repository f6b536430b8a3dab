import { floatAttribute, intAttribute, type OnnxNode, type OnnxTensor } from '../onnx'
import {
  append,
  badShape,
  floatsOf,
  shapeOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState
} from '../importState'
import { isWeightedNode } from '../graph'

export function readRelu(state: ImportState, node: OnnxNode): void {
  const input = valueAt(state, node, 0)
  append(state, node, { op: 'relu', name: node.name, inputs: [input], outputShape: shapeOf(state, input) })
}

/** Two computed values of one shape, or a constant per channel behind a weighted layer, which becomes its bias. */
export function readAdd(state: ImportState, node: OnnxNode): void {
  const [first, second] = node.inputs
  if (first !== undefined && state.constants.has(first))
    return addConstant(state, node, second!, state.constants.get(first)!)
  if (second !== undefined && state.constants.has(second))
    return addConstant(state, node, first!, state.constants.get(second)!)
  const inputs = [valueAt(state, node, 0), valueAt(state, node, 1)]
  const [a, b] = inputs.map((index) => shapeOf(state, index))
  if (a!.join() !== b!.join()) throw badShape(node, `adds [${a}] and [${b}]; only equal shapes are supported`)
  append(state, node, { op: 'add', name: node.name, inputs, outputShape: a!, relu: false })
}

function addConstant(state: ImportState, node: OnnxNode, value: string, tensor: OnnxTensor): void {
  const index = state.values.get(value)
  const before = index === undefined || index < 0 ? undefined : state.nodes[index]
  if (before === undefined || !isWeightedNode(before) || (state.uses.get(value) ?? 0) > 1) {
    throw unsupported(node, 'a constant can only be added right behind a Conv, Gemm or MatMul')
  }
  const values = floatsOf(node, tensor)
  const outputs = before.bias.length
  if (values.length !== outputs && values.length !== 1) {
    throw badShape(node, `the constant has ${values.length} entries for ${outputs} channels`)
  }
  const bias = before.bias.map((own, channel) => own + values[values.length === 1 ? 0 : channel]!)
  state.nodes[index!] = { ...before, bias }
  state.values.set(node.outputs[0]!, index!)
}

/** y = scale * (x - mean) / sqrt(variance + epsilon) + offset, as one factor and one offset per channel. */
export function readBatchNorm(state: ImportState, node: OnnxNode): void {
  if (intAttribute(node, 'training_mode', 0) !== 0) {
    throw unsupported(
      node,
      'it was exported in training mode',
      'Export the network in inference mode (model.eval()).'
    )
  }
  const input = valueAt(state, node, 0)
  const shape = shapeOf(state, input)
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((position) =>
    floatsOf(node, weightsAt(state, node, position))
  )
  if ([gamma, beta, mean, variance].some((values) => values!.length !== shape[0])) {
    throw badShape(node, `its parameters do not have ${shape[0]} entries`)
  }
  const epsilon = floatAttribute(node, 'epsilon', 1e-5)
  const scale = gamma!.map((value, channel) => value / Math.sqrt(variance![channel]! + epsilon))
  const shift = beta!.map((value, channel) => value - mean![channel]! * scale[channel]!)
  append(state, node, { op: 'batchNorm', name: node.name, inputs: [input], outputShape: shape, scale, shift })
}
