import { AppError } from '../../shared/errors'
import {
  activations,
  bestOrder,
  loops,
  lowerBound,
  streams,
  sumsIn,
  sumsOut,
  weights,
  type LoopOrder
} from './loopOrder'

/**
 * Analytic cycle model of the BitFusion accelerator (Sharma et al., ISCA 2018): a systolic array of bit-composable
 * units fed from three double-buffered SRAMs over one DRAM port. A layer is tiled by powers of two over batch, output
 * side, input and output channels; of all tilings that fit and all loop orders, the cheapest counts. Nothing is
 * fitted. Reproduces the published profile tables of the MiCo project row by row (test/integration/core/accelerator/bitfusion.test.ts).
 */
export interface BitFusionHardware {
  /** Units along the axis that sums over input channels and window. */
  rows: number
  /** Units along the axis of output channels. */
  columns: number
  /** SRAM sizes; half of each is usable, the other half is being filled. */
  activationSramBytes: number
  weightSramBytes: number
  outputSramBytes: number
  /** Width of the DRAM port in bits per cycle. */
  dramBitsPerCycle: number
  /** Images processed together. */
  batch: number
  outputBits: number
  /** Narrowest and widest operand of one unit. */
  minBits: number
  maxBits: number
}

/**
 * The configuration behind the published tables. The weight SRAM is the larger one: with 64 KB for activations and
 * 32 KB for weights 50 of the 343 published matmul rows come out wrong.
 */
export const bitFusionDefaults: BitFusionHardware = {
  rows: 16,
  columns: 32,
  activationSramBytes: 32 * 1024,
  weightSramBytes: 64 * 1024,
  outputSramBytes: 16 * 1024,
  dramBitsPerCycle: 128,
  batch: 16,
  outputBits: 32,
  minBits: 2,
  maxBits: 8
}

/** The usual array with some sizes of its own; what is undefined stays as it is. */
export function bitFusionHardware(changes: {
  readonly [K in keyof BitFusionHardware]?: number | undefined
}): BitFusionHardware {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined)
  return { ...bitFusionDefaults, ...Object.fromEntries(given) }
}

/** A convolution by its output; a matmul is a 1 x 1 convolution on a 1 x 1 output. */
export interface BitFusionLayer {
  outputHeight: number
  outputWidth: number
  /** Side of the window; of an oblong one the root of its taps. */
  window: number
  inputChannels: number
  outputChannels: number
  activationBits: number
  weightBits: number
}

/** Multiplications one unit does per cycle at these widths; bits above maxBits do not fit. */
function unitsPerCycle(bits: number, hardware: BitFusionHardware): number {
  return Math.floor(hardware.maxBits / Math.max(bits, hardware.minBits))
}

/** How one layer runs: its tiles, loop order, buffers, traffic and cycles over the whole batch. */
export interface BitFusionPlan {
  readonly cycles: number
  /** Cycles in which the array computes; the rest waits for the port. */
  readonly computeCycles: number
  readonly tile: BitFusionExtent
  /** Steps over tiles per dimension. */
  readonly steps: BitFusionExtent
  /** Dimensions with more than one step, outermost loop first. */
  readonly order: readonly (keyof BitFusionExtent)[]
  /** Bytes the layer keeps in each SRAM at once; half of every SRAM is usable. */
  readonly bufferBytes: { readonly activations: number; readonly weights: number; readonly outputs: number }
  /** Bytes over the DRAM port: activations, weights and partial sums in, sums out. */
  readonly dramBytes: {
    readonly activations: number
    readonly weights: number
    readonly sumsIn: number
    readonly sumsOut: number
  }
}

/** Sizes or steps along the dimensions that are tiled. */
export interface BitFusionExtent {
  readonly batch: number
  readonly outputWidth: number
  readonly outputHeight: number
  readonly inputChannels: number
  readonly outputChannels: number
}

const loopNames = ['batch', 'outputWidth', 'outputHeight', 'inputChannels', 'outputChannels'] as const

/**
 * Cycles of one layer over the whole batch. Throws input.invalid for widths the array cannot hold and
 * input.unsupported when no tile fits into the SRAMs.
 */
export function bitFusionCycles(
  layer: BitFusionLayer,
  hardware: BitFusionHardware = bitFusionDefaults
): number {
  return cheapestTiling(layer, hardware).cycles
}

/** The tiling behind bitFusionCycles, in full. Throws as bitFusionCycles. */
export function bitFusionPlan(
  layer: BitFusionLayer,
  hardware: BitFusionHardware = bitFusionDefaults
): BitFusionPlan {
  const { cycles, compute, first, tiles, tile } = cheapestTiling(layer, hardware)
  let order: LoopOrder = { outermostFirst: [], residentBits: [], movedBits: [] }
  bestOrder(compute, first, tiles, capacityOf(hardware), hardware.dramBitsPerCycle, (found) => {
    order = found
  })
  const bytes = (bits: number | undefined): number => Math.ceil((bits ?? 0) / 8)
  return {
    cycles,
    computeCycles: compute,
    tile: extentOf(tile),
    steps: extentOf(Array.from(tiles)),
    order: order.outermostFirst.map((loop) => loopNames[loop]),
    bufferBytes: {
      activations: bytes(order.residentBits[activations]),
      weights: bytes(order.residentBits[weights]),
      outputs: bytes(order.residentBits[sumsOut])
    },
    dramBytes: {
      activations: bytes(order.movedBits[activations]),
      weights: bytes(order.movedBits[weights]),
      sumsIn: bytes(order.movedBits[sumsIn]),
      sumsOut: bytes(order.movedBits[sumsOut])
    }
  }
}

