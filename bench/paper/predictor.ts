import { createRandom } from '../../src/core/math/random'
import { spearman } from '../../src/core/math/correlation'
import type { Candidate } from '../../src/core/search/candidate'
import { fitLossModel } from '../../src/core/search/loss/lossModel'
import { probesOf, sensitivityOf, widestGenes } from '../../src/core/search/loss/probes'
import {
  createSpace,
  genesKey,
  randomGenes,
  schemeOfGenes,
  tableCost,
  type Genes,
  type SearchSpace
} from '../../src/core/search/space'
import { fitSurrogate } from '../../src/core/search/loss/surrogate'
import { mean, searchTable, type Experiment } from './experiment'
import type { SearchTable } from '../search/table'

const counts = [16, 32, 48, 96]
const holdoutSchemes = 400

/** The published random forest and the loss model of `auto`, judged on schemes that neither has seen. */
export const predictor: Experiment = {
  question: 'How well do predictors rank schemes they were not fitted to?',
  async run({ seeds }) {
    const table = searchTable()
    const space = createSpace({ layers: table.layers, macs: table.macs, costs: [tableCost(table.bops)] })
    const rows = []
    for (const count of counts) {
      const ranks = { forestSeen: [] as number[], forest: [] as number[], probes: [] as number[] }
      for (let seed = 1; seed <= seeds; seed++) {
        const random = createRandom(seed)
        const drawn = draw(table, space, count + holdoutSchemes, random)
        const [fitted, judged] = [drawn.slice(0, count), drawn.slice(count)]
        const truth = (list: readonly Genes[]) =>
          list.map((genes) => -table.measure(schemeOfGenes(space, genes)).kl)
        const forest = fitSurrogate(space, fitted.map(candidateOf(table, space)), 'kl', seed)
        const rank = (values: ArrayLike<number>, list: readonly Genes[]): number =>
          spearman(Float64Array.from(values), Float64Array.from(truth(list))) ?? NaN
        ranks.forestSeen.push(rank(forest.predict(fitted).score, fitted))
        ranks.forest.push(rank(forest.predict(judged).score, judged))
        ranks.probes.push(rank(probed(table, space, fitted, count, judged), judged))
      }
      rows.push([
        count,
        mean(ranks.forestSeen).toFixed(3),
        mean(ranks.forest).toFixed(3),
        mean(ranks.probes).toFixed(3)
      ])
    }
    const title = `Spearman of predicted and true KL on ${holdoutSchemes} schemes that were held out, ${seeds} seeds`
    const columns = [
      'schemes fitted',
      'random forest, its own schemes',
      'random forest, held out',
      'probes and Gaussian process of auto, held out'
    ]
    return [{ title, columns, rows }]
  }
}

/** Different random schemes that were evaluated; the table lacks those with 1-bit activations in two places. */
function draw(
  table: SearchTable,
  space: SearchSpace,
  count: number,
  random: ReturnType<typeof createRandom>
): Genes[] {
  const found = new Map<string, Genes>()
  while (found.size < count) {
    const genes = randomGenes(space, random)
    if (table.measure(schemeOfGenes(space, genes)).kl < 20) found.set(genesKey(genes), genes)
  }
  return [...found.values()]
}

const candidateOf =
  (table: SearchTable, space: SearchSpace) =>
  (genes: Genes, index: number): Candidate => {
    const scheme = schemeOfGenes(space, genes)
    const measure = table.measure(scheme)
    const facts = { index, batch: 0, scheme, cost: 0, costs: [0], feasible: true, phase: 'search' as const }
    return { ...facts, ...measure, loss: measure.kl, expectedLoss: null }
  }

/** The same number of evaluations: int8, one probe per width, the rest random schemes. */
function probed(
  table: SearchTable,
  space: SearchSpace,
  fitted: readonly Genes[],
  count: number,
  judged: readonly Genes[]
): number[] {
  const probes = probesOf(space, count)
  const first = [widestGenes(space), ...probes.map(({ genes }) => genes)]
  const history = [...first, ...fitted.slice(0, Math.max(0, count - first.length))].map(
    candidateOf(table, space)
  )
  const model = fitLossModel(space, history, sensitivityOf(space, history, probes))
  return judged.map((genes) => -model.predict(genes).mean)
}
