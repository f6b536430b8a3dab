import type { Variant } from '../../../shared/contract/workload/workloadEvidence'
import type { MeasuredFigure, TaskMetric } from '../../../shared/contract/workload/workloadRows'
import { AppError } from '../../../shared/errors'
import { klDivergence } from '../../math/klDivergence'
import { quantile } from '../../math/quantile'
import { createRandom } from '../../math/random'
import { shareFigure, unavailableFigure } from './figures'
import { mcNemarTest } from './mcNemar'

/** Sums over the scored rows of one sample (a classifier has one row per sample, a language model one per token). */
export interface SampleSums {
  readonly rows: Float64Array
  /** KL(original || changed), nats. */
  readonly kl: Float64Array
  /** What rounding to float32 alone can make of it, nats. */
  readonly klRounding: Float64Array
  /** Negative log-likelihood of the right column, nats. */
  readonly nllBefore: Float64Array
  readonly nllAfter: Float64Array
  readonly rightBefore: Float64Array
  readonly rightAfter: Float64Array
  /** Rows whose first choice differs. */
  readonly differing: Float64Array
}

/** Returns sums of no rows for `samples` samples. */
export function emptySums(samples: number): SampleSums {
  const zeros = (): Float64Array => new Float64Array(samples)
  return {
    ...{ rows: zeros(), kl: zeros(), klRounding: zeros() },
    ...{ nllBefore: zeros(), nllAfter: zeros() },
    ...{ rightBefore: zeros(), rightAfter: zeros(), differing: zeros() }
  }
}

/**
 * Adds rows of log-probabilities (natural) of the original and of the changed network to the sums of their samples.
 *
 * @param labels right column of each row; negative: the row is not scored
 * @throws data.invalid for a scored row whose probabilities do not sum to 1: scores without softmax, or NaN
 */
export function addRows(
  sums: SampleSums,
  before: Float32Array,
  after: Float32Array,
  columns: number,
  labels: readonly number[],
  samples: readonly number[]
): void {
  for (const [row, label] of labels.entries()) {
    if (label < 0) continue
    const from = row * columns
    const sample = samples[row]
    const { kl, rounding, sums: wholes } = klDivergence(before, after, from, columns)
    for (const whole of wholes)
      if (!(Math.abs(whole - 1) <= mostUnnormalised)) throw isNoDistribution(row, whole)
    let firstBefore = from
    let firstAfter = from
    for (let i = from; i < from + columns; i++) {
      if (before[i] > before[firstBefore]) firstBefore = i
      if (after[i] > after[firstAfter]) firstAfter = i
    }
    sums.rows[sample]++
    sums.kl[sample] += kl
    sums.klRounding[sample] += rounding
    sums.nllBefore[sample] -= before[from + label]
    sums.nllAfter[sample] -= after[from + label]
    if (firstBefore === from + label) sums.rightBefore[sample]++
    if (firstAfter === from + label) sums.rightAfter[sample]++
    if (firstBefore !== firstAfter) sums.differing[sample]++
  }
}

/** Probabilities computed in half precision sum to 1 within a few thousandths. */
const mostUnnormalised = 0.02

const isNoDistribution = (row: number, sum: number): AppError =>
  new AppError(
    'data.invalid',
    `The probabilities of row ${row + 1} of the predictions sum to ${Number(sum.toPrecision(4))}, not 1.`,
    'A runner prints natural log-probabilities: log_softmax of the scores, in 32 bits.'
  )

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0)
const replicates = 1000

/**
 * A statistic of sums over samples with its percentile bootstrap interval: whole samples are drawn, because the tokens
 * of one sample depend on each other.
 */
function bootstrap(
  columns: readonly Float64Array[],
  statistic: (sums: readonly number[]) => number,
  n: number,
  confidence: number,
  seed: number
): MeasuredFigure {
  const value = statistic(columns.map(total))
  if (!Number.isFinite(value)) return unavailableFigure('The changed network gives probabilities of 0.')
  const samples = columns[0].length
  const random = createRandom(seed)
  const found = new Float64Array(replicates)
  const sums = new Array<number>(columns.length)
  for (let replicate = 0; replicate < replicates; replicate++) {
    sums.fill(0)
    for (let draw = 0; draw < samples; draw++) {
      const chosen = random.integer(samples)
      for (let column = 0; column < columns.length; column++) sums[column] += columns[column][chosen]
    }
    found[replicate] = statistic(sums)
  }
  const sorted = found.filter((one) => Number.isFinite(one)).sort()
  const end = (q: number): number | null => (sorted.length === 0 ? null : quantile(sorted, q))
  const low = end((1 - confidence) / 2)
  const high = end((1 + confidence) / 2)
  return { value, low, high, n, origin: 'measured', verdict: 'VALID', reason: null }
}

/** What the sums of a variant say. */
export function compareVariant(
  name: string,
  sums: SampleSums,
  metric: TaskMetric,
  confidence: number,
  seed: number
): Variant {
  const rows = total(sums.rows)
  const boot = (
    columns: readonly Float64Array[],
    statistic: (sums: readonly number[]) => number
  ): MeasuredFigure => bootstrap([sums.rows, ...columns], statistic, rows, confidence, seed)
  const mean = ([count = 0, sum = 0]: readonly number[]): number => sum / count
  const perplexity = metric === 'perplexity'
  const differenceOf = ([count = 0, before = 0, after = 0]: readonly number[]): number =>
    perplexity ? Math.exp(after / count) - Math.exp(before / count) : (after - before) / count
  let lost = 0
  let gained = 0
  for (let sample = 0; sample < sums.rows.length; sample++) {
    if (sums.rightBefore[sample] > sums.rightAfter[sample]) lost++
    if (sums.rightBefore[sample] < sums.rightAfter[sample]) gained++
  }
  const rounding = total(sums.klRounding) / rows
  const kl = boot([sums.kl], mean)
  const isRounding = kl.value !== null && kl.value <= rounding
  return {
    name,
    // Layers whose KL differs by rounding alone have the same value, and so the same rank.
    klNats: isRounding ? { ...kl, value: 0, low: 0, high: rounding } : kl,
    ...(Number.isFinite(rounding) ? { klRoundingNats: rounding } : {}),
    quality: perplexity
      ? boot([sums.nllAfter], (both) => Math.exp(mean(both)))
      : shareFigure(total(sums.rightAfter), rows, confidence),
    qualityChange: boot(
      perplexity ? [sums.nllBefore, sums.nllAfter] : [sums.rightBefore, sums.rightAfter],
      differenceOf
    ),
    perplexityRatio: perplexity
      ? boot([sums.nllBefore, sums.nllAfter], ([count = 0, before = 0, after = 0]) =>
          Math.exp((after - before) / count)
        )
      : null,
    mcNemar: perplexity ? null : mcNemarTest(lost, gained),
    changedShare: total(sums.differing) / rows
  }
}