function extentOf(sizes: readonly number[]): BitFusionExtent {
  return {
    batch: sizes[0] ?? 1,
    outputWidth: sizes[1] ?? 1,
    outputHeight: sizes[2] ?? 1,
    inputChannels: sizes[3] ?? 1,
    outputChannels: sizes[4] ?? 1
  }
}

/** Usable bits per stream: half of every SRAM, as the other half is being filled. */
function capacityOf(hardware: BitFusionHardware): number[] {
  return [
    hardware.activationSramBytes * 4,
    hardware.weightSramBytes * 4,
    hardware.outputSramBytes * 4,
    hardware.outputSramBytes * 4
  ]
}

interface Tiling {
  readonly cycles: number
  /** Cycles of computing alone. */
  readonly compute: number
  /** Bits of one tile per stream. */
  readonly first: Float64Array
  /** Steps per loop. */
  readonly tiles: Float64Array
  /** Size of a tile along every loop. */
  readonly tile: readonly number[]
}

function cheapestTiling(layer: BitFusionLayer, hardware: BitFusionHardware): Tiling {
  const { activationBits, weightBits, window, inputChannels, outputChannels, outputHeight, outputWidth } =
    layer
  const lanes = unitsPerCycle(activationBits, hardware) * unitsPerCycle(weightBits, hardware) * hardware.rows
  if (lanes < 1 || activationBits < 1 || weightBits < 1) {
    throw new AppError(
      'input.invalid',
      `BitFusion computes up to ${hardware.maxBits} bits, not activations of ${activationBits} with weights of ${weightBits}.`,
      `Give bit widths from 1 to ${hardware.maxBits}.`
    )
  }
  const { batch, columns, outputBits, dramBitsPerCycle } = hardware
  const capacity = capacityOf(hardware)
  // The side of an oblong window is a root: 1 x 5 squared again is 5.000000000000001, a step of the array too many.
  const area = Math.round(window * window)
  const longerSide = Math.max(outputHeight, outputWidth)
  const tiles = new Float64Array(loops)
  const first = new Float64Array(streams)
  let best: Tiling | null = null
  for (let b = exponents(batch); b >= 0; b--) {
    const tileBatch = Math.min(1 << b, batch)
    tiles[0] = Math.ceil(batch / tileBatch)
    for (let o = exponents(longerSide); o >= 0; o--) {
      const tileWidth = Math.min(1 << o, outputWidth)
      const tileHeight = Math.min(1 << o, outputHeight)
      tiles[1] = Math.ceil(outputWidth / tileWidth)
      tiles[2] = Math.ceil(outputHeight / tileHeight)
      const positions = tileBatch * tileWidth * tileHeight
      for (let i = exponents(inputChannels); i >= 0; i--) {
        const tileInputs = Math.min(2 ** i, inputChannels)
        tiles[3] = Math.ceil(inputChannels / tileInputs)
        const steps = Math.ceil((area * tileInputs) / lanes)
        first[activations] = positions * area * tileInputs * activationBits
        if (first[activations] > capacity[activations]) continue
        for (let c = exponents(outputChannels); c >= 0; c--) {
          const tileOutputs = Math.min(2 ** c, outputChannels)
          tiles[4] = Math.ceil(outputChannels / tileOutputs)
          const columnPasses = Math.ceil(tileOutputs / columns)
          first[weights] = steps * lanes * tileOutputs * weightBits
          first[sumsIn] = first[sumsOut] = positions * columnPasses * columns * outputBits
          if (first[weights] > capacity[weights] || first[sumsIn] > capacity[sumsIn]) continue
          const compute =
            tiles[0] * tiles[1] * tiles[2] * tiles[3] * tiles[4] * positions * columnPasses * steps
          const least: number = best?.cycles ?? Infinity
          if (lowerBound(compute, first, tiles, dramBitsPerCycle) >= least) continue
          const cycles = bestOrder(compute, first, tiles, capacity, dramBitsPerCycle)
          if (cycles >= least) continue
          const tile = [tileBatch, tileWidth, tileHeight, tileInputs, tileOutputs]
          best = { cycles, compute, first: first.slice(), tiles: tiles.slice(), tile }
        }
      }
    }
  }
  if (best === null) {
    throw new AppError(
      'input.unsupported',
      `No tile of a ${window} x ${window} layer at ${activationBits} and ${weightBits} bits fits into the SRAMs.`,
      'Give the hardware larger SRAMs or the layer a smaller window.'
    )
  }
  return best
}

/** Largest exponent of a power-of-two tiling: the first power that covers `size`. */
function exponents(size: number): number {
  return Math.ceil(Math.log2(size))
}
