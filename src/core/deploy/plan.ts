import { AppError } from '@shared/errors'
import { formatBytes } from '@shared/units'
import { findBoardKernel, usableRamBytes, type BoardInfo, type BoardKernel } from '../board/boardInfo'
import { layerMacs } from '../kernel/fromLayer'
import { packedBytes } from '../quant/packing'
import { operatorScratch, parameterSize } from './layerParameters'
import {
  elementCount,
  isLast,
  isWeighted,
  type IntegerLayer,
  type QuantizedNetwork
} from '../quant/quantizedNetwork'
import { doubleBufferBytes } from './doubleBuffer'
import { alignUp, placeBuffers, type Lifetime } from './planner'

/**
 * Plan: what a QuantizedNetwork becomes on one board, before a byte is sent. Activations and scratch share one arena, placed
 * by lifetime; weights stay inside the Image. The arena follows the Image in RAM (docs/image.md).
 */
export interface Plan {
  readonly networkName: string
  /** Where the Image goes: the lowest usable address, aligned; in flash where the monitor executes in place. */
  readonly imageAddress: number
  /** Of the arena of an Image in flash; null: it follows the Image. */
  readonly arenaAddress: number | null
  readonly imageBytes: number
  /** Packed weights alone. */
  readonly weightsBytes: number
  readonly arenaBytes: number
  /** No placement can use less. */
  readonly arenaLowerBoundBytes: number
  /** What two alternating buffers and copies of skip connections would take (doubleBuffer.ts). */
  readonly doubleBufferBytes: number
  /** Counters of the layers, behind the arena. */
  readonly countersBytes: number
  /** Image, arena and counters, aligned, or without an Image that lies in flash: RAM above freeFrom(plan) is free. */
  readonly peakRamBytes: number
  /** Beside that: the smallest batch, one image and its outputs, each aligned. */
  readonly batchBytes: number
  readonly usableRamBytes: number
  /** Largest scratch of any layer. */
  readonly scratchBytes: number
  readonly inputOffset: number
  readonly inputBytes: number
  /** int32 logits. */
  readonly outputOffset: number
  readonly outputCount: number
  /** The arena's content over time. */
  readonly blocks: readonly PlanBlock[]
  /** One per layer of the network, in the same order. */
  readonly layers: readonly PlanLayer[]
  /** Firmware the layouts were taken from. */
  readonly firmwareBuildId: number
}

/** A block of the Image with its place, in bytes. */
export interface PlanBlock {
  /** "input", a layer's name, or "<layer> scratch". */
  readonly name: string
  readonly kind: 'activation' | 'scratch'
  readonly offset: number
  readonly sizeBytes: number
  /** Layers (by index, inclusive) during which it keeps its content. */
  readonly firstLayer: number
  readonly lastLayer: number
}

/** A layer of the plan with the places of its operands in the arena. */
export interface PlanLayer {
  readonly name: string
  readonly op: IntegerLayer['op']
  /** Arena offsets. */
  readonly inputOffsets: readonly number[]
  readonly outputOffset: number
  readonly outputBytes: number
  readonly scratchOffset: number
  readonly scratchBytes: number
  /** Weight layout id; 255 for plain codes and layers without weights. */
  readonly weightLayout: number
  readonly weightsBytes: number
  /** Bias, multipliers and shifts, each rounded up to 16 bytes. */
  readonly tableBytes: number
  /** Bytes of blocks that live while this layer runs. */
  readonly liveBytes: number
  readonly macs: number
}

export const plainCodesLayout = 255
/** Bytes of the header (docs/image.md). */
export const imageHeaderBytes = 96
/** Bytes of a layer record (docs/image.md). */
export const layerRecordBytes = 96
/** What the runtime counts of a layer, behind the arena. */
const counterBytes = 24
/** An Image counts its layers in 16 bits. */
const maxLayers = 65_535
const blobAlignment = 16

/**
 * Plans a network for a board.
 * @throws AppError board.unsupportedKernel when the board lacks a kernel the network uses, model.unsupportedShape beyond the Image
 *   format's limits, deploy.outOfMemory with the bytes that are missing.
 */
