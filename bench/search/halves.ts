import path from 'node:path'
import { mean } from '../../src/core/math/mean'
import { createRandom } from '../../src/core/math/random'
import type { LabelledImages } from '../../src/core/model/dataSet'
import { measureScores } from '../../src/core/model/scoreMeasure'
import { schemeKey, type Scheme } from '../../src/core/quant/scheme'
import { schemeScores } from '../../src/main/model/accuracy/schemeAccuracy'
import { openBench, quantizeOn, type ModelBench } from '../../src/main/model/modelWorkspace'
import { quietTask } from '../quietTask'
import { rowsWithin, type TableBudget } from './choices'
import type { SearchTable } from './table'

/** Who chooses among the schemes of a budget. */
export const choosers = [
  'least KL on the search images',
  'most right of the other 5,000 test images',
  'most right of all 10,000 test images'
] as const

/** Mean regret of one budget, points, by chooser; measured on halves of the test images. */
export interface HalvesRow {
  readonly cost: TableBudget[0]
  readonly budget: number
  readonly regrets: readonly number[]
  /** The first chooser's regret on each half; halves are the same for every budget. */
  readonly byHalf: readonly number[]
  /** Regret on each of as many fresh samples of the scheme that is best of the population they are drawn from. */
  readonly byFresh: readonly number[]
}

const modelsFolder = path.resolve('resources/models')

/**
 * What regret on half of the test images even choosers have that know more than any search: the `count` schemes of least KL
 * within each budget are fitted by this product, run on all test images and chosen among on random halves.
 * @throws AppError where the full test set is not installed
 */
export async function regretOnHalves(
  table: SearchTable,
  budgets: readonly TableBudget[],
  count: number,
  halves: number
): Promise<HalvesRow[]> {
  const bench = await openBench({ file: path.join(modelsFolder, 'lenet5-fashion.onnx'), modelsFolder })
  const images = await bench.library.load('fullTest')
  const known = new Map<string, Uint8Array>()
  const rows: HalvesRow[] = []
  for (const [cost, budget] of budgets) {
    const schemes = rowsWithin(table, table[cost], budget)
      .map((row) => ({ row, kl: table.losses('search', row).kl }))
      .sort((a, b) => a.kl - b.kl)
      .slice(0, count)
      .map(({ row }) => table.schemeAt(row))
    const right: Uint8Array[] = []
    for (const scheme of schemes) right.push(await rightOf(bench, scheme, images, known))
    rows.push({ cost, budget, ...overHalves(right, halves), byFresh: overFresh(right, halves) })
  }
  return rows
}

async function rightOf(
  bench: ModelBench,
  scheme: Scheme,
  images: LabelledImages,
  known: Map<string, Uint8Array>
): Promise<Uint8Array> {
  const key = schemeKey(scheme)
  const found = known.get(key)
  if (found !== undefined) return found
  const scores = await schemeScores(await quantizeOn(bench, scheme, 'ptq', quietTask), images)
  const { right } = measureScores(scores, scores, images.labels)
  known.set(key, right)
  return right
}

/** @param right by scheme, the one of least KL first: 1 for every item that it gets right */
function overHalves(right: readonly Uint8Array[], halves: number): Pick<HalvesRow, 'regrets' | 'byHalf'> {
  const random = createRandom(1)
  const items = right[0].length
  const order = Int32Array.from({ length: items }, (_, index) => index)
  const all = right.map((of) => of.reduce((sum, one) => sum + one, 0))
  const own: number[][] = choosers.map(() => [])
  for (let half = 0; half < halves; half++) {
    random.shuffle(order)
    const judged = countRight(right, order.subarray(0, items / 2))
    const chosen = [0, highest(all.map((sum, at) => sum - judged[at])), highest(all)]
    const best = Math.max(...judged)
    for (const [at, scheme] of chosen.entries()) own[at].push((200 * (best - judged[scheme])) / items)
  }
  return { regrets: own.map(mean), byHalf: own[0] }
}

/**
 * What the noise of the judging items alone costs a chooser that cannot err: the test images stand for the population, every
 * sample draws half as many of them with replacement (the bootstrap), and the scheme most right of the population is
 * judged against the one most right of the sample. The samples are the same for every budget.
 */
function overFresh(right: readonly Uint8Array[], samples: number): number[] {
  const random = createRandom(1)
  const items = right[0].length
  const perfect = highest(right.map((of) => of.reduce((sum, one) => sum + one, 0)))
  const drawn = new Int32Array(items / 2)
  return Array.from({ length: samples }, () => {
    for (let at = 0; at < drawn.length; at++) drawn[at] = random.integer(items)
    const judged = countRight(right, drawn)
    return (100 * (Math.max(...judged) - judged[perfect])) / drawn.length
  })
}

/** How many of the listed items each scheme gets right; items may be listed more than once. */
function countRight(right: readonly Uint8Array[], items: Int32Array): number[] {
  return right.map((of) => {
    let sum = 0
    for (const item of items) sum += of[item]
    return sum
  })
}

/** Regret over all budgets, points, by half or by fresh sample. */
export function meanOverBudgets(rows: readonly HalvesRow[], of: 'byHalf' | 'byFresh'): number[] {
  return rows[0][of].map((_, at) => mean(rows.map((row) => row[of][at])))
}

function highest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values))
}
