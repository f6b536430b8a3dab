import type { ExportedFormat, ExportedLayer } from './exportedLayer'
import { intAttribute, type OnnxModel, type OnnxNode, type OnnxTensor } from './onnx'
import { weightedLayerNames, type Graph } from '../graph'
import { codeLimits } from '../constants/quantized'
import { numbersOf, typeOf } from '../constants/numbers'
import { tensorAttribute } from '../operators/rounding'
import { nameNodes } from '../passes/nameNodes'

/** Operators through which a tensor keeps its codes. */
const carriers: ReadonlySet<string> = new Set([
  'Transpose',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Dropout',
  'Cast',
  'Relu',
  'MaxPool',
  'Pad',
  'Slice',
  'Concat',
  'Split',
  'Gather',
  'DepthToSpace',
  'SpaceToDepth'
])

/** Positions of the input and of the weights of operators that become weighted layers. */
const operands: Readonly<Record<string, readonly [input: number, weights: number]>> = {
  Conv: [0, 1],
  ConvTranspose: [0, 1],
  Gemm: [0, 1],
  MatMul: [0, 1],
  FusedConv: [0, 1],
  FusedGemm: [0, 1],
  FusedMatMul: [0, 1],
  QLinearConv: [0, 3],
  QLinearMatMul: [0, 3],
  QGemm: [0, 3]
}

/**
 * Bits and scales that a quantized file (QDQ, QOperator, QONNX, Brevitas, RequantShift, int8 TFLite) gives the layers of its
 * graph, in network order; null where the file is not quantized.
 */
export function exportedLayers(model: OnnxModel, graph: Graph): readonly ExportedLayer[] | null {
  const file = createFile(model)
  const layers = weightedLayerNames(graph).map((layer): ExportedLayer => {
    const node = file.nodes.get(layer)
    const places = node === undefined ? undefined : operands[node.opType]
    if (node === undefined || places === undefined) return { layer, weights: null, activations: null }
    const [input, weights] = isTurned(file, node, places) ? [places[1], places[0]] : places
    return {
      layer,
      weights: formatOf(file, node, weights),
      activations: formatOf(file, node, input)
    }
  })
  return layers.some(({ weights, activations }) => weights !== null || activations !== null) ? layers : null
}

interface File {
  readonly nodes: ReadonlyMap<string, OnnxNode>
  readonly producers: ReadonlyMap<string, OnnxNode>
  readonly constants: ReadonlyMap<string, OnnxTensor>
  /** Weights are stored as plain integers and outputs limited to codes. */
  readonly isIntegral: boolean
}

function createFile(model: OnnxModel): File {
  const nodes = nameNodes(model.nodes)
  const constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  for (const node of nodes) {
    const value = node.attributes['value']
    if (node.opType === 'Constant' && value?.kind === 'tensor') constants.set(node.outputs[0], value.value)
  }
  return {
    nodes: new Map(nodes.map((node) => [node.name, node])),
    producers: new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const))),
    constants,
    isIntegral: nodes.some(({ opType }) => opType === 'RequantShift' || opType === 'Floor')
  }
}

/** A product whose constant stands on the left. */
function isTurned(file: File, node: OnnxNode, [input, weights]: readonly [number, number]): boolean {
  return (
    node.opType === 'MatMul' &&
    file.constants.has(rootOf(file, node.inputs[input])) &&
    !file.constants.has(rootOf(file, node.inputs[weights]))
  )
}

/** The first value behind a name through operators of one input that are quantizers or carry codes. */
function rootOf(file: File, name: string): string {
  let at = name
  for (let steps = 0; steps < 64; steps++) {
    const node = file.producers.get(at)
    if (node === undefined || node.opType === 'Constant') return at
    if (!carriers.has(node.opType) && !isQuantizer(node.opType)) return at
    at = node.inputs[0]
  }
  return at
}

const isQuantizer = (opType: string): boolean =>
  ['QuantizeLinear', 'DequantizeLinear', 'Quant', 'IntQuant', 'BipolarQuant'].includes(opType)

