import type { Bits, Scheme } from '../../quant/scheme'
import { buildCostTable } from '../../search/costs/costTable'
import { createSpace, tableCost, type Genes, type SchemeCost, type SearchSpace } from '../../search/space'
import type { CountUnit } from '../../../shared/vocabulary'
import { matrixNames, matrixShape, type LmConfig, type MatrixName } from '../config'
import { costOfTerms, predictStep, type DecoderProxy } from '../cost/decoderProxy'
import { fetchTerm, matrixTerms } from '../cost/stepTerms'
import { uniformLmScheme, type LmScheme } from '../integer/lmScheme'

/** A matrix of a decoder, as a search knows it: `0.wq` … or `cls`. */
export interface Place {
  readonly name: string
  readonly rows: number
  readonly columns: number
  /** Null: the classifier. */
  readonly at: { readonly layer: number; readonly matrix: MatrixName } | null
}

/** The matrices of a decoder in the order of the search's layers. */
export function placesOf(config: LmConfig): Place[] {
  const places: Place[] = []
  for (let layer = 0; layer < config.layers; layer++)
    for (const matrix of matrixNames)
      places.push({ name: `${layer}.${matrix}`, ...matrixShape(config, matrix), at: { layer, matrix } })
  return [...places, { name: 'cls', rows: config.vocabulary, columns: config.dim, at: null }]
}

/** The decoder's scheme of weight bits by matrix; activations stay at 8 bits. */
export function lmSchemeOf(config: LmConfig, found: Scheme, cacheBits: 8 | 4): LmScheme {
  const base = uniformLmScheme(config, 8, 8, cacheBits)
  const layers = base.layers.map((layer) => ({ ...layer }))
  let { classifier } = base
  for (const [index, { at }] of placesOf(config).entries()) {
    const bits = { weightBits: found[index].weightBits, activationBits: 8 as const }
    if (at === null) classifier = bits
    else layers[at.layer][at.matrix] = bits
  }
  return { layers, classifier, cacheBits }
}

/** Weight bits that a search chooses from. */
export const searchedBits: readonly Bits[] = [8, 4, 2]

/**
 * The weight bits of every matrix as a search space.
 * @param costs of a scheme, from `latencyCost`, `weightCost` or `decoderRamCost`
 */
export function lmSpace(config: LmConfig, ...costs: SchemeCost[]): SearchSpace {
  const places = placesOf(config)
  return createSpace({
    layers: places.map(({ name }) => name),
    macs: places.map(({ rows, columns }) => rows * columns),
    costs,
    allowed: places.map(({ name }) => ({ layer: name, weightBits: searchedBits, activationBits: [8] }))
  })
}

/** Places that follow each other with nothing between them that takes the code's place (layerTerms). */
function neighbours(places: readonly Place[]): [number, number][] {
  const indexOf = new Map(places.map(({ name }, index) => [name, index]))
  const layers = (places.length - 1) / matrixNames.length
  const pairs: [string, string][] = []
  for (let layer = 0; layer < layers; layer++) {
    const next = layer + 1 < layers ? `${layer + 1}.wq` : 'cls'
    const own = (['wq wk', 'wk wv', 'wo w1', 'w1 w3', 'w3 w2'] as const).map((two) => two.split(' '))
    for (const [a, b] of own) pairs.push([`${layer}.${a}`, `${layer}.${b}`])
    pairs.push([`${layer}.w2`, next])
  }
  return pairs.map(([a, b]) => [indexOf.get(a) ?? 0, indexOf.get(b) ?? 0])
}

/** Predicted cost of a token at the middle of the sequence: a sum over matrices, and code that is fetched where bits change. */
export function latencyCost(
  config: LmConfig,
  proxy: DecoderProxy,
  { cacheBits, unit }: { cacheBits: 8 | 4; unit: CountUnit }
): SchemeCost {
  const places = placesOf(config)
  const middle = Math.floor(config.sequenceLength / 2)
  const ofMatrix = ({ rows, columns }: Place, weightBits: Bits): number =>
    costOfTerms(proxy, matrixTerms(rows, columns, { weightBits, activationBits: 8 }))
  const whole = predictStep(proxy, { config, scheme: uniformLmScheme(config, 8, 8, cacheBits) }, middle)
  const matrices = places.reduce((sum, place) => sum + ofMatrix(place, 8), 0)
  // Reading the token's row out of the classifier takes as long at any bits, to less than a percent of a token.
  const sum = tableCost(
    buildCostTable(places.length, unit, whole - matrices, (place, weightBits) =>
      ofMatrix(places[place], searchedBits.includes(weightBits) ? weightBits : 8)
    )
  )
  const fetch = proxy.costs[fetchTerm] ?? 0
  const pairs = neighbours(places)
  // Genes of weights stand at even places; activations have one width.
  const changes = (genes: Genes): number =>
    pairs.reduce((count, [a, b]) => count + (genes[2 * a] === genes[2 * b] ? 0 : 1), 0)
  return { ...sum, isSum: false, of: (genes) => sum.of(genes) + fetch * changes(genes) }
}

/** Bytes of the packed weights, without the padding of their last words. */
export function weightCost(config: LmConfig): SchemeCost {
  const places = placesOf(config)
  return tableCost(
    buildCostTable(
      places.length,
      'bytes',
      0,
      (place, weightBits) => (places[place].rows * places[place].columns * weightBits) / 8
    )
  )
}
