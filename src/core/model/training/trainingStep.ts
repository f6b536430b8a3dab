import { AppError } from '../../../shared/errors'
import { inputShapeOf, type Graph, type GraphNode, type MaxPoolNode } from '../graph'
import { int } from '../onnx/onnx'
import type { OnnxModel } from '../onnx/onnx'
import { emitConv2d, emitDepthwiseConv2d } from './emitters/convolution'
import { emitDense } from './emitters/dense'
import { emitAdd, emitBatchNorm, emitFlatten, emitRelu, rectified } from './emitters/elementwise'
import { emitPooledConv2d, poolBehind } from './emitters/pooledConvolution'
import { emitAvgPool, emitMaxPool } from './emitters/pooling'
import { emitFakeQuant, type FakeQuantizer, type QuantizedValue } from './fakeQuant'
import type { Emitted, EmitterSite, Parameter } from './gradient'
import { createOnnxBuilder, type OnnxBuilder } from '../onnx/onnxBuilder'
import { emitUpdate, optimizerStates, type Optimizer } from './optimizer'
import { parametersOfNode } from './parameters'
import { emitParameters, joinParameters, type ParameterVector, type TrainedScale } from './parameterVector'

/**
 * One optimiser step as an ONNX graph. Inputs: "images" [batch, …] real values, "targets" [batch, classes]
 * probabilities, "rate" learning rate, "parameters" [values of all parameters, one behind the other], and by its name what the
 * optimizer keeps of each value (`optimizerStates`). Outputs: "loss" mean cross entropy, and "parameters" and the states
 * with ".next" behind their names. All parameters are one vector: an update of each would take longer to start than to compute.
 */
export interface TrainingStep {
  readonly model: OnnxModel
  /** Those of the nodes in their order, then the trained scales of weight quantizers. */
  readonly parameters: readonly Parameter[]
  /** Which parameter is the trained scale of a node's weights. */
  readonly scales: readonly TrainedScale[]
}

/** Optimizer and quantizers of a training step. */
export interface TrainingOptions {
  readonly optimizer: Optimizer
  /** Quantizers of a weighted node's weights and of its input; null where it stays in float. */
  readonly quantizers?: (node: number) => { weights: FakeQuantizer | null; input: FakeQuantizer | null }
  /** For tests: the output "gradients" instead of the updated parameters. */
  readonly gradientsOnly?: boolean
}

/** Returns an ONNX graph that does one step of gradient descent with momentum on a batch. */
export function buildTrainingStep(graph: Graph, options: TrainingOptions): TrainingStep {
  const builder = createOnnxBuilder()
  const images = builder.input('images', 'float32', ['batch', ...graph.inputShape])
  const classes = graph.nodes[graph.output].outputShape[0]
  const targets = builder.input('targets', 'float32', ['batch', classes])
  const parameters = emitParameters(builder, graph, (node) => options.quantizers?.(node).weights ?? null)
  const tape = emitForward(builder, graph, images, options, parameters)
  const probabilities = builder.node('Softmax', [tape.value], { axis: int(1) })
  builder.output(crossEntropy(builder, probabilities, targets), 'loss')
  const gradients = emitBackward(builder, graph, tape, meanDifference(builder, probabilities, targets))
  const flat = gradients.map((gradient) => builder.node('Reshape', [gradient, builder.shape([-1])]))
  const gradient = flat.length === 1 ? flat[0] : builder.node('Concat', flat, { axis: int(0) })
  const { all, scales } = parameters
  if (options.gradientsOnly === true) builder.output(gradient, 'gradients')
  else emitUpdates(builder, options.optimizer, parameters, gradient)
  return { model: builder.build(graph.name), parameters: all, scales }
}

