import { alignUp } from '../../deploy/planner'
import { packedBytes } from '../../quant/packing'
import { bitWidths, type Bits } from '../../quant/scheme'
import { buildCostTable, genesCost } from '../../search/costs/costTable'
import type { SchemeCost } from '../../search/space'
import { blockAlignment, type FindPair } from '../board/decoderImage'
import type { LmConfig } from '../config'
import { placesOf, searchedBits, type Place } from './lmSpace'

/** What program, factors, tables, activations and cache of a decoder take, beside packed weights and scratch. */
export interface DecoderRam {
  /** Bytes from where RAM begins to the end of the decoder's block at 8 bits everywhere. */
  readonly int8Bytes: number
  readonly findPair: FindPair
}

/**
 * Bytes of a board's RAM that a decoder takes, exactly as `planDecoder` lays it out: weights as the board's kernels keep them, and the
 * scratch of the matrix that needs most. The rest is that of all 8 bits.
 */
export function decoderRamCost(config: LmConfig, { int8Bytes, findPair }: DecoderRam): SchemeCost {
  const places = placesOf(config)
  const activationBits = 8
  const packed = ({ rows, columns }: Place, bits: Bits): number =>
    alignUp(packedBytes(findPair(activationBits, bits).weightLayout, bits, rows, columns), blockAlignment)
  const scratch = ({ rows, columns }: Place, bits: Bits): number =>
    findPair(activationBits, bits).scratchBytes(rows, columns)
  // An embedding of its own stays at 8 bits, and its rows are read with that kernel's scratch.
  const embedding = config.tied ? 0 : scratch(places[places.length - 1], 8)
  const largest = (bitsAt: (place: number) => Bits): number =>
    alignUp(
      places.reduce((most, place, at) => Math.max(most, scratch(place, bitsAt(at))), embedding),
      blockAlignment
    )
  const rest = int8Bytes - places.reduce((sum, place) => sum + packed(place, 8), 0) - largest(() => 8)
  const table = buildCostTable(places.length, 'bytes', rest, (place, bits) =>
    packed(places[place], searchedBits.includes(bits) ? bits : 8)
  )
  return {
    unit: 'bytes',
    table,
    isSum: false,
    // Genes of weights stand at even places and count the widths.
    of: (genes) => genesCost(table, genes) + largest((place) => bitWidths[genes[2 * place]])
  }
}
