import { intAttribute, textAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  bind,
  constantAt,
  knownCodes,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type KnownCodes,
  type OperatorReader,
  type Value,
  type ValueCodes
} from '../onnx/importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { broadcastDims, broadcastMap } from '../constants/indexing'
import { sizeOf } from '../graph'
import { codeLimits, writtenLimits } from '../constants/quantized'
import { minLevels } from '../passes/leaveRounding'
import { boundsOf } from '../bounds'
import { call, evaluateFunction } from '../tableFunction'
import { affineOf } from './affine'
import { addTable, clipped } from './unary'

/**
 * QuantizeLinear of a computed value, read as what it means in real numbers: the clipping to the range of its codes. Exporters
 * leave a ReLU to that clipping, so it must not be lost; the rounding is left to our own quantizer.
 */
export const readQuantize: OperatorReader = (state, node) => {
  const scale = constantAt(state, node, 1)
  const value = valueAt(state, node, 0)
  if (scale === undefined || scale.data.length !== 1)
    throw unsupported(
      node,
      'only one constant scale for a whole activation is supported',
      'Quantize activations per tensor (per_channel only for weights) and export again.'
    )
  const codes = { ...codesAt(state, node, 1), limits: writtenLimits(node, constantAt(state, node, 2)) }
  state.codes.set(node.outputs[0], codes)
  // Behind a Softmax that is left out of the graph there is nothing to clip.
  if (isBehindEnding(state, node)) return bind(state, node, value)
  bind(state, node, limitedByCodes(state, node, value, codes))
}

/** The codes that a constant scale and the zero point behind it give. */
export function codesAt(state: ImportState, node: OnnxNode, position: number): KnownCodes {
  const zero = constantAt(state, node, position + 1)
  return {
    scale: numbersOf(weightsAt(state, node, position))[0] ?? 1,
    zero: zero === undefined ? 0 : (numbersOf(zero)[0] ?? 0),
    limits: codeLimits(zero)
  }
}

/**
 * What a computed value means where an operator reads it as codes of the scale behind it: of codes of another scale, or of whole
 * numbers, not itself.
 */
export function meantBy(state: ImportState, node: OnnxNode, position: number): Value {
  const name = node.inputs[position]
  const value = valueAt(state, node, position)
  const held = codesHeld(state, name)
  // Found at run time, and read as 1.
  if (held === undefined || held.limits === null) return value
  const wanted = codesAt(state, node, position + 1)
  const [factor, shift] = [wanted.scale / held.scale, wanted.scale * (held.zero - wanted.zero)]
  if (Math.abs(factor - 1) < 1e-6 && shift === 0) return value
  return affineOf(state, node, value, {
    scale: constantOf('float32', [], [factor]),
    shift: constantOf('float32', [], [shift])
  })
}

/** What a value holds: codes, or whole numbers, which are their own; undefined for real numbers. */
export function codesHeld(state: ImportState, name: string): ValueCodes | undefined {
  return state.codes.get(name) ?? (state.integers.has(name) ? wholeNumbers : undefined)
}

const wholeNumbers: ValueCodes = { scale: 1, zero: 0, limits: [-Infinity, Infinity] }

/** True where a Softmax or the like stands in front that is left out of the graph: nothing is done to its input. */
export function isBehindEnding(state: ImportState, node: OnnxNode): boolean {
  const isLeft = state.left.has(node.inputs[0]) || state.leftBehind.has(node.inputs[0])
  if (isLeft) state.leftBehind.add(node.outputs[0])
  return isLeft
}

/** DequantizeLinear of a computed value: its values are real numbers already, but for codes that are an input of the network. */
export const readDequantize: OperatorReader = (state, node) => {
  const scale = constantAt(state, node, 1)
  if (isBehindEnding(state, node) || scale === undefined) return bind(state, node, valueAt(state, node, 0))
  if (scale.data.length === 1) {
    bind(state, node, meantBy(state, node, 0))
    return noteRounding(state, node)
  }
  throw unsupported(node, 'only one scale for a whole activation is supported')
}

/** At the end of the network the rounding and the limits of codes are applied to its results. */
function noteRounding(state: ImportState, node: OnnxNode): void {
  const codes = knownCodes(state, node.inputs[0])
  if (codes !== undefined && state.endings.has(node.outputs[0]))
    state.left.set(node.outputs[0], { kind: 'rounded', ...codes })
}

/**
 * A value clipped to scale * (code - zero) over its codes: exporters leave a ReLU, ReLU6 or Clip to them. Not where it lies within
 * them already (to half a step, which rounding changes anyway), and not at the end, where codes that begin below 0 limit the results
 * (noteRounding).
 */
