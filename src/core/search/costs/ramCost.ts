import { AppError } from '../../../shared/errors'
import type { BoardInfo } from '../../board/boardInfo'
import { planDeployment, workBytes, type Plan } from '../../deploy/plan'
import { alignUp, placeBuffers } from '../../deploy/planner'
import { isWeighted, type QuantizedNetwork } from '../../quant/quantizedNetwork'
import { bitWidths, type Bits } from '../../quant/scheme'
import type { Genes, SchemeCost } from '../space'

/** Bytes of a pair the board has no kernel for: beyond every budget. */
const unsupportedBytes = 2 ** 40
const blockAlignment = 16

interface LayerBytes {
  /** Packed weights and tables in the Image. */
  readonly image: number
  readonly scratch: number
}

/**
 * Peak RAM of a deployment's plan on a board (deploy/plan.ts): Image, arena and counters. The Image is a sum over the layers; the
 * arena depends on the scratch of the kernels that serve each pair and is placed as the plan places it. Exact for chains;
 * where one tensor feeds layers of different widths (skip connections), quantizing adds a requantisation operator, 152
 * bytes and its tensor, which is not counted here. Where the Image lies in flash, arena and counters alone; when it exceeds the
 * flash, the Image too, which is beyond every budget.
 * @param network quantized at any scheme: shapes and layers count
 * @throws AppError as planDeployment does, when the board lacks a kernel at 8 bits or the network does not fit the Image format
 */
export function ramCost(
  network: QuantizedNetwork,
  board: Pick<BoardInfo, 'ram' | 'flash' | 'kernels' | 'buildId' | 'coreName'>
): SchemeCost {
  const { flash } = board
  const flashBytes = flash === undefined ? null : flash.high - alignUp(flash.low, blockAlignment)
  const roomy = {
    ...board,
    ram: { ...board.ram, high: board.ram.low + unsupportedBytes },
    flash: flash === undefined ? undefined : { ...flash, high: flash.low + unsupportedBytes }
  }
  const base = planDeployment(atPair(network, 8, 8), roomy)
  const weighted = network.layers.flatMap((layer, index) => (isWeighted(layer) ? [index] : []))
  const pairs = bitWidths.flatMap((weightBits) =>
    bitWidths.map((activationBits) => bytesAtPair(network, roomy, weighted, weightBits, activationBits))
  )
  const bytesOf = (position: number, pair: number): LayerBytes => pairs[pair][position]
  const fixedImage =
    base.imageBytes - weighted.reduce((sum, _, position) => sum + bytesOf(position, 0).image, 0)
  const arenaOf = arenaPlacer(base, network, weighted)
  const minScratch = weighted.map((_, position) =>
    Math.min(...pairs.map((_unused, pair) => bytesOf(position, pair).scratch))
  )
  const int8Arena = arenaOf(weighted.map((_, position) => bytesOf(position, 0).scratch))
  return {
    unit: 'bytes',
    isSum: false,
    of(genes: Genes) {
      const chosen = weighted.map((_, position) =>
        bytesOf(position, 4 * genes[2 * position] + genes[2 * position + 1])
      )
      const image = chosen.reduce((sum, bytes) => sum + bytes.image, fixedImage)
      const arena = arenaOf(chosen.map(({ scratch }) => scratch))
      if (flashBytes === null) return alignUp(image, blockAlignment) + arena
      // More than any share of int8's arena, and less where less is beyond the flash: a search comes down to what fits.
      return image <= flashBytes ? arena : Math.max(arena, int8Arena) + image
    },
    // Wider scratch never makes the arena smaller.
    growsWith: Float64Array.from(
      { length: 16 * weighted.length },
      (_, at) => bytesOf(at >> 4, at & 15).scratch
    ),
    // Budgets are shares of it, also where all 8 bits exceeds the flash.
    ...(flashBytes === null ? {} : { int8: int8Arena }),
    // Of an arena alone no layer has a share.
    table:
      flashBytes === null
        ? {
            unit: 'bytes',
            overhead: fixedImage + arenaOf(minScratch),
            perLayer: Float64Array.from(
              { length: 16 * weighted.length },
              (_, at) => bytesOf(at >> 4, at & 15).image
            )
          }
        : null
  }
}