export function planDeployment(
  network: QuantizedNetwork,
  board: Pick<BoardInfo, 'ram' | 'flash' | 'kernels' | 'buildId' | 'coreName'>
): Plan {
  checkLimits(network)
  const needs = network.layers.map((layer) => layerNeeds(layer, board))
  const roots = network.layers.map((_, index) => rootOf(network, index))
  const lifetimes = arenaLifetimes(network, roots, needs)
  const placement = placeBuffers(lifetimes.map(({ lifetime }) => lifetime))
  const place = new Map(lifetimes.map(({ key }, index) => [key, placement.offsets[index]]))
  const tensorOffset = (index: number): number => place.get(`tensor ${roots[index] ?? -1}`)!

  const blocks = lifetimes.map(({ lifetime, kind }, index) => ({
    name: lifetime.name,
    kind,
    offset: placement.offsets[index],
    sizeBytes: lifetime.sizeBytes,
    firstLayer: lifetime.first,
    lastLayer: lifetime.last
  }))
  const layers = network.layers.map((layer, index): PlanLayer => ({
    name: layer.name,
    op: layer.op,
    inputOffsets: layer.inputs.map((from) => tensorOffset(from)),
    outputOffset: tensorOffset(index),
    outputBytes: outputBytes(layer),
    scratchOffset: place.get(`scratch ${index}`) ?? 0,
    ...needs[index],
    liveBytes: sum(
      blocks.filter((b) => b.firstLayer <= index && index <= b.lastLayer).map((b) => b.sizeBytes)
    ),
    macs: macsOf(layer)
  }))
  const imageBytes =
    imageHeaderBytes +
    layers.length * layerRecordBytes +
    sum(layers.map((layer) => alignUp(layer.weightsBytes, blobAlignment) + layer.tableBytes))
  const countersBytes = counterBytes * layers.length
  const imageAddress = alignUp((board.flash ?? board.ram).low, blobAlignment)
  const arenaAddress = board.flash === undefined ? null : alignUp(board.ram.low, blobAlignment)
  const plan: Plan = {
    networkName: network.name,
    imageAddress,
    arenaAddress,
    imageBytes,
    weightsBytes: sum(layers.map((layer) => layer.weightsBytes)),
    arenaBytes: placement.totalBytes,
    arenaLowerBoundBytes: placement.lowerBoundBytes,
    doubleBufferBytes: doubleBufferBytes(lifetimes.map(({ lifetime, kind }) => ({ ...lifetime, kind }))),
    countersBytes,
    peakRamBytes:
      (arenaAddress === null ? alignUp(imageBytes, blobAlignment) : 0) +
      workBytes(placement.totalBytes, countersBytes),
    batchBytes: 2 * blobAlignment + elementCount(network.inputShape) + 4 * (network.outputCount + 1),
    usableRamBytes: usableRamBytes(board),
    scratchBytes: Math.max(0, ...layers.map((layer) => layer.scratchBytes)),
    inputOffset: tensorOffset(-1),
    inputBytes: elementCount(network.inputShape),
    outputOffset: tensorOffset(network.layers.length - 1),
    outputCount: network.outputCount,
    blocks,
    layers,
    firmwareBuildId: board.buildId
  }
  checkMemory(plan, board)
  return plan
}

/** RAM beside the Image: the arena and, behind it, the layers' counters. */
export function workBytes(arenaBytes: number, countersBytes: number): number {
  return alignUp(alignUp(arenaBytes, 8) + countersBytes, blobAlignment)
}

type LayerNeeds = Pick<PlanLayer, 'scratchBytes' | 'weightLayout' | 'weightsBytes' | 'tableBytes'>

