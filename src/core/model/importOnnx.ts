import { AppError } from '../../shared/errors'
import type { OnnxModel, OnnxNode } from './onnx'
import type { Graph, Shape } from './graph'
import { unsupported, type ImportState, type OperatorReader } from './importState'
import { readAdd, readBatchNorm, readRelu } from './operators/elementwise'
import { readAveragePool, readGlobalAveragePool, readMaxPool } from './operators/pooling'
import { readConcat, readGather, readShape, readUnsqueeze } from './operators/shapeArithmetic'
import { readConstant, readEnding, readFlatten, readIdentity, readReshape } from './operators/shaping'
import { readConv, readGemm, readMatMul } from './operators/weighted'
import { foldBatchNorm } from './passes/foldBatchNorm'
import { fuseRelu } from './passes/fuseRelu'
import { dropUnused } from './passes/dropUnused'

const readers: Readonly<Record<string, OperatorReader>> = {
  Conv: readConv,
  Gemm: readGemm,
  MatMul: readMatMul,
  Relu: readRelu,
  Add: readAdd,
  BatchNormalization: readBatchNorm,
  MaxPool: readMaxPool,
  AveragePool: readAveragePool,
  GlobalAveragePool: readGlobalAveragePool,
  Flatten: readFlatten,
  Reshape: readReshape,
  Identity: readIdentity,
  Dropout: readIdentity,
  Constant: readConstant,
  Softmax: readEnding,
  LogSoftmax: readEnding,
  ArgMax: readEnding,
  Shape: readShape,
  Gather: readGather,
  Unsqueeze: readUnsqueeze,
  Concat: readConcat
}

/** Operators that are read, for the documentation and for error hints. */
export const supportedOperators = Object.keys(readers)

const endingOperators = new Set(['Softmax', 'LogSoftmax', 'ArgMax', 'Identity'])

/**
 * Reads an ONNX model into the typed graph: constants folded, batch normalisation folded into the layer before it,
 * ReLU fused into the layer it follows. Bytes p of an image mean `inputScale * (p - 128 + inputZero)`; the model's
 * metadata may say so under "bitbench.inputScale" and "bitbench.inputZero", else p / 255.
 * @throws AppError model.unsupportedOperator, model.unsupportedShape (both name the node), model.invalid.
 */
export function importOnnx(model: OnnxModel): Graph {
  const nodes = nameNodes(model.nodes)
  const constants = new Map(model.initializers.map((tensor) => [tensor.name, tensor]))
  const { name: inputName, shape: inputShape } = readInput(model, constants)
  if (model.outputs.length !== 1) {
    throw invalid(
      `The network has ${model.outputs.length} outputs.`,
      'Export it with one output, the scores of the classes.'
    )
  }
  const outputName = model.outputs[0]!.name
  const state: ImportState = {
    nodes: [],
    constants,
    values: new Map([[inputName, -1]]),
    inputShape,
    uses: countUses(nodes, outputName),
    endings: findEndings(nodes, outputName)
  }
  for (const node of nodes) {
    const reader = node.domain === '' || node.domain === 'ai.onnx' ? readers[node.opType] : undefined
    if (reader === undefined) {
      throw unsupported(
        node,
        'this operator is not supported',
        `Supported: ${supportedOperators.join(', ')}. Replace it in the network or export it in another way.`
      )
    }
    reader(state, node)
  }
  const output = state.values.get(outputName)
  if (output === undefined || output < 0) {
    throw invalid(`Nothing computes the output "${outputName}".`, 'Check the file with an ONNX checker.')
  }
  const graph: Graph = {
    name: model.name,
    inputShape,
    inputScale: metadataNumber(model, 'bitbench.inputScale', 1 / 255),
    inputZero: metadataNumber(model, 'bitbench.inputZero', 128),
    nodes: state.nodes,
    output
  }
  return fuseRelu(foldBatchNorm(dropUnused(graph)))
}

function readInput(
  model: OnnxModel,
  constants: ReadonlyMap<string, unknown>
): { name: string; shape: Shape } {
  // Old exporters list the initializers among the inputs.
  const inputs = model.inputs.filter((input) => !constants.has(input.name))
  if (inputs.length !== 1) {
    throw invalid(`The network has ${inputs.length} inputs.`, 'Export it with one input, the image.')
  }
  const { name } = inputs[0]!
  const dims = inputs[0]!.dims ?? []
  const [batch, ...shape] = dims
  if (typeof batch === 'number' && batch > 1) {
    throw new AppError(
      'model.unsupportedShape',
      `The input "${name}" has a fixed batch of ${batch}.`,
      'Export the network with batch 1 or with a symbolic batch dimension.'
    )
  }
  if (
    (shape.length !== 1 && shape.length !== 3) ||
    !shape.every((size) => typeof size === 'number' && size > 0)
  ) {
    throw new AppError(
      'model.unsupportedShape',
      `The input "${name}" is [${dims.map((size) => size ?? '?').join(', ')}].`,
      'Export it with fixed sizes [batch, channels, height, width] or [batch, n].'
    )
  }
  return { name, shape: shape as number[] }
}

/** Every node has a name of its own; exporters leave it empty or repeat it. */
function nameNodes(nodes: readonly OnnxNode[]): OnnxNode[] {
  const taken = new Set<string>()
  return nodes.map((node, index) => {
    const wanted = node.name !== '' ? node.name : `${node.opType}_${index}`
    let name = wanted
    for (let copy = 2; taken.has(name); copy++) name = `${wanted}_${copy}`
    taken.add(name)
    return { ...node, name }
  })
}

function countUses(nodes: readonly OnnxNode[], output: string): Map<string, number> {
  const uses = new Map([[output, 1]])
  for (const node of nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1)
  return uses
}

function findEndings(nodes: readonly OnnxNode[], output: string): Set<string> {
  const endings = new Set([output])
  for (const node of [...nodes].reverse()) {
    if (endings.has(node.outputs[0] ?? '') && endingOperators.has(node.opType)) endings.add(node.inputs[0]!)
  }
  return endings
}

function metadataNumber(model: OnnxModel, key: string, fallback: number): number {
  const text = model.metadata[key]
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isFinite(value))
    throw invalid(`Metadata ${key} is "${text}", not a number.`, 'Correct or remove it.')
  return value
}

function invalid(message: string, hint: string): AppError {
  return new AppError('model.invalid', message, hint)
}