function emitUpdates(
  builder: OnnxBuilder,
  optimizer: Optimizer,
  { all, value }: ParameterVector,
  gradient: string
): void {
  const ofEach = (valueOf: (parameter: Parameter) => number): Float32Array =>
    joinParameters(all.map((one) => new Float32Array(one.initial.length).fill(valueOf(one))))
  const names = optimizerStates(optimizer)
  const length = all.reduce((sum, { initial }) => sum + initial.length, 0)
  const next = emitUpdate(builder, optimizer, {
    value,
    gradient,
    states: names.map((name) => builder.input(name, 'float32', [length])),
    rate: builder.input('rate', 'float32', []),
    decayed: ofEach(({ role }) => (role === 'weights' ? 1 : 0)),
    units: ofEach(({ unit }) => unit ?? 1)
  })
  for (const [at, name] of names.entries()) builder.output(next.states[at], `${name}.next`)
  builder.output(next.value, `${value}.next`)
}

interface Tape {
  readonly value: string
  readonly parameters: ParameterVector
  readonly records: readonly TapeEntry[]
}

interface TapeEntry {
  readonly emitted: Emitted
  /** The fused ReLU, when there is one. */
  readonly activation: Emitted | null
  readonly quantizedInput: QuantizedValue | null
  readonly quantizedWeights: QuantizedValue | null
}

function emitForward(
  builder: OnnxBuilder,
  graph: Graph,
  images: string,
  options: TrainingOptions,
  parameters: ParameterVector
): Tape {
  const values: string[] = []
  const records: TapeEntry[] = []
  const merged = new Set<GraphNode>()
  for (const [index, node] of graph.nodes.entries()) {
    const first = parameters.first[index]
    const names = parameters.names.slice(first, first + parametersOfNode(graph, node).length)
    const inputs = node.inputs.map((from) => (from < 0 ? images : values[from]))
    const quantizers = names.length > 0 ? options.quantizers?.(index) : undefined
    const quantizedInput = quantizers?.input ? emitFakeQuant(builder, inputs[0], quantizers.input) : null
    const quantizedWeights = emitWeightQuantizer(builder, parameters, index, quantizers?.weights ?? null)
    const pool = poolBehind(graph, index)
    if (pool !== null) merged.add(pool)
    const site = {
      builder,
      node,
      inputs: quantizedInput === null ? inputs : [quantizedInput.value],
      inputShapes: node.inputs.map((_, position) => inputShapeOf(graph, node, position)),
      parameters: quantizedWeights === null ? names : [quantizedWeights.value, ...names.slice(1)]
    }
    const emitted = merged.has(node) ? passedOn(inputs[0]) : emitNode(site, pool)
    const activation = 'relu' in node && node.relu ? rectified(builder, emitted.value) : null
    values.push(activation?.value ?? emitted.value)
    records.push({ emitted, activation, quantizedInput, quantizedWeights })
  }
  return { value: values[graph.output], parameters, records }
}

function emitWeightQuantizer(
  builder: OnnxBuilder,
  { all, scales, first, names }: ParameterVector,
  index: number,
  quantizer: FakeQuantizer | null
): QuantizedValue | null {
  if (quantizer === null) return null
  const trained = scales.find(({ node }) => node === index)
  const scale = trained === undefined ? undefined : names[trained.parameter]
  const weights = first[index]
  const perScale = all[weights].initial.length / quantizer.scale.length
  return emitFakeQuant(builder, names[weights], quantizer, scale, perScale)
}

/** A pool that the convolution before it has computed. */
function passedOn(value: string): Emitted {
  return { value, backward: (gradient) => ({ inputs: [gradient], parameters: [] }) }
}

