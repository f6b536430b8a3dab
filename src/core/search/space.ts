import { bitWidths, inputBits, type Bits, type Scheme } from '../quant/scheme'
import type { Random } from '../math/random'

/**
 * The schemes a search chooses from, as genes: position 2l is the weight bits of layer l, 2l + 1 its activation bits,
 * both as an index into bitWidths (0 = 8 bits, 3 = 1 bit). The first layer's activations stay at the input's 8 bits.
 */
export type Genes = Uint8Array

export interface SearchSpace {
  readonly layers: readonly string[]
  /** Multiply-accumulates per layer. */
  readonly macs: readonly number[]
  /** Cost of a scheme in the budget's unit; must be finite and positive. */
  cost(scheme: Scheme): number
}

export const geneChoices = bitWidths.length
/** The one gene that is fixed: the activation bits of the first layer. */
const fixedGene = 1

export function uniformGenes(layers: number, weight: number, activation: number): Genes {
  const genes = new Uint8Array(2 * layers)
  for (let layer = 0; layer < layers; layer++) {
    genes[2 * layer] = weight
    genes[2 * layer + 1] = activation
  }
  return pinned(genes)
}

export function randomGenes(layers: number, random: Random): Genes {
  return pinned(Uint8Array.from({ length: 2 * layers }, () => random.integer(geneChoices)))
}

/** Sets the genes that are not free. */
export function pinned(genes: Genes): Genes {
  if (genes.length > fixedGene) genes[fixedGene] = bitWidths.indexOf(inputBits)
  return genes
}

/** Positions a search may change. */
export function freeGenes(layers: number): number[] {
  return Array.from({ length: 2 * layers }, (_, at) => at).filter((at) => at !== fixedGene)
}

export function schemeOfGenes(space: SearchSpace, genes: Genes): Scheme {
  return space.layers.map((layer, index) => ({
    layer,
    weightBits: bitWidths[genes[2 * index]!] as Bits,
    activationBits: bitWidths[genes[2 * index + 1]!] as Bits
  }))
}

export function genesOfScheme(scheme: Scheme): Genes {
  return Uint8Array.from(
    scheme.flatMap(({ weightBits, activationBits }) => [
      bitWidths.indexOf(weightBits),
      bitWidths.indexOf(activationBits)
    ])
  )
}

export function genesKey(genes: Genes): string {
  return genes.join('')
}

/** Number of different schemes; may be Infinity-large but is exact below 2^53. */
export function spaceSize(layers: number): number {
  return geneChoices ** (2 * layers - 1)
}
