import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { readsIndices, sizeOf, type Graph } from '../../../core/model/graph'
import { indexRowsOf } from '../../../core/model/indexRows'
import type { ItemBatch, ItemSet } from '../../../core/dataset/itemSet'
import { toChannelsFirst } from '../../../core/dataset/prepare'
import type { ShapeHwc } from '../../../core/kernel/shape'
import { indexBytes } from '../../../core/quant/runImported'
import { toHwc } from '../../../core/quant/hwcGraph'
import { realsOfPixels } from '../../../core/quant/runFloat'

/**
 * A data set as a network reads it. A network whose input is a flat vector gets pictures channel by channel, as
 * exporters flatten them.
 * @throws AppError model.unsupportedShape when inputs or outputs do not fit the set
 */
export function fitItems(graph: Graph, set: ItemSet): ItemSet {
  if (readsIndices(graph)) return fitIndices(graph, set)
  checkInput(graph, set)
  checkOutputs(graph, set)
  const [height, width, channels] = set.shape
  const isFlat = graph.inputShape.length === 1 && channels > 1 && height * width > 1
  const limits = limitsReached(graph, set)
  if (!isFlat && set.input !== null && limits === null) return set
  return {
    ...set,
    async read(split, from, count) {
      const batch = await set.read(split, from, count)
      const meant = set.input === null ? asNetworkSays(batch, graph) : batch
      const kept = limits === null ? meant : limited(meant, graphFor(graph, set), limits)
      return isFlat ? channelsFirst(kept, set.shape) : kept
    }
  }
}

type Limits = NonNullable<Graph['inputLimits']>

/** Where the file's codes of the input end, if items may lie beyond by more than half a step of theirs. */
function limitsReached(graph: Graph, set: ItemSet): Limits | null {
  const { inputScale, inputZero, inputLimits } = graphFor(graph, set)
  if (inputLimits === undefined) return null
  const [low, high] = inputLimits
  const slack = inputScale / 2
  const isWithin =
    inputScale * (inputZero - 128) >= low - slack && inputScale * (inputZero + 127) <= high + slack
  return isWithin ? null : inputLimits
}

/** Items limited as the file's QuantizeLinear limits them. */
function limited(batch: ItemBatch, { inputScale, inputZero }: Graph, [low, high]: Limits): ItemBatch {
  const byteOf = (real: number): number =>
    Math.max(0, Math.min(255, Math.round(real / inputScale) + 128 - inputZero))
  const [least, most] = [byteOf(low), byteOf(high)]
  return {
    ...batch,
    reals: batch.reals.map((value) => Math.min(high, Math.max(low, value))),
    bytes: batch.bytes.map((byte) => Math.min(most, Math.max(least, byte)))
  }
}

/** Items of whole numbers, such as tokens, as the pairs of bytes that the network reads. */
function fitIndices(graph: Graph, set: ItemSet): ItemSet {
  const numbers = graph.inputShape[0] / 2
  const size = set.shape[0] * set.shape[1] * set.shape[2]
  if (size !== numbers) {
    throw new AppError(
      'model.unsupportedShape',
      `The network reads ${numbers} whole numbers, the items of "${set.name}" are ${set.shape.join(' x ')}.`,
      'Choose the network that belongs to the set.'
    )
  }
  checkOutputs(graph, set)
  const rows = indexRowsOf(graph)
  return {
    ...set,
    shape: [1, 1, 2 * numbers],
    async read(split, from, count) {
      const batch = await set.read(split, from, count)
      const reals = new Float32Array(2 * batch.reals.length)
      for (let at = 0; at < batch.reals.length; at += size)
        reals.set(indexBytes(batch.reals.subarray(at, at + size), rows), 2 * at)
      return { ...batch, reals, bytes: Uint8Array.from(reals) }
    }
  }
}

/** Bytes whose meaning only the network's file gives. */
function asNetworkSays(batch: ItemBatch, graph: Graph): ItemBatch {
  return { ...batch, reals: realsOfPixels(graph, batch.bytes) }
}

/** The graph with the set's meaning of input bytes. */
export function graphFor(graph: Graph, set: ItemSet): Graph {
  return set.input === null || readsIndices(graph)
    ? graph
    : { ...graph, inputScale: set.input.scale, inputZero: set.input.zero }
}

function channelsFirst(batch: ItemBatch, shape: ShapeHwc): ItemBatch {
  const size = shape[0] * shape[1] * shape[2]
  const bytes = new Uint8Array(batch.bytes.length)
  const reals = new Float32Array(batch.reals.length)
  for (let from = 0; from < bytes.length; from += size) {
    toChannelsFirst(batch.bytes.subarray(from, from + size), shape, bytes.subarray(from, from + size))
    toChannelsFirst(batch.reals.subarray(from, from + size), shape, reals.subarray(from, from + size))
  }
  return { ...batch, bytes, reals }
}

function checkInput(graph: Graph, { shape, name }: ItemSet): void {
  const wanted = toHwc(graph.inputShape)
  const long = (sides: readonly number[]): string => sides.filter((side) => side !== 1).join(' x ')
  const size = shape[0] * shape[1] * shape[2]
  const isFlat = graph.inputShape.length === 1 && graph.inputShape[0] === size
  // Sides of one hold nothing: 1-D data may stand along any axis.
  if (isFlat || wanted.join() === shape.join() || long(wanted) === long(shape)) return
  throw new AppError(
    'model.unsupportedShape',
    `The network reads ${wanted.join(' x ')}, the items of "${name}" are ${shape.join(' x ')}.`,
    remedyFor(wanted, shape)
  )
}

/** What brings items of one shape to another. */
function remedyFor(wanted: ShapeHwc, shape: ShapeHwc): string {
  const [height, width, channels] = wanted
  if ([channels, height, width].join() === shape.join())
    return 'Add the set again with --layout chw: its channels come first.'
  // A row of numbers (1 x 1 x n) is no picture of one channel.
  const isRow = shape[0] === 1 && shape[1] === 1
  if (shape[0] === channels && shape[2] !== channels && !isRow)
    return `Add the set again with --layout chw --size ${height}x${width}: its channels seem to come first.`
  if (channels === 1 && shape[2] === 3) return `Add the set again with --size ${height}x${width} --grey.`
  return channels === shape[2]
    ? `Add the set again with --size ${height}x${width}, or choose the network that belongs to it.`
    : `Choose the network that belongs to the set, or items with ${countOf(channels, 'channel')}.`
}

/** How many outputs a set wants; null when any number will do. */
function outputsWanted(set: ItemSet): number | null {
  switch (set.task) {
    case 'classification':
    case 'nextToken':
      return set.classes
    case 'regression':
      return set.targetWidth
    case 'reconstruction':
      return set.shape[0] * set.shape[1] * set.shape[2]
    case 'unlabelled':
      return null
  }
}

function checkOutputs(graph: Graph, set: ItemSet): void {
  const wanted = outputsWanted(set)
  const given = sizeOf(graph.nodes[graph.output].outputShape)
  if (wanted === null || wanted === given) return
  const what = {
    classification: 'classes',
    nextToken: 'tokens',
    regression: 'numbers to predict',
    reconstruction: 'values'
  }
  throw new AppError(
    'model.unsupportedShape',
    `The network has ${given} ${given === 1 ? 'output' : 'outputs'}; "${set.name}" has ${wanted} ${what[set.task as keyof typeof what]}.`,
    set.task === 'classification'
      ? 'If the labels do not show every class, add the set again with --classes N. Without fitting labels, --task unlabelled compares with the float network.'
      : 'Choose the network that belongs to the set, or add the set with --task unlabelled.'
  )
}