/** What a layer takes beside its activations. */
function layerNeeds(layer: IntegerLayer, board: Pick<BoardInfo, 'kernels' | 'coreName'>): LayerNeeds {
  const none = { scratchBytes: 0, weightLayout: plainCodesLayout, weightsBytes: 0, tableBytes: 0 }
  if (!isWeighted(layer)) {
    const weightsBytes = parameterSize(layer)
    const scratchBytes = operatorScratch(layer)
    if (!('mult' in layer)) return { ...none, weightsBytes }
    // One multiplier but for pools that count; a normalisation keeps its own among its parameters.
    const entries = layer.op === 'normalize' ? 0 : 'inputB' in layer ? 1 : layer.mult.length
    const tableBytes = alignUp(4 * entries, blobAlignment) + alignUp(layer.shift.length, blobAlignment)
    return { ...none, scratchBytes, weightsBytes, tableBytes }
  }
  const kernel = requireKernel(layer, board)
  const outputs = layer.outputShape[2]
  const perOutput = alignUp(4 * outputs, blobAlignment)
  const tableBytes = layer.last ? perOutput : 2 * perOutput + alignUp(outputs, blobAlignment)
  if (layer.op === 'depthwiseConv2d') {
    const scratchBytes = Math.min(layer.outputShape[1], kernel.rowsMax) * innerScratch(kernel, outputs, 0)
    return { scratchBytes, weightLayout: plainCodesLayout, weightsBytes: layer.weights.length, tableBytes }
  }
  const inputs = layer.weights.length / outputs
  return {
    scratchBytes: weightedScratch(layer.op, kernel, outputs, inputs),
    weightLayout: kernel.weightLayout,
    weightsBytes: packedBytes(kernel.weightLayout, layer.weightBits, outputs, inputs),
    tableBytes
  }
}

function innerScratch({ scratch }: BoardKernel, outputs: number, inputs: number): number {
  return scratch.fixedBytes + scratch.bytesPerInput * inputs + scratch.bytesPerOutput * outputs
}

/** docs/image.md "Scratch of dense"; the firmware refuses an Image that gives a layer less. */
function weightedScratch(
  op: 'conv2d' | 'dense',
  kernel: BoardKernel,
  outputs: number,
  inputs: number
): number {
  const inner = innerScratch(kernel, outputs, inputs)
  if (op === 'dense') return alignUp(4 * outputs, 16) + inner
  return alignUp(kernel.rowsMax * inputs, 4) + kernel.rowsMax * outputs * 4 + inner
}

function requireKernel(
  layer: Extract<IntegerLayer, { activationBits: unknown }>,
  board: Pick<BoardInfo, 'kernels' | 'coreName'>
): BoardKernel {
  const name = layer.op === 'dense' ? 'matmul' : layer.op
  const kernel = findBoardKernel(board, name, layer.activationBits, layer.weightBits)
  if (kernel !== undefined) return kernel
  throw new AppError(
    'board.unsupportedKernel',
    `Layer ${layer.name} needs ${name} with ${layer.activationBits}-bit activations and ${layer.weightBits}-bit weights; ${board.coreName} has no such kernel.`,
    'Choose other bits for this layer, or load the monitor that belongs to this Bitbench.',
    {
      details: {
        layer: layer.name,
        kernel: name,
        activationBits: layer.activationBits,
        weightBits: layer.weightBits
      }
    }
  )
}

/** The tensor a layer writes: a flatten's codes lie in its input's, a part that is moved into another's in that one's. */
function rootOf(network: QuantizedNetwork, index: number): number {
  let at = index
  while (at >= 0) {
    const layer = network.layers[at]
    const base = layer.op === 'flatten' ? layer.inputs[0] : layer.op === 'move' ? layer.inputs[1] : undefined
    if (base === undefined) return at
    at = base
  }
  return at
}

interface KeyedLifetime {
  key: string
  kind: PlanBlock['kind']
  lifetime: Lifetime
}

/** Every tensor from the layer that writes it to the last that reads it, and every layer's scratch while it runs. */
function arenaLifetimes(
  network: QuantizedNetwork,
  roots: readonly number[],
  needs: readonly LayerNeeds[]
): KeyedLifetime[] {
  const lastUse = new Map<number, number>()
  for (const [index, layer] of network.layers.entries()) {
    for (const from of layer.inputs) lastUse.set(from < 0 ? -1 : roots[from], index)
    lastUse.set(roots[index], Math.max(index, lastUse.get(roots[index]) ?? 0))
  }
  const tensor = (index: number, name: string, sizeBytes: number): KeyedLifetime => ({
    key: `tensor ${index}`,
    kind: 'activation',
    lifetime: { name, sizeBytes, first: Math.max(0, index), last: lastUse.get(index) ?? Math.max(0, index) }
  })
  const all = [tensor(-1, 'input', elementCount(network.inputShape))]
  for (const [index, layer] of network.layers.entries()) {
    if (roots[index] === index) all.push(tensor(index, layer.name, outputBytes(layer)))
    const sizeBytes = needs[index].scratchBytes
    if (sizeBytes > 0) {
      const lifetime = { name: `${layer.name} scratch`, sizeBytes, first: index, last: index }
      all.push({ key: `scratch ${index}`, kind: 'scratch', lifetime })
    }
  }
  return all
}

