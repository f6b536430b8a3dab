import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import type { ImportState } from '../onnx/importState'
import { constantEvaluator } from '../constants/evaluate'

/** Works the node out where all its inputs are known; false where they are not, or nothing does so. */
export function foldConstant(state: ImportState, node: OnnxNode): boolean {
  const evaluator = constantEvaluator(node.opType)
  if (evaluator === undefined || node.inputs.length === 0) return false
  const inputs = node.inputs.map((name): OnnxTensor | undefined =>
    name === '' ? undefined : state.constants.get(name)
  )
  if (node.inputs.some((name, at) => name !== '' && inputs[at] === undefined)) return false
  state.constants.set(node.outputs[0], { ...evaluator(node, inputs), name: node.outputs[0] })
  return true
}