function emitNode(site: EmitterSite, pool: MaxPoolNode | null): Emitted {
  const { node } = site
  checkTrainable(node)
  switch (node.op) {
    case 'conv2d':
      return pool === null ? emitConv2d({ ...site, node }) : emitPooledConv2d({ ...site, node }, pool)
    case 'depthwiseConv2d':
      return emitDepthwiseConv2d({ ...site, node })
    case 'dense':
      return emitDense({ ...site, node })
    case 'maxPool':
      return emitMaxPool({ ...site, node })
    case 'avgPool':
      return emitAvgPool({ ...site, node })
    case 'add':
      return emitAdd({ ...site, node })
    case 'relu':
      return emitRelu({ ...site, node })
    case 'batchNorm':
      return emitBatchNorm({ ...site, node })
    case 'flatten':
      return emitFlatten({ ...site, node })
    default:
      throw new AppError(
        'model.unsupportedOperator',
        `Training knows no gradient of "${node.name}" (${node.op}).`,
        'Quantize this network without retraining; it is calibrated and reconstructed all the same.',
        { details: { node: node.name, operator: node.op } }
      )
  }
}

/** @throws AppError model.unsupportedOperator for windows and limits that have no emitter. */
function checkTrainable(node: GraphNode): void {
  const dilation = 'dilation' in node ? (node.dilation ?? [1, 1]) : [1, 1]
  const isLimited = 'ceiling' in node && node.ceiling !== undefined
  if (dilation.every((step) => step === 1) && !isLimited) return
  throw new AppError(
    'model.unsupportedOperator',
    `Training knows no gradient of "${node.name}" (${node.op} with ${isLimited ? 'limits' : 'dilations'}).`,
    'Quantize this network without retraining; it is calibrated and reconstructed all the same.',
    { details: { node: node.name, operator: node.op } }
  )
}

/** Gradient of every parameter, in parameter order. */
function emitBackward(builder: OnnxBuilder, graph: Graph, tape: Tape, start: string): string[] {
  const arriving: string[][] = graph.nodes.map(() => [])
  arriving[graph.output].push(start)
  const { all, scales, first } = tape.parameters
  const gradients: string[] = new Array<string>(all.length).fill('')
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node: GraphNode = graph.nodes[index]
    const { emitted, activation, quantizedInput, quantizedWeights } = tape.records[index]
    const parts = arriving[index]
    const whole = parts.length === 1 ? parts[0] : builder.node('Sum', parts)
    const gradient = activation === null ? whole : activation.backward(whole, true).inputs.at(0)!
    const wantsInputs = node.inputs.some((from) => from >= 0)
    const back = emitted.backward(gradient, wantsInputs)
    const trained = scales.find(({ node: of }) => of === index)
    if (trained !== undefined && quantizedWeights !== null)
      gradients[trained.parameter] = quantizedWeights.scaleGradient(back.parameters[0])
    for (const [at, own] of back.parameters.entries()) {
      gradients[first[index] + at] =
        at === 0 && quantizedWeights !== null ? quantizedWeights.backward(own) : own
    }
    for (const [position, from] of node.inputs.entries()) {
      const own = back.inputs[position]
      if (from < 0 || own === null || own === undefined) continue
      arriving[from].push(quantizedInput === null ? own : quantizedInput.backward(own))
    }
  }
  return gradients
}

/** Mean over the batch of -sum(target * log(probability)). */
function crossEntropy(builder: OnnxBuilder, probabilities: string, targets: string): string {
  const safe = builder.node('Max', [probabilities, builder.scalar(1e-12)])
  const products = builder.node('Mul', [targets, builder.node('Log', [safe])])
  const perImage = builder.node('ReduceSum', [products, builder.shape([1])], { keepdims: int(0) })
  return builder.node('Neg', [builder.node('ReduceMean', [perImage], { keepdims: int(0) })])
}

/** Gradient of the loss by the scores: (probability - target) / batch, for targets that sum to one. */
function meanDifference(builder: OnnxBuilder, probabilities: string, targets: string): string {
  const batch = builder.node(
    'Cast',
    [builder.node('Slice', [builder.node('Shape', [targets]), builder.shape([0]), builder.shape([1])])],
    { to: int(1) }
  )
  return builder.node('Div', [builder.node('Sub', [probabilities, targets]), batch])
}
