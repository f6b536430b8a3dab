import type { CostUnit } from '../../shared/vocabulary'
import { bitWidths, type Bits, type Scheme } from '../quant/scheme'

/**
 * Cost of every layer at every bit pair, so that a search may ask for a scheme's cost a million times: a sum over the
 * layers plus what does not depend on the bits.
 */
export interface CostTable {
  readonly unit: CostUnit
  /** Layers x 4 weight widths x 4 activation widths, in the order of bitWidths. */
  readonly perLayer: Float64Array
  /** The other operators. */
  readonly overhead: number
}

const widths = bitWidths.length
const widthIndex: Readonly<Record<Bits, number>> = { 8: 0, 4: 1, 2: 2, 1: 3 }

/** Cost of a scheme: overhead and the sum over its layers, in the table's unit. */
export function costOf(table: CostTable, scheme: Scheme): number {
  let sum = table.overhead
  for (let layer = 0; layer < scheme.length; layer++) {
    const { weightBits, activationBits } = scheme[layer]
    sum += table.perLayer[(layer * widths + widthIndex[weightBits]) * widths + widthIndex[activationBits]]
  }
  return sum
}

/** The same for genes (space.ts). */
export function genesCost(table: CostTable, genes: Uint8Array): number {
  let sum = table.overhead
  for (let at = 0; at < genes.length; at += 2) sum += table.perLayer[8 * at + 4 * genes[at] + genes[at + 1]]
  return sum
}

/** Fills a table from a function of layer and bits. */
export function buildCostTable(
  layers: number,
  unit: CostTable['unit'],
  overhead: number,
  cost: (layer: number, weightBits: Bits, activationBits: Bits) => number
): CostTable {
  const perLayer = new Float64Array(layers * widths * widths)
  let at = 0
  for (let layer = 0; layer < layers; layer++) {
    for (const weightBits of bitWidths) {
      for (const activationBits of bitWidths) perLayer[at++] = cost(layer, weightBits, activationBits)
    }
  }
  return { unit, perLayer, overhead }
}
