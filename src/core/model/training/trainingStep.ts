import { AppError } from '../../../shared/errors'
import { inputShapeOf, type Graph, type GraphNode } from '../graph'
import { int } from '../onnx/onnx'
import type { OnnxModel } from '../onnx/onnx'
import { emitConv2d, emitDepthwiseConv2d } from './emitters/convolution'
import { emitDense } from './emitters/dense'
import { emitAdd, emitBatchNorm, emitFlatten, emitRelu, rectified } from './emitters/elementwise'
import { emitAvgPool, emitMaxPool } from './emitters/pooling'
import { emitFakeQuant, type FakeQuantizer, type QuantizedValue } from './fakeQuant'
import type { Emitted, EmitterSite, Parameter } from './gradient'
import { createOnnxBuilder, type OnnxBuilder } from '../onnx/onnxBuilder'
import { emitUpdate, optimizerStates, type Optimizer } from './optimizer'
import { parametersOfNode } from './parameters'

/**
 * One optimiser step as an ONNX graph. Inputs: "images" [batch, …] real values, "targets" [batch, classes]
 * probabilities, "rate" learning rate, "p<i>" parameters, "<state><i>" what the optimizer keeps of each (`optimizerStates`).
 * Outputs: "loss" mean cross entropy, and every "p<i>" and state with ".next" behind its name.
 */
export interface TrainingStep {
  readonly model: OnnxModel
  /** Those of the nodes in their order, then the trained scales of weight quantizers. */
  readonly parameters: readonly Parameter[]
  /** Which parameter is the trained scale of a node's weights. */
  readonly scales: readonly TrainedScale[]
}

/** A trained scale: the node whose weights it quantizes, and its place among the parameters. */
export interface TrainedScale {
  readonly node: number
  readonly parameter: number
}

/** Optimizer and quantizers of a training step. */
export interface TrainingOptions {
  readonly optimizer: Optimizer
  /** Quantizers of a weighted node's weights and of its input; null where it stays in float. */
  readonly quantizers?: (node: number) => { weights: FakeQuantizer | null; input: FakeQuantizer | null }
  /** For tests: outputs "g<i>" instead of the updated parameters. */
  readonly gradientsOnly?: boolean
}

/** Returns an ONNX graph that does one step of gradient descent with momentum on a batch. */
export function buildTrainingStep(graph: Graph, options: TrainingOptions): TrainingStep {
  const builder = createOnnxBuilder()
  const images = builder.input('images', 'float32', ['batch', ...graph.inputShape])
  const classes = graph.nodes[graph.output].outputShape[0]
  const targets = builder.input('targets', 'float32', ['batch', classes])
  const tape = emitForward(builder, graph, images, options)
  const probabilities = builder.node('Softmax', [tape.value], { axis: int(1) })
  builder.output(crossEntropy(builder, probabilities, targets), 'loss')
  const gradients = emitBackward(builder, graph, tape, meanDifference(builder, probabilities, targets))
  const { parameters, scales } = tape
  if (options.gradientsOnly === true) {
    for (const [index, gradient] of gradients.entries()) builder.output(gradient, `g${index}`)
    return { model: builder.build(graph.name), parameters, scales }
  }
  const rate = builder.input('rate', 'float32', [])
  const states = optimizerStates(options.optimizer)
  for (const [index, { role, dims, unit }] of parameters.entries()) {
    const value = `p${index}`
    const next = emitUpdate(builder, options.optimizer, {
      value,
      gradient: gradients[index],
      states: states.map((state) => builder.input(`${state}${index}`, 'float32', dims)),
      rate,
      isWeights: role === 'weights',
      unit: unit ?? 1
    })
    for (const [at, state] of states.entries()) builder.output(next.states[at], `${state}${index}.next`)
    builder.output(next.value, `${value}.next`)
  }
  return { model: builder.build(graph.name), parameters, scales }
}

/**
 * One-bit weights only change where they cross 0, far from where most of them are fitted: at the rate that suits 2 bits
 * hardly any does within an epoch.
 */
const oneBitUnit = 5

interface Tape {
  readonly value: string
  readonly parameters: readonly Parameter[]
  readonly scales: readonly TrainedScale[]
  readonly records: readonly TapeEntry[]
}