function outputBytes(layer: IntegerLayer): number {
  return elementCount(layer.outputShape) * (isLast(layer) ? 4 : 1)
}

/** Multiply-accumulates of one image; 0 for operators that do not multiply matrices. */
function macsOf(layer: IntegerLayer): number {
  if (layer.op === 'product') return layer.rows * layer.columns * layer.inner * layer.batches.length
  if (layer.op === 'recurrent') return layer.recurrence.length * layer.inputShape[0]
  return isWeighted(layer) ? layerMacs(layer) : 0
}

/**
 * Checks a network against the limits of the Image format.
 *
 * @throws AppError model.unsupportedShape for a network that no Image can hold, whatever the board.
 */
export function checkLimits(network: QuantizedNetwork): void {
  const fail = (message: string): never => {
    throw new AppError(
      'model.unsupportedShape',
      message,
      'See the limits of the Image format in docs/image.md.'
    )
  }
  const { layers } = network
  const last = layers.at(-1)
  if (layers.length === 0 || layers.length > maxLayers) {
    fail(`The network has ${layers.length} layers; an Image holds 1 to ${maxLayers}.`)
  }
  if (last === undefined || !isLast(last) || layers.filter(isLast).length > 1) {
    fail('The last layer, and no other, must write the int32 outputs.')
  }
  for (const layer of layers) {
    const sizes = [...layer.inputShape, ...layer.outputShape]
    if (sizes.some((size) => size < 1 || size > 65_535)) {
      fail(`Layer ${layer.name} has a side longer than 65535: ${sizes.join(', ')}.`)
    }
  }
}

/** The first address of RAM that a deployed plan leaves free. */
export function freeFrom({ imageAddress, arenaAddress, peakRamBytes }: Plan): number {
  return (arenaAddress ?? imageAddress) + peakRamBytes
}

/** @throws deploy.outOfMemory with the bytes of flash that are missing */
function checkFlash(plan: Plan, { flash, coreName }: Pick<BoardInfo, 'flash' | 'coreName'>): void {
  if (flash === undefined) return
  const available = Math.max(0, flash.high - plan.imageAddress)
  const shortfallBytes = plan.imageBytes - available
  if (shortfallBytes <= 0) return
  throw new AppError(
    'deploy.outOfMemory',
    `The Image of ${plan.networkName} has ${plan.imageBytes} bytes; ${coreName} has ${available} of flash behind its monitor: ${shortfallBytes} bytes short.`,
    'Lower the weight bits of the largest layers, or link the monitor with fewer kernels (docs/firmware-sizes.md).',
    { details: { neededBytes: plan.imageBytes, availableBytes: available, shortfallBytes } }
  )
}

function checkMemory(plan: Plan, board: Pick<BoardInfo, 'ram' | 'flash' | 'coreName'>): void {
  checkFlash(plan, board)
  const available = Math.max(0, board.ram.high - (plan.arenaAddress ?? plan.imageAddress))
  const needed = plan.peakRamBytes + plan.batchBytes
  const shortfallBytes = needed - available
  if (shortfallBytes <= 0) return
  const parts = [
    ...(plan.arenaAddress === null ? [`Image ${formatBytes(plan.imageBytes)}`] : []),
    `arena ${formatBytes(plan.arenaBytes)}`,
    `counters ${formatBytes(plan.countersBytes)}`,
    `one image and its outputs ${formatBytes(plan.batchBytes)}`
  ]
  throw new AppError(
    'deploy.outOfMemory',
    `${plan.networkName} needs ${needed} bytes ${plan.arenaAddress === null ? '' : 'of RAM '}(${parts.join(', ')}); ${board.coreName} has ${available}: ${shortfallBytes} bytes short.`,
    plan.arenaAddress === null && plan.imageBytes > shortfallBytes
      ? 'Lower the weight bits of the largest layers, or choose a board with more RAM.'
      : 'Lower bits alone cannot save that much: choose a board with more RAM, or a network with smaller tensors.',
    { details: { neededBytes: needed, availableBytes: available, shortfallBytes } }
  )
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
