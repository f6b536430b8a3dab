import type { OnnxNode, OnnxTensor } from './onnx'
import type { Bounds } from '../bounds'
import { numbersOf } from '../constants/numbers'
import { writtenLimits } from '../constants/quantized'
import { moveOperators } from '../operators/moves'
import type { InputLayout } from './inputLayout'

/**
 * Where the codes of a network's only input end, if all that reads it, moved or not, quantizes it in the same way: then the input is
 * limited before the network, and no layer has to.
 * @param nodes in order of computation
 * @param constants initializers by name
 */
export function limitsOfInput(
  nodes: readonly OnnxNode[],
  constants: ReadonlyMap<string, OnnxTensor>,
  layout: InputLayout
): Bounds | null {
  if ((layout.parts ?? [layout]).length > 1 || layout.indices !== undefined) return null
  const known = new Map(constants)
  const views = new Set([layout.parts?.[0].name ?? layout.name])
  let limits: Bounds | null = null
  for (const node of nodes) {
    const value = node.attributes['value']
    if (node.opType === 'Constant' && value?.kind === 'tensor') known.set(node.outputs[0], value.value)
    if (!node.inputs.some((name) => views.has(name))) continue
    if (moveOperators.includes(node.opType) || node.opType === 'Identity') {
      for (const output of node.outputs) views.add(output)
      continue
    }
    const own = node.opType === 'QuantizeLinear' ? quantizedRange(node, known) : null
    if (own === null || (limits !== null && own.join() !== limits.join())) return null
    limits = own
  }
  return limits
}

/** The real numbers that the codes of a QuantizeLinear end at; null where its scale is none of a whole activation, or is computed. */
function quantizedRange(node: OnnxNode, constants: ReadonlyMap<string, OnnxTensor>): Bounds | null {
  const [scale, zero] = [1, 2].map((at) => constants.get(node.inputs[at] ?? ''))
  const isKnown = scale?.data.length === 1 && ((node.inputs[2] ?? '') === '' || zero !== undefined)
  if (!isKnown) return null
  const [step] = numbersOf(scale)
  const offset = zero === undefined ? 0 : numbersOf(zero)[0]
  const [low, high] = writtenLimits(node, zero)
  return [(low - offset) * step, (high - offset) * step]
}