interface TapeEntry {
  readonly emitted: Emitted
  /** The fused ReLU, when there is one. */
  readonly activation: Emitted | null
  readonly quantizedInput: QuantizedValue | null
  readonly quantizedWeights: QuantizedValue | null
  /** Position of this node's first parameter. */
  readonly firstParameter: number
}

function emitForward(builder: OnnxBuilder, graph: Graph, images: string, options: TrainingOptions): Tape {
  const values: string[] = []
  const parameters: Parameter[] = []
  const records: TapeEntry[] = []
  const scales: TrainedScale[] = []
  const scaleParameters: Parameter[] = []
  const firstScale = graph.nodes.reduce((sum, node) => sum + parametersOfNode(graph, node).length, 0)
  for (const [index, node] of graph.nodes.entries()) {
    const firstParameter = parameters.length
    const own = parametersOfNode(graph, node)
    const names = own.map(({ dims }, at) => builder.input(`p${firstParameter + at}`, 'float32', dims))
    const inputs = node.inputs.map((from) => (from < 0 ? images : values[from]))
    const quantizers = own.length > 0 ? options.quantizers?.(index) : undefined
    const quantizedInput = quantizers?.input ? emitFakeQuant(builder, inputs[0], quantizers.input) : null
    const quantizer = quantizers?.weights ?? null
    const unit = quantizer?.isOneBit === true ? oneBitUnit : 1
    parameters.push(...own.map((one) => ({ ...one, unit })))
    let scale: string | undefined
    if (quantizer?.isLearned === true) {
      const parameter = firstScale + scales.length
      scale = builder.input(`p${parameter}`, 'float32', quantizer.dims)
      scales.push({ node: index, parameter })
      scaleParameters.push({ role: 'quantizerScale', dims: quantizer.dims, initial: quantizer.scale, unit })
    }
    const quantizedWeights =
      quantizer === null
        ? null
        : emitFakeQuant(builder, names[0], quantizer, scale, own[0].initial.length / quantizer.scale.length)
    const emitted = emitNode({
      builder,
      node,
      inputs: quantizedInput === null ? inputs : [quantizedInput.value],
      inputShapes: node.inputs.map((_, position) => inputShapeOf(graph, node, position)),
      parameters: quantizedWeights === null ? names : [quantizedWeights.value, ...names.slice(1)]
    })
    const activation = 'relu' in node && node.relu ? rectified(builder, emitted.value) : null
    values.push(activation?.value ?? emitted.value)
    records.push({ emitted, activation, quantizedInput, quantizedWeights, firstParameter })
  }
  return { value: values[graph.output], parameters: [...parameters, ...scaleParameters], scales, records }
}

function emitNode(site: EmitterSite): Emitted {
  const { node } = site
  checkTrainable(node)
  switch (node.op) {
    case 'conv2d':
      return emitConv2d({ ...site, node })
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
    `Training knows no gradient of "${node.name}" (${node.op} with ${isLimited ? 'an upper limit' : 'dilations'}).`,
    'Quantize this network without retraining; it is calibrated and reconstructed all the same.',
    { details: { node: node.name, operator: node.op } }
  )
}

/** Gradient of every parameter, in parameter order. */
function emitBackward(builder: OnnxBuilder, graph: Graph, tape: Tape, start: string): string[] {
  const arriving: string[][] = graph.nodes.map(() => [])
  arriving[graph.output].push(start)
  const gradients: string[] = new Array<string>(tape.parameters.length).fill('')
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const node: GraphNode = graph.nodes[index]
    const { emitted, activation, quantizedInput, quantizedWeights, firstParameter } = tape.records[index]
    const parts = arriving[index]
    const whole = parts.length === 1 ? parts[0] : builder.node('Sum', parts)
    const gradient = activation === null ? whole : activation.backward(whole, true).inputs.at(0)!
    const wantsInputs = node.inputs.some((from) => from >= 0)
    const back = emitted.backward(gradient, wantsInputs)
    const trained = tape.scales.find(({ node: of }) => of === index)
    if (trained !== undefined && quantizedWeights !== null)
      gradients[trained.parameter] = quantizedWeights.scaleGradient(back.parameters[0])
    for (const [at, own] of back.parameters.entries()) {
      gradients[firstParameter + at] =
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
