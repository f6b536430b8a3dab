import { AppError } from '../../shared/errors'

/**
 * Analytic cycle model of the BitFusion accelerator (Sharma et al., ISCA 2018): a systolic array of bit-composable
 * units fed from three double-buffered SRAMs over one DRAM port. A layer is tiled by powers of two over batch, output
 * side, input and output channels; of all tilings that fit and all loop orders, the cheapest counts. Nothing is
 * fitted. Reproduces the published profile tables of the MiCo project row by row (test/unit/sim/bitfusion.test.ts).
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

/** A convolution by its output; a matmul is a 1 x 1 convolution on a 1 x 1 output. */
export interface BitFusionLayer {
  outputHeight: number
  outputWidth: number
  window: number
  inputChannels: number
  outputChannels: number
  activationBits: number
  weightBits: number
}

/** Streams between DRAM and SRAM: activations in, weights in, partial sums in, sums out. */
const [activations, weights, sumsIn, sumsOut] = [0, 1, 2, 3]
const streams = 4
/** Loops over tiles: batch, output columns, output rows, input channels, output channels. */
const loops = 5
/** dependsOn[loop][stream]: whether a step of the loop needs other data of the stream. */
const dependsOn = [
  [true, false, true, true],
  [true, false, true, true],
  [true, false, true, true],
  [true, true, false, false],
  [false, true, true, true]
]

/** Multiplications one unit does per cycle at these widths; bits above maxBits do not fit. */
function unitsPerCycle(bits: number, hardware: BitFusionHardware): number {
  return Math.floor(hardware.maxBits / Math.max(bits, hardware.minBits))
}

/**
 * Cycles of one layer over the whole batch. Throws input.invalid for widths the array cannot hold and
 * input.unsupported when no tile fits into the SRAMs.
 */
export function bitFusionCycles(
  layer: BitFusionLayer,
  hardware: BitFusionHardware = bitFusionDefaults
): number {
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
  const capacity = [
    hardware.activationSramBytes * 4,
    hardware.weightSramBytes * 4,
    hardware.outputSramBytes * 4,
    hardware.outputSramBytes * 4
  ]
  const area = window * window
  const longerSide = Math.max(outputHeight, outputWidth)
  const tiles = new Float64Array(loops)
  const first = new Float64Array(streams)
  let best = Infinity
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
          if (lowerBound(compute, first, tiles, dramBitsPerCycle) >= best) continue
          best = Math.min(best, bestOrder(compute, first, tiles, capacity, dramBitsPerCycle))
        }
      }
    }
  }
  if (best === Infinity) {
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

/** No order can beat this: every stream moved once, or the array never waiting. */
function lowerBound(compute: number, first: Float64Array, tiles: Float64Array, dramBits: number): number {
  let traffic = 0
  let initial = 0
  for (let stream = 0; stream < streams; stream++) {
    let once = first[stream]
    initial += once
    for (let loop = 0; loop < loops; loop++) if (dependsOn[loop][stream]) once *= tiles[loop]
    traffic += once
  }
  return Math.max(compute + initial / dramBits, traffic / dramBits)
}

/**
 * Cheapest loop order of one tiling. From the innermost loop outwards, a stream's buffer grows with every loop it
 * depends on while it fits; from the first that does not, each further loop reloads it. What is loaded before the
 * first step and drained after the last cannot overlap with computing; the rest can.
 */
function bestOrder(
  compute: number,
  first: Float64Array,
  tiles: Float64Array,
  capacity: readonly number[],
  dramBits: number
): number {
  const active: number[] = []
  for (let loop = 0; loop < loops; loop++) if (tiles[loop] > 1) active.push(loop)
  let best = Infinity
  // Traffic and resident size of every stream at every depth of the search.
  const moved = new Float64Array(streams * (loops + 1))
  const resident = new Float64Array(streams * (loops + 1))
  const growing = new Uint8Array(streams * (loops + 1)).fill(1)
  moved.set(first)
  resident.set(first)
  const used = new Uint8Array(loops)

  const place = (depth: number): void => {
    const base = depth * streams
    if (depth === active.length) {
      const initial = resident[base + activations] + resident[base + weights] + resident[base + sumsIn]
      const final = resident[base + sumsOut]
      let total = 0
      for (let stream = 0; stream < streams; stream++) total += moved[base + stream]
      const overlapped = Math.ceil((total - initial - final) / dramBits)
      const cycles =
        Math.max(compute, overlapped) + Math.ceil(initial / dramBits) + Math.ceil(final / dramBits)
      if (cycles < best) best = cycles
      return
    }
    for (const loop of active) {
      if (used[loop] === 1) continue
      used[loop] = 1
      for (let stream = 0; stream < streams; stream++) {
        const from = base + stream
        const to = from + streams
        const depends = dependsOn[loop][stream]
        moved[to] = moved[from] * (depends || growing[from] === 0 ? tiles[loop] : 1)
        growing[to] = growing[from]
        resident[to] = resident[from]
        if (growing[from] === 1 && depends) {
          if (moved[to] > capacity[stream]) growing[to] = 0
          else resident[to] = moved[to]
        }
      }
      place(depth + 1)
      used[loop] = 0
    }
  }
  place(0)
  return best
}
