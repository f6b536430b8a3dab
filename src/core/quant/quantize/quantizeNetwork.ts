import { recurrentBitsOf } from '../../model/recurrentSource'
import {
  consumersOf,
  inputShapeOf,
  isWeightedNode,
  sizeOf,
  weightedLayerNames,
  type ConcatNode,
  type Graph,
  type GraphNode,
  type Shape
} from '../../model/graph'
import { storagePlaces } from '../../model/storage'
import type { ActivationRanges } from './calibration'
import { concatPlaces } from '../floatSteps'
import { runPlain, type FitWork } from './fitEngine'
import { isOnnxOrder, planFormats, type TensorFormats } from './formats'
import { createLayerCodes } from './layerCodes'
import { toHwc } from '../hwcGraph'
import { moveLoops } from '../integer/moveLoops'
import { elementCount, type CodeFormat, type IntegerLayer, type QuantizedNetwork } from '../quantizedNetwork'
import type { ShapeHwc } from '../../kernel/shape'
import { writtenCodes } from '../integer/operatorLayers'
import { plainLayer, requantizeLayer } from '../integer/plainLayers'
import { checkScheme, inputBits, type LayerBits, type Scheme } from '../scheme'
import { quantizeWeighted, type WeightedSite } from './weightedLayer'

/**
 * Integers of a network under a scheme. Layer by layer, each one fitted on what the quantized layers before it give on
 * the calibration images, so that later layers make up for earlier errors.
 * @throws AppError scheme.invalid; model.unsupportedOperator for what integers cannot express.
 */
export function quantizeNetwork(calibration: ActivationRanges, scheme: Scheme): QuantizedNetwork {
  return runPlain(quantizing(calibration, scheme))
}

/** The same as a piece of work for an engine. */
export function quantizing(calibration: ActivationRanges, scheme: Scheme): FitWork<QuantizedNetwork> {
  return emitting(calibration, scheme, (site, depends) => quantizeWeighted(calibration, site, depends))
}

/** What layers are written from: the formats of tensors, and what layers that were made before are found by. */
export type LayerSources = Pick<
  ActivationRanges,
  'graph' | 'bytes' | 'images' | 'layerCache' | 'codesCache' | 'nameOf' | 'formatOf'
>

/** Integers of a layer with weights. @param depends what its input codes depend on, as text */
export type WeightFit = (site: WeightedSite, depends: string) => IntegerLayer | FitWork<IntegerLayer>

/**
 * The layers of a network in integers under a scheme, those with weights as `fit` gives them.
 * @throws AppError as quantizeNetwork does
 */
export function* emitting(sources: LayerSources, scheme: Scheme, fit: WeightFit): FitWork<QuantizedNetwork> {
  const { graph } = sources
  checkScheme(scheme, weightedLayerNames(graph))
  const formats = planFormats(sources, scheme)
  const bitsOf = new Map(scheme.map((entry) => [entry.layer, entry]))
  const emitter = createEmitter(sources, formats, fit)
  try {
    for (const [index, node] of graph.nodes.entries()) {
      const from = isWeightedNode(node)
        ? node.name
        : node.op === 'recurrent'
          ? recurrentBitsOf(graph, node)
          : null
      yield* emitter.emit(index, node, from === null ? null : bitsOf.get(from)!)
    }
    yield* emitter.end()
  } finally {
    emitter.letGo()
  }
  return {
    name: graph.name,
    inputBits,
    inputScale: graph.inputScale,
    inputZero: graph.inputZero,
    inputShape: toHwc(graph.inputShape),
    layers: emitter.layers,
    outputCount: elementCount(toHwc(graph.nodes[graph.output].outputShape)),
    scheme
  }
}

