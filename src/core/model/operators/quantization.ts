import { intAttribute, textAttribute, type OnnxNode } from '../onnx'
import {
  bind,
  constantAt,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../importState'
import { numbersOf } from '../constants/numbers'
import { codeLimits } from '../constants/quantized'
import { roundHalfEven } from '../constants/rounding'
import { reluCeiling } from '../tableFunction'
import { clipped } from './unary'

/**
 * QuantizeLinear of a computed value, read as what it means in real numbers: the clipping to the range of its codes. Exporters
 * leave a ReLU to that clipping, so it must not be lost; the rounding is left to our own quantizer.
 */
export const readQuantize: OperatorReader = (state, node) => {
  const scale = constantAt(state, node, 1)
  if (scale === undefined || scale.data.length !== 1)
    throw unsupported(node, 'only one constant scale for a whole activation is supported')
  bind(state, node, limitedByCodes(state, node, valueAt(state, node, 0), 1, 2))
}

/** DequantizeLinear of a computed value: its values are real numbers already. */
export const readDequantize: OperatorReader = (state, node) => bind(state, node, valueAt(state, node, 0))

/** A value clipped to scale * (code - zero) over the codes of the zero point's type. */
export function limitedByCodes(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  scaleAt: number,
  zeroAt: number
): Value {
  const scale = numbersOf(weightsAt(state, node, scaleAt))[0] ?? 1
  const zeroTensor = constantAt(state, node, zeroAt)
  const zero = zeroTensor === undefined ? 0 : (numbersOf(zeroTensor)[0] ?? 0)
  const [low, high] = codeLimits(zeroTensor)
  return limited(state, node, value, (low - zero) * scale, (high - zero) * scale)
}

/**
 * Clipping that is part of the network only where it acts as a ReLU (its lower end is 0): symmetric ranges are those of our own
 * quantizer's calibration.
 */
function limited(state: ImportState, node: OnnxNode, value: Value, low: number, high: number): Value {
  if (low !== 0 || value.node < 0 || isWithin(state, value.node, high)) return value
  return clipped(state, node, value, low, high)
}

/** True where the node's values are known to lie in 0 to `high` (within a step of rounding). */
function isWithin(state: ImportState, index: number, high: number): boolean {
  let at = index
  while (at >= 0) {
    const node = state.nodes[at]
    if (node.op === 'table') {
      const ceiling = reluCeiling(node.function)
      return ceiling !== null && ceiling <= high * 1.01
    }
    if (node.op !== 'maxPool' && node.op !== 'avgPool' && node.op !== 'flatten' && node.op !== 'move')
      return false
    at = node.inputs[0]
  }
  return false
}

/** Quant of QONNX and Brevitas on a weight that is known: the values it stands for. */
export const readQuant: OperatorReader = (state, node) => {
  const tensor = constantAt(state, node, 0)
  const scale = weightsAt(state, node, 1)
  if (tensor === undefined) return readQuantOfValue(state, node)
  const isBipolar = node.opType === 'BipolarQuant'
  const zero = isBipolar ? 0 : (numbersOf(weightsAt(state, node, 2))[0] ?? 0)
  const [low, high] = isBipolar ? [-1, 1] : quantLimits(state, node)
  const scales = numbersOf(scale)
  const values = numbersOf(tensor)
  const inner = scales.length === 1 ? values.length : values.length / (tensor.dims[0] ?? 1)
  if (scales.length !== 1 && scales.length !== tensor.dims[0])
    throw unsupported(node, 'its scales are neither one nor one per output channel')
  const result = Float32Array.from(values, (value, at) => {
    const own = scales[scales.length === 1 ? 0 : Math.floor(at / inner)]
    if (isBipolar) return value >= 0 ? own : -own
    const code = rounded(node, value / own + zero)
    return (Math.min(high, Math.max(low, code)) - zero) * own
  })
  state.constants.set(node.outputs[0], { name: node.outputs[0], dims: tensor.dims, data: result })
}

function readQuantOfValue(state: ImportState, node: OnnxNode): void {
  if (node.opType === 'BipolarQuant') throw unsupported(node, 'two-valued activations are not supported')
  const value = valueAt(state, node, 0)
  const scale = numbersOf(weightsAt(state, node, 1))
  const zero = numbersOf(weightsAt(state, node, 2))[0] ?? 0
  if (scale.length !== 1) throw unsupported(node, 'only one scale for a whole activation is supported')
  const [low, high] = quantLimits(state, node)
  const limits = [(low - zero) * scale[0], (high - zero) * scale[0]] as const
  bind(state, node, value.node < 0 ? value : clipped(state, node, value, limits[0], limits[1]))
}

function quantLimits(state: ImportState, node: OnnxNode): readonly [number, number] {
  const bits = numbersOf(weightsAt(state, node, 3))[0] ?? 8
  const isSigned = intAttribute(node, 'signed', 1) !== 0
  const isNarrow = intAttribute(node, 'narrow', 0) !== 0
  if (isSigned) return [-(2 ** (bits - 1)) + (isNarrow ? 1 : 0), 2 ** (bits - 1) - 1]
  return [0, 2 ** bits - 1 - (isNarrow ? 1 : 0)]
}

function rounded(node: OnnxNode, value: number): number {
  const mode = textAttribute(node, 'rounding_mode', 'ROUND').toUpperCase()
  if (mode === 'ROUND') return roundHalfEven(value)
  if (mode === 'FLOOR') return Math.floor(value)
  if (mode === 'CEIL') return Math.ceil(value)
  throw unsupported(node, `rounding mode ${mode} is not supported`)
}
