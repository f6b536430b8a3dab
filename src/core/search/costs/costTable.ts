import type { CostUnit } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'
import { bitWidths, type Bits, type Scheme } from '../../quant/scheme'

/**
 * Cost of every layer at every bit pair, so that a search may look up a scheme's cost a million times: a sum over the
 * layers plus what does not depend on the bits.
 */
export interface CostTable {
  readonly unit: CostUnit
  /** The widths it has costs for, most bits first; absent: bitWidths. */
  readonly widths?: readonly Bits[]
  /** Layers x weight widths x activation widths. */
  readonly perLayer: Float64Array
  /** The other operators. */
  readonly overhead: number
}

/**
 * Cost of a scheme: overhead and the sum over its layers, in the table's unit.
 * @throws AppError scheme.invalid for a width the table has no cost for
 */
export function costOf({ perLayer, overhead, widths = bitWidths }: CostTable, scheme: Scheme): number {
  const place = (layer: string, bits: Bits): number => {
    const index = widths.indexOf(bits)
    if (index >= 0) return index
    throw new AppError(
      'scheme.invalid',
      `There is no cost for ${bits} bits (layer "${layer}"), only for ${widths.join(', ')}.`,
      'Choose one of those widths, or another cost.'
    )
  }
  return scheme.reduce((sum, { layer, weightBits, activationBits }, at) => {
    const row = at * widths.length + place(layer, weightBits)
    return sum + perLayer[row * widths.length + place(layer, activationBits)]
  }, overhead)
}

/** The same for genes (space.ts). */
export function genesCost({ perLayer, overhead, widths = bitWidths }: CostTable, genes: Uint8Array): number {
  const count = widths.length
  let sum = overhead
  for (let at = 0; at < genes.length; at += 2) {
    sum += perLayer[((at >> 1) * count + genes[at]) * count + genes[at + 1]]
  }
  return sum
}

/** Fills a table from a function of layer and bits. */
export function buildCostTable(
  layers: number,
  unit: CostTable['unit'],
  overhead: number,
  cost: (layer: number, weightBits: Bits, activationBits: Bits) => number,
  widths: readonly Bits[] = bitWidths
): CostTable {
  const perLayer = new Float64Array(layers * widths.length ** 2)
  let at = 0
  for (let layer = 0; layer < layers; layer++) {
    for (const weightBits of widths) {
      for (const activationBits of widths) perLayer[at++] = cost(layer, weightBits, activationBits)
    }
  }
  return { unit, widths, perLayer, overhead }
}
