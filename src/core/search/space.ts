import { AppError } from '../../shared/errors'
import { bitWidths, inputBits, isKernelBits, schemeWidths, type Bits, type Scheme } from '../quant/scheme'
import type { Random } from '../math/random'
import type { AllowedBits } from './allowedBits'
import { genesCost, type CostTable } from './costs/costTable'
import type { CostUnit } from '../../shared/vocabulary'

/**
 * The schemes a search chooses from, as genes: position 2l holds the weight bits of layer l, 2l + 1 its activation bits,
 * each as an index into the space's widths (0 is 8 bits). The first layer's activations stay at the input's 8 bits.
 */
export type Genes = Uint8Array

/** A quantity a budget may limit. */
export interface SchemeCost {
  readonly unit: CostUnit
  /** Finite and positive. */
  of(genes: Genes): number
  /** What budgets are shares of; absent: the cost of all 8 bits. */
  readonly int8?: number
  /**
   * The cost as a sum over the layers; where it is none (the peak of a memory plan), a sum that never exceeds it. Null: nothing
   * is known of single layers.
   */
  readonly table: CostTable | null
  /** Whether the table's sum is the cost itself. */
  readonly isSum: boolean
  /** Where it is not: what the rest of the cost grows with, by layer and pair as in the table; absent: nothing is known of it. */
  readonly growsWith?: Float64Array
}

/** Layers, allowed bits and costs of a search. */
export interface SearchSpace {
  readonly layers: readonly string[]
  /** Multiply-accumulates per layer. */
  readonly macs: readonly number[]
  /** Widths that genes count, most bits first; the tables of all costs have them. */
  readonly widths: readonly Bits[]
  /** What the budgets limit, in their order; at least one. */
  readonly costs: readonly SchemeCost[]
  /** Allowed genes of every position, most bits first. A position with one choice is pinned. */
  readonly choices: readonly (readonly number[])[]
}

/** The one gene that is always fixed: the activation bits of the first layer. */
const inputGene = 1

/** Returns the cost that a table of layer costs gives. */
export function tableCost(table: CostTable): SchemeCost {
  return { unit: table.unit, table, isSum: true, of: (genes) => genesCost(table, genes) }
}

/**
 * Returns the schemes that a search may try.
 *
 * @throws AppError search.invalid when `allowed` names an unknown layer or leaves a layer without a width.
 */
export function createSpace(options: {
  readonly layers: readonly string[]
  readonly macs: readonly number[]
  readonly costs: readonly SchemeCost[]
  readonly allowed?: readonly AllowedBits[]
  /** Default: bitWidths. */
  readonly widths?: readonly Bits[]
}): SearchSpace {
  const { layers, macs, costs, allowed = [], widths = bitWidths } = options
  requireWidths(costs, widths)
  const genesOf = (wanted: readonly number[]): number[] =>
    widths.flatMap((bits, gene) => (wanted.includes(bits) ? [gene] : []))
  const usual = genesOf(bitWidths)
  const choices: (readonly number[])[] = layers.flatMap(() => [usual, usual])
  for (const { layer, weightBits, activationBits } of allowed) {
    const index = layers.indexOf(layer)
    if (index < 0) {
      throw invalid(`The network has no layer "${layer}".`, `Its weighted layers: ${layers.join(', ')}.`)
    }
    for (const [offset, wanted] of [weightBits, activationBits].entries()) {
      if (wanted === undefined) continue
      const genes = genesOf(wanted)
      if (genes.length === 0)
        throw invalid(`Layer "${layer}" is left without a width.`, 'Allow at least one.')
      choices[2 * index + offset] = genes
    }
  }
  if (choices.length > inputGene) choices[inputGene] = genesOf([inputBits])
  return { layers, macs, widths, costs, choices }
}

function requireWidths(costs: readonly SchemeCost[], widths: readonly Bits[]): void {
  const other = costs.find(
    ({ table }) => table !== null && (table.widths ?? bitWidths).join() !== widths.join()
  )
  if (other === undefined) return
  throw invalid(
    `A cost in ${other.unit} is known for ${(other.table?.widths ?? bitWidths).join(', ')} bits, the search asks for ${widths.join(', ')}.`,
    'Choose widths that every cost knows.'
  )
}

/** The widths a search with these restrictions needs: bitWidths, or every one where they name another. */
export function widthsFor(allowed: readonly AllowedBits[]): readonly Bits[] {
  return widthsHolding(
    allowed.flatMap(({ weightBits = [], activationBits = [] }) => [...weightBits, ...activationBits])
  )
}

/** bitWidths where they hold all of these, else every width. */
export function widthsHolding(bits: readonly Bits[]): readonly Bits[] {
  return bits.every(isKernelBits) ? bitWidths : schemeWidths
}

/** The same widths everywhere; where a layer does not have them, its next wider ones, else its widest. */
export function uniformGenes(space: SearchSpace, weight: number, activation: number): Genes {
  return Uint8Array.from(space.choices, (allowed, at) => nearest(allowed, at % 2 === 0 ? weight : activation))
}

function nearest(allowed: readonly number[], gene: number): number {
  let best = allowed[0]
  for (const choice of allowed) if (choice <= gene) best = choice
  return best
}

/** Draws a scheme uniformly from the allowed bits. */
export function randomGenes(space: SearchSpace, random: Random): Genes {
  return Uint8Array.from(space.choices, (allowed) => allowed[random.integer(allowed.length)])
}

/** Positions a search may change. */
export function freeGenes(space: SearchSpace): number[] {
  return space.choices.flatMap((allowed, at) => (allowed.length > 1 ? [at] : []))
}

/** Returns the scheme of genes: [weights, activations] per layer. */
export function schemeOfGenes(space: SearchSpace, genes: Genes): Scheme {
  return space.layers.map((layer, index) => ({
    layer,
    weightBits: space.widths[genes[2 * index]],
    activationBits: space.widths[genes[2 * index + 1]]
  }))
}

/** Returns the genes of a scheme, as indices into the widths. */
export function genesOfScheme(scheme: Scheme, widths: readonly Bits[] = bitWidths): Genes {
  const genes = new Uint8Array(2 * scheme.length)
  for (const [layer, { weightBits, activationBits }] of scheme.entries()) {
    genes[2 * layer] = widths.indexOf(weightBits)
    genes[2 * layer + 1] = widths.indexOf(activationBits)
  }
  return genes
}

/** Text that is equal for equal genes. */
export function genesKey(genes: Genes): string {
  return genes.join('')
}

/** Number of different schemes; exact below 2^53. */
export function spaceSize(space: SearchSpace): number {
  return space.choices.reduce((product, allowed) => product * allowed.length, 1)
}

function invalid(message: string, hint: string): AppError {
  return new AppError('search.invalid', message, hint)
}
