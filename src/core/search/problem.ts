import type { Bits, LayerBits, Scheme } from '../quant/scheme'
import { bitWidths, inputBits } from '../quant/scheme'

/**
 * What a search is about: which bits every layer may have, what a scheme costs, and how much it may cost. Schemes are
 * handled as genes: index of the weight bits and of the activation bits of each layer, [w0, a0, w1, a1, ...], 0 being
 * the most bits.
 */
export interface SearchProblem {
  readonly layers: readonly string[]
  /** Multiply-accumulates per layer; weighs the features of the accuracy model. */
  readonly macs: readonly number[]
  /** Allowed widths per gene, most bits first. */
  readonly choices: readonly (readonly Bits[])[]
  /** Cost of a scheme in the budget's unit; deterministic. */
  readonly cost: (scheme: Scheme) => number
  /** Most a scheme may cost. */
  readonly budget: number
}

export type Genes = Uint8Array

/** All widths everywhere, except that the first layer reads its input in 8 bits. */
export function allChoices(layers: readonly string[]): (readonly Bits[])[] {
  return layers.flatMap((_, index) => [bitWidths, index === 0 ? [inputBits] : bitWidths])
}

export function schemeOf(problem: Pick<SearchProblem, 'layers' | 'choices'>, genes: Genes): Scheme {
  return problem.layers.map((layer, index): LayerBits => ({
    layer,
    weightBits: problem.choices[2 * index]![genes[2 * index]!]!,
    activationBits: problem.choices[2 * index + 1]![genes[2 * index + 1]!]!
  }))
}

export const genesKey = (genes: Genes): string => genes.join('')

/** Most bits everywhere: the dearest scheme wherever fewer bits are not dearer. */
export function highestGenes(problem: Pick<SearchProblem, 'choices'>): Genes {
  return new Uint8Array(problem.choices.length)
}

/** Fewest bits everywhere. */
export function lowestGenes(problem: Pick<SearchProblem, 'choices'>): Genes {
  return Uint8Array.from(problem.choices, (choices) => choices.length - 1)
}

/** Number of schemes there are, as a double (large spaces overflow nothing). */
export function spaceSize(problem: Pick<SearchProblem, 'choices'>): number {
  return problem.choices.reduce((product, choices) => product * choices.length, 1)
}

/**
 * Cheapest scheme found by walking each gene to its own cheapest width. Costs are sums over layers, so genes of
 * different layers do not interact; both genes of a layer are tried together, because they do.
 */
export function cheapestGenes(problem: SearchProblem): Genes {
  const genes = highestGenes(problem)
  for (let layer = 0; layer < problem.layers.length; layer++) {
    let best = Infinity
    let bestPair: [number, number] = [0, 0]
    for (let w = 0; w < problem.choices[2 * layer]!.length; w++) {
      for (let a = 0; a < problem.choices[2 * layer + 1]!.length; a++) {
        genes[2 * layer] = w
        genes[2 * layer + 1] = a
        const cost = problem.cost(schemeOf(problem, genes))
        if (cost < best) {
          best = cost
          bestPair = [w, a]
        }
      }
    }
    genes[2 * layer] = bestPair[0]
    genes[2 * layer + 1] = bestPair[1]
  }
  return genes
}