/** The layers of a network so far: pushed once per signature, read in any format. */
function createLayerList(calibration: LayerSources, formats: TensorFormats) {
  const { graph } = calibration
  const layers: IntegerLayer[] = []
  /** Layer that holds each node's output. */
  const layerOf: number[] = []
  const narrowed = new Map<string, number>()
  const reads = createReads(graph)
  const codes = createLayerCodes(calibration, reads.isReadLater)

  function* push(
    name: string,
    inputs: readonly number[],
    output: CodeFormat | null,
    bits: LayerBits | null,
    make: () => IntegerLayer | FitWork<IntegerLayer>
  ): FitWork<number> {
    const from = inputs.map(codes.signatureOf)
    const own = `${name}|${bits === null ? '' : bits.weightBits}|${output === null ? '' : formatKey(output)}`
    // What the layer depends on, as text: two schemes that agree up to here share it.
    const signature = calibration.nameOf(`${own}(${from.join(';')})`)
    let layer = calibration.layerCache.get(signature)
    if (layer === undefined) {
      const made = make()
      layer = 'op' in made ? made : yield* made
      calibration.layerCache.set(signature, layer, keptBytes(layer))
    }
    // Positions in the list of layers are this network's own.
    layers.push({ ...layer, inputs })
    return codes.add({ layer, inputs, signature })
  }

  /** The layer that holds a node's input in the wanted format: the producer's, or a Requantize behind it. */
  function* read(source: number, wanted: CodeFormat): FitWork<number> {
    const from = source < 0 ? -1 : layerOf[source]
    const stored = (source < 0 ? formats.input : formats.stored[source])!
    if (stored.bits === wanted.bits && stored.scale === wanted.scale && stored.zero === wanted.zero)
      return from
    const key = `${from}:${wanted.bits}:${wanted.scale}`
    const known = narrowed.get(key)
    if (known !== undefined) return known
    const shape = toHwc(source < 0 ? graph.inputShape : graph.nodes[source].outputShape)
    const name = `${source < 0 ? 'input' : graph.nodes[source].name}.to${wanted.bits}bit`
    const added = yield* push(name, [from], wanted, null, () =>
      requantizeLayer(name, from, shape, stored, wanted, false)
    )
    narrowed.set(key, added)
    reads.holds(added, source)
    return added
  }

  /** The layer holds the node's output. */
  function hold(node: number, position: number): void {
    layerOf[node] = position
    reads.holds(position, node)
  }
  /** Reading moves on to a node: codes that nothing reads any more are released. */
  function reach(node: number): void {
    reads.reach(node)
    codes.release()
  }
  return { layers, codes, push, read, hold, reach, positionOf: (node: number): number => layerOf[node] }
}

/** Writes the layers of nodes, one after the other. */
function createEmitter(calibration: LayerSources, formats: TensorFormats, fit: WeightFit) {
  const { graph } = calibration
  const list = createLayerList(calibration, formats)
  const { push, read, hold, codes } = list
  return {
    layers: list.layers,
    *emit(index: number, node: GraphNode, bits: LayerBits | null): FitWork<void> {
      list.reach(index)
      const inputs: number[] = []
      for (const [position, source] of node.inputs.entries())
        inputs.push(yield* read(source, formats.wanted(index, position)))
      const output = formats.stored[index] ?? null
      const isConstant = node.inputs.length === 0
      const input = isConstant ? output! : formats.wanted(index, 0)
      const inputShape = toHwc(isConstant ? node.outputShape : inputShapeOf(graph, node))
      const outputShape = toHwc(node.outputShape)
      const common = { name: node.name, inputs, inputShape, outputShape, input }
      if (isWeightedNode(node)) {
        const site = { ...common, node, index, bits: bits!, output, bytes: () => codes.bytesOf(inputs[0]) }
        const depends = codes.signatureOf(inputs[0])
        const make = () => fit(site, depends)
        hold(index, yield* push(node.name, inputs, output, bits, make))
        return
      }
      if (output === null) throw new Error(`node ${node.name} cannot end in sums`)
      if (node.op === 'concat') {
        hold(index, yield* joinParts(graph, node, common, output, push))
        return
      }
      const inputB = node.inputs.length > 1 ? formats.wanted(index, 1) : input
      const made = () => plainLayer(graph, node, common, output, inputB, bits?.weightBits ?? 8)
      hold(index, yield* push(node.name, inputs, output, bits, made))
    },
    /** What follows the last node where it does not end in sums: its codes in ONNX order, as int32 numbers. */
    *end(): FitWork<void> {
      const format = formats.stored[graph.output]
      if (format === null || format === undefined) return
      yield* writeOutput(graph.nodes[graph.output], list.positionOf(graph.output), format, push)
    },
    /** Lets go of the outputs of layers. */
    letGo: () => codes.end()
  }
}