function formatOf(file: File, reader: OnnxNode, position: number): ExportedFormat | null {
  if (reader.opType.startsWith('QLinear') || reader.opType === 'QGemm')
    return linearFormat(file, reader.inputs[position + 1], reader.inputs[position + 2], undefined)
  let name = reader.inputs[position]
  for (let steps = 0; steps < 64 && name !== undefined; steps++) {
    const node = file.producers.get(name)
    if (node === undefined || node.opType === 'Constant') return integralFormat(file, reader, name)
    const found = quantizerFormat(file, node)
    if (found !== null) return found
    if (!carriers.has(node.opType)) return null
    name = node.inputs[0]
  }
  return null
}

/** What a node says of its own output. */
function quantizerFormat(file: File, node: OnnxNode): ExportedFormat | null {
  switch (node.opType) {
    case 'QuantizeLinear':
    case 'DequantizeLinear':
      return linearFormat(file, node.inputs[1], node.inputs[2], file.constants.get(node.inputs[0]))
    case 'Quant':
    case 'IntQuant':
      return {
        bits: numberOf(file, node.inputs[3]) ?? 8,
        scales: scalesOf(file, node.inputs[1]),
        zero: numberOf(file, node.inputs[2]) ?? 0
      }
    case 'BipolarQuant':
      return { bits: 1, scales: scalesOf(file, node.inputs[1]), zero: 0 }
    case 'RequantShift': {
      const levels = tensorAttribute(node, 'n_levels_out') ?? tensorAttribute(node, 'n_levels') ?? 256
      return { bits: Math.ceil(Math.log2(levels)), scales: [], zero: 0 }
    }
    case 'Clip':
      return clipFormat(file, node)
    default:
      return null
  }
}

/** A limit of whole numbers in a network of integers. */
function clipFormat(file: File, node: OnnxNode): ExportedFormat | null {
  if (!file.isIntegral) return null
  const stated = intAttribute(node, 'out_bits', 0)
  if (stated > 0) return { bits: stated, scales: [], zero: 0 }
  const [low, high] = ['min', 'max'].map((name, at) =>
    node.attributes[name] === undefined ? numberOf(file, node.inputs[at + 1]) : tensorAttribute(node, name)
  )
  if (low === undefined || high === undefined || !(high > low) || high - low > 2 ** 16) return null
  return { bits: Math.ceil(Math.log2(high - low + 1)), scales: [], zero: 0 }
}

function linearFormat(
  file: File,
  scale: string | undefined,
  zero: string | undefined,
  codes: OnnxTensor | undefined
): ExportedFormat {
  const zeros = file.constants.get(zero ?? '')
  const type = codes ?? zeros
  const [low, high] = type !== undefined && typeOf(type.data) === 'int32' ? [-32768, 32767] : codeLimits(type)
  return {
    bits: codes?.bits ?? zeros?.bits ?? Math.ceil(Math.log2(high - low + 1)),
    scales: scalesOf(file, scale),
    zero: numberOf(file, zero) ?? 0
  }
}

/** Weights written as whole numbers: the fewest bits that hold them, or those the exporter noted. */
function integralFormat(file: File, reader: OnnxNode, name: string): ExportedFormat | null {
  const tensor = file.constants.get(name)
  if (!file.isIntegral || tensor === undefined) return null
  const stated = intAttribute(reader, 'weight_bits', 0)
  const values = numbersOf(tensor)
  if (!values.every(Number.isInteger)) return null
  const most = values.reduce((top, value) => Math.max(top, value < 0 ? -value : value + 1), 1)
  const bits = stated > 0 ? stated : Math.ceil(Math.log2(most)) + 1
  return bits > 16 ? null : { bits, scales: [], zero: 0 }
}

function numberOf(file: File, name: string | undefined): number | undefined {
  const tensor = file.constants.get(name ?? '')
  return tensor === undefined ? undefined : numbersOf(tensor)[0]
}

function scalesOf(file: File, name: string | undefined): number[] {
  const tensor = file.constants.get(name ?? '')
  return tensor === undefined ? [] : [...numbersOf(tensor)]
}