/** Bytes of arena and counters for the scratch of every weighted layer; remembered, since few kernels differ in it. */
function arenaPlacer(
  base: Plan,
  network: QuantizedNetwork,
  weighted: readonly number[]
): (scratch: readonly number[]) => number {
  const tensors = base.blocks.filter(({ kind }) => kind === 'activation')
  const others = base.blocks.filter(
    ({ kind, firstLayer }) => kind === 'scratch' && !weighted.includes(firstLayer)
  )
  const known = new Map<string, number>()
  return (scratch) => {
    const key = scratch.join()
    let bytes = known.get(key)
    if (bytes === undefined) {
      const own = weighted.map((layer, position) => ({
        name: `${network.layers[layer].name} scratch`,
        sizeBytes: scratch[position],
        first: layer,
        last: layer
      }))
      const kept = [...tensors, ...others].map((block) => ({
        name: block.name,
        sizeBytes: block.sizeBytes,
        first: block.firstLayer,
        last: block.lastLayer
      }))
      const placed = placeBuffers([...kept, ...own.filter(({ sizeBytes }) => sizeBytes > 0)])
      bytes = workBytes(placed.totalBytes, base.countersBytes)
      known.set(key, bytes)
    }
    return bytes
  }
}

function bytesAtPair(
  network: QuantizedNetwork,
  board: Parameters<typeof planDeployment>[1],
  weighted: readonly number[],
  weightBits: Bits,
  activationBits: Bits
): LayerBytes[] {
  const whole = planOrNull(atPair(network, weightBits, activationBits), board)
  return weighted.map((layer) => {
    const recurrences = network.layers.flatMap((other, index) =>
      other.op === 'recurrent' && other.bitsOf === network.layers[layer].name ? [index] : []
    )
    const plan = whole ?? planOrNull(atPair(network, 8, 8, { layer, weightBits, activationBits }), board)
    if (plan === null) return { image: unsupportedBytes, scratch: 0 }
    const image = [layer, ...recurrences].reduce((sum, index) => {
      const { weightsBytes, tableBytes } = plan.layers[index]
      return sum + alignUp(weightsBytes, blockAlignment) + tableBytes
    }, 0)
    return { image, scratch: plan.layers[layer].scratchBytes }
  })
}

function planOrNull(network: QuantizedNetwork, board: Parameters<typeof planDeployment>[1]): Plan | null {
  try {
    return planDeployment(network, board)
  } catch (reason) {
    if (reason instanceof AppError && reason.code === 'board.unsupportedKernel') return null
    throw reason
  }
}

/** The network as its plan sees it with these widths everywhere, but for one layer that has its own. */
function atPair(
  network: QuantizedNetwork,
  weightBits: Bits,
  activationBits: Bits,
  other?: { readonly layer: number; readonly weightBits: Bits; readonly activationBits: Bits }
): QuantizedNetwork {
  return {
    ...network,
    layers: network.layers.map((layer, index) => {
      if (layer.op === 'recurrent' && layer.bitsOf !== null) {
        const isOther = other !== undefined && network.layers[other.layer].name === layer.bitsOf
        return { ...layer, weightBits: isOther ? other.weightBits : weightBits }
      }
      if (!isWeighted(layer)) return layer
      const own = index === other?.layer ? other : { weightBits, activationBits }
      const read = layer.inputs.includes(-1) ? network.inputBits : own.activationBits
      return {
        ...layer,
        input: { ...layer.input, bits: read },
        weightBits: own.weightBits,
        activationBits: read
      }
    })
  }
}
