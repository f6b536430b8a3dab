// An ONNX model with the rounding of its activations taken out, so that onnxruntime computes in real numbers what the importer
// reads of a quantized file.
import { writtenLimits } from '@core/model/constants/quantized'
import { numbersOf } from '@core/model/constants/numbers'
import type { Ending } from '@core/model/onnx/importState'
import type { OnnxModel, OnnxNode, OnnxTensor } from '@core/model/onnx/onnx'

/**
 * Returns the model with QuantizeLinear of computed values as the clipping to what its codes stand for, and DequantizeLinear behind it
 * as nothing; null where it has none of them.
 */
export function unrounded(model: OnnxModel): OnnxModel | null {
  const constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  const added: OnnxTensor[] = []
  let isChanged = false
  const scalar = (name: string, value: number): string => {
    added.push({ name, dims: [], data: Float32Array.of(value) })
    return name
  }
  const identity = (node: OnnxNode): OnnxNode => ({
    ...node,
    opType: 'Identity',
    inputs: node.inputs.slice(0, 1),
    attributes: {}
  })
  const nodes = model.nodes.map((node): OnnxNode => {
    if (constants.has(node.inputs[0] ?? '')) return node
    if (node.opType === 'DequantizeLinear') return identity(node)
    const scale = constants.get(node.inputs[1] ?? '')
    if (node.opType !== 'QuantizeLinear' || scale === undefined) return node
    isChanged = true
    const zeroTensor = constants.get(node.inputs[2] ?? '')
    const zero = zeroTensor === undefined ? 0 : numbersOf(zeroTensor)[0]!
    const [step] = numbersOf(scale)
    const ends = writtenLimits(node, zeroTensor).map((code) => (code - zero) * step!)
    const limits = ends.map((end, at) => scalar(`${node.outputs[0]}.end${at}`, end))
    return { ...node, opType: 'Clip', inputs: [node.inputs[0]!, ...limits], attributes: {} }
  })
  if (!isChanged) return null
  return {
    ...model,
    // Clip takes its limits as inputs from opset 11 on.
    opset: added.some(({ name }) => name.endsWith('.end0')) ? Math.max(model.opset, 11) : model.opset,
    nodes,
    initializers: [...model.initializers, ...added],
    outputs: model.outputs.map((output) => ({ ...output, untyped: true }))
  }
}

/** Steps into which one of the file's is divided. */
const finer = 2 ** 24

/** Codes at the end of the network in steps so fine that nothing but their limits is left of them. */
export function hardlyRounded(ending: Ending): Ending {
  if (ending.kind !== 'rounded' || ending.limits === null) return ending
  const { scale, zero, limits } = ending
  return {
    ...ending,
    scale: scale / finer,
    zero: zero * finer,
    limits: [limits[0] * finer, limits[1] * finer]
  }
}