export function limitedByCodes(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  { scale, zero, limits }: KnownCodes
): Value {
  const [low, high] = limits.map((code) => (code - zero) * scale)
  const [least, most] = boundsOf(state.nodes, value.node, state.inputBounds)
  if (least >= low - scale / 2 && most <= high + scale / 2) return value
  if (low !== 0 && state.endings.has(node.outputs[0])) return value
  return clipped(state, node, value, low, high)
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
  const places = scaleOf(node, tensor, scale)
  const result = Float32Array.from(values, (value, at) => {
    const own = scales[places[at]]
    if (isBipolar) return value >= 0 ? own : -own
    const code = rounded(node, value / own + zero)
    return (Math.min(high, Math.max(low, code)) - zero) * own
  })
  state.constants.set(node.outputs[0], { name: node.outputs[0], dims: tensor.dims, data: result })
}

/** For each weight the scale it has: as ONNX broadcasts them, or one per entry of the first axis. */
function scaleOf(node: OnnxNode, { dims }: OnnxTensor, scale: OnnxTensor): Int32Array {
  if (scale.data.length === 1) return new Int32Array(sizeOf(dims))
  if (broadcastDims(dims, scale.dims)?.join() === dims.join()) return broadcastMap(scale.dims, dims)
  if (scale.data.length !== dims[0])
    throw unsupported(node, 'its scales are neither one nor one per output channel')
  return broadcastMap([scale.data.length, ...dims.slice(1).map(() => 1)], dims)
}

function readQuantOfValue(state: ImportState, node: OnnxNode): void {
  const value = valueAt(state, node, 0)
  const scale = weightsAt(state, node, 1)
  if (node.opType === 'BipolarQuant') return bind(state, node, bipolarOf(state, node, value, scale))
  const zero = numbersOf(weightsAt(state, node, 2))[0] ?? 0
  const [low, high] = quantLimits(state, node)
  const scales = numbersOf(scale)
  if (high - low + 1 >= minLevels && scales.length === 1) {
    const limits = [(low - zero) * scales[0], (high - zero) * scales[0]] as const
    return bind(state, node, value.node < 0 ? value : clipped(state, node, value, limits[0], limits[1]))
  }
  const inverse = constantOf(
    'float32',
    scale.dims,
    scales.map((step) => 1 / step)
  )
  const whole = addTable(
    state,
    node,
    affineOf(state, node, value, { scale: inverse, shift: null }),
    call(roundingOf(node))
  )
  const limited = clipped(state, node, whole, low - zero, high - zero)
  bind(state, node, affineOf(state, node, limited, { scale, shift: null }))
}

/** The scale where the value is not below 0, its negative elsewhere. */
function bipolarOf(state: ImportState, node: OnnxNode, value: Value, scale: OnnxTensor): Value {
  const [step] = numbersOf(scale)
  if (scale.data.length === 1) return addTable(state, node, value, call('bipolar', step))
  const signs = addTable(state, node, value, call('bipolar', 1))
  return affineOf(state, node, signs, { scale, shift: null })
}

function quantLimits(state: ImportState, node: OnnxNode): readonly [number, number] {
  const bits = numbersOf(weightsAt(state, node, 3))[0] ?? 8
  const isSigned = intAttribute(node, 'signed', 1) !== 0
  const isNarrow = intAttribute(node, 'narrow', 0) !== 0
  if (isSigned) return [-(2 ** (bits - 1)) + (isNarrow ? 1 : 0), 2 ** (bits - 1) - 1]
  return [0, 2 ** bits - 1 - (isNarrow ? 1 : 0)]
}

function rounded(node: OnnxNode, value: number): number {
  return evaluateFunction(call(roundingOf(node)), value)
}

const roundingNames: Readonly<Record<string, 'round' | 'floor' | 'ceil' | 'trunc'>> = {
  ROUND: 'round',
  HALF_EVEN: 'round',
  FLOOR: 'floor',
  CEIL: 'ceil',
  DOWN: 'trunc',
  ROUND_TO_ZERO: 'trunc'
}

function roundingOf(node: OnnxNode): 'round' | 'floor' | 'ceil' | 'trunc' {
  const mode = textAttribute(node, 'rounding_mode', 'ROUND').toUpperCase()
  if (!Object.hasOwn(roundingNames, mode)) throw unsupported(node, `rounding mode ${mode} is not supported`)
  return roundingNames[mode]
}