type Push = ReturnType<typeof createLayerList>['push']

/** The output as numbers: put into ONNX order where its storage has another, then written as int32. */
function* writeOutput(node: GraphNode, position: number, format: CodeFormat, push: Push): FitWork<void> {
  const size = sizeOf(node.outputShape)
  const frameOf = (from: number, name: string, shape: ShapeHwc) => ({
    name,
    inputs: [from],
    inputShape: shape,
    outputShape: [1, 1, size] as const,
    input: format
  })
  let from = position
  let shape = toHwc(node.outputShape)
  if (!isOnnxOrder(node.outputShape)) {
    const ordered = orderedLayer(node.outputShape, frameOf(from, `${node.name}.ordered`, shape), format)
    from = yield* push(`${node.name}.ordered`, [from], format, null, () => ordered)
    shape = [1, 1, size]
  }
  const name = `${node.name}.output`
  yield* push(name, [from], null, null, () => ({
    op: 'output',
    ...frameOf(from, name, shape),
    ...writtenCodes(format)
  }))
}

/** One move per input, each into its part of one tensor. */
function* joinParts(
  graph: Graph,
  node: ConcatNode,
  frame: Parameters<typeof plainLayer>[2],
  output: CodeFormat,
  push: Push
): FitWork<number> {
  let into = -1
  for (const [position, places] of concatPlaces(graph, node).entries()) {
    const loops = moveLoops(...byOutput(places))
    if (loops === null) throw new Error(`concat ${node.name} is not a box`)
    const name = `${node.name}.part${position + 1}`
    const inputShape = toHwc(inputShapeOf(graph, node, position))
    const inputs = position === 0 ? [frame.inputs[0]] : [frame.inputs[position], into]
    into = yield* push(name, inputs, output, null, () => ({
      op: 'move',
      ...frame,
      ...writtenCodes(output),
      name,
      inputs,
      inputShape,
      loops,
      fill: null
    }))
  }
  return into
}

/** Which layers' outputs are read by the node that is reached, or by nodes behind it. */
function createReads(graph: Graph) {
  const consumers = consumersOf(graph)
  const nodes = new Map<number, number>()
  let reached = -1
  return {
    reach(node: number): void {
      reached = node
    },
    /** Says that the layer at a position holds a node's output, or a narrower form of it. */
    holds(position: number, node: number): void {
      nodes.set(position, node)
    },
    isReadLater(position: number): boolean {
      const node = nodes.get(position)
      return node !== undefined && consumers[node + 1].some((reader) => reader >= reached)
    }
  }
}

/** About the bytes that a layer keeps. */
function keptBytes(layer: IntegerLayer): number {
  return 256 + ('weights' in layer ? layer.weights.length + 17 * layer.bias.length : 0)
}

/** Copies sorted by where they go: places[i] is the output element of input element i. */
function byOutput(places: Int32Array): [outs: Int32Array, ins: Int32Array] {
  const ins = Int32Array.from(places.keys()).sort((a, b) => places[a] - places[b])
  return [ins.map((at) => places[at]), ins]
}

/** The codes of an image in ONNX order. */
function orderedLayer(
  shape: Shape,
  frame: Parameters<typeof plainLayer>[2],
  format: CodeFormat
): IntegerLayer {
  const places = storagePlaces(shape)
  const loops = moveLoops(Int32Array.from(places.keys()), places)
  if (loops === null) throw new Error('an image in ONNX order is three counts')
  return { op: 'move', ...frame, ...writtenCodes(format), loops, fill: null }
}

function formatKey({ bits, scale, zero }: CodeFormat): string {
  return `${bits}:${scale}:${zero}`
}
