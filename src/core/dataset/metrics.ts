import type { Task } from '../../shared/vocabulary'
import { midRanks } from '../math/correlation'
import { logSumExp } from '../math/logSumExp'

/** How well a network does a task on a set of items. */
export interface Quality {
  /** accuracy, R², AUC, 1 / perplexity, or agreement with the float network. */
  readonly score: number
  /** By name; see metricNames. */
  readonly metrics: Readonly<Record<string, number>>
  /** Items classified right; null where a task has no right and wrong. */
  readonly correct: number | null
}

/** What one batch gives: outputs [count][width] as real numbers, and what they are compared with. */
export interface ScoredBatch {
  readonly count: number
  readonly outputs: Float32Array
  /** [count][targetWidth]: class, token, or numbers. Empty without labels. */
  readonly targets: Float32Array
  /** [count][inputSize], real inputs; only for reconstruction. */
  readonly inputs: Float32Array | null
  /** [count][width], outputs of the float network; only without labels. */
  readonly reference: Float32Array | null
}

/** Adds up batches of outputs and returns their quality. */
export interface QualityMeter {
  add(batch: ScoredBatch): void
  /** @throws RangeError when nothing was added */
  quality(): Quality
}

/** Returns the meter of a task. */
export function createQualityMeter(task: Task): QualityMeter {
  switch (task) {
    case 'classification':
      return classificationMeter()
    case 'regression':
      return regressionMeter()
    case 'reconstruction':
      return reconstructionMeter()
    case 'nextToken':
      return nextTokenMeter()
    case 'unlabelled':
      return agreementMeter()
  }
}

function rowOf(values: Float32Array, row: number, count: number): Float32Array {
  const width = values.length / count
  return values.subarray(row * width, (row + 1) * width)
}

function largestAt(values: Float32Array): number {
  let best = 0
  for (let at = 1; at < values.length; at++) if (values[at] > values[best]) best = at
  return best
}

/** Share whose largest output (the first of equal ones) is the label's. */
function classificationMeter(): QualityMeter {
  let items = 0
  let correct = 0
  return {
    add({ count, outputs, targets }) {
      for (let row = 0; row < count; row++)
        if (largestAt(rowOf(outputs, row, count)) === targets[row]) correct++
      items += count
    },
    quality: () => ({ score: correct / counted(items), metrics: { accuracy: correct / items }, correct })
  }
}

/** R² = 1 - squared error / squared distance from the mean, over all outputs together (uniform over outputs: variance weighted). */
function regressionMeter(): QualityMeter {
  const spread = createSpread()
  let items = 0
  let absolute = 0
  let values = 0
  return {
    add({ count, outputs, targets }) {
      for (let row = 0; row < count; row++) spread.add(rowOf(outputs, row, count), rowOf(targets, row, count))
      for (let at = 0; at < outputs.length; at++) absolute += Math.abs(outputs[at] - targets[at])
      values += outputs.length
      items += count
    },
    quality() {
      counted(items)
      const mse = spread.squaredError() / values
      const r2 = spread.explained()
      return { score: r2, metrics: { r2, mse, rmse: Math.sqrt(mse), mae: absolute / values }, correct: null }
    }
  }
}

/** Sums for 1 - error / variance with the targets' mean taken per output (Welford, one pass). */
function createSpread() {
  let items = 0
  let error = 0
  let means = new Float64Array(0)
  let squares = new Float64Array(0)
  return {
    add(outputs: Float32Array, targets: Float32Array): void {
      if (items === 0) {
        means = new Float64Array(targets.length)
        squares = new Float64Array(targets.length)
      }
      items++
      for (let at = 0; at < targets.length; at++) {
        error += (outputs[at] - targets[at]) ** 2
        const before = targets[at] - means[at]
        means[at] = means[at] + before / items
        squares[at] = squares[at] + before * (targets[at] - means[at])
      }
    },
    squaredError: () => error,
    explained(): number {
      const variance = squares.reduce((sum, value) => sum + value, 0)
      if (variance === 0) return error === 0 ? 1 : 0
      return 1 - error / variance
    }
  }
}

/** Anomaly detection: the mean squared error of an item is its anomaly score; AUC over items labelled 0 or 1. */
function reconstructionMeter(): QualityMeter {
  const scores: number[] = []
  const labels: number[] = []
  return {
    add({ count, outputs, targets, inputs }) {
      for (let row = 0; row < count; row++) {
        const out = rowOf(outputs, row, count)
        const wanted = rowOf(inputs!, row, count)
        let sum = 0
        for (let at = 0; at < out.length; at++) sum += (out[at] - wanted[at]) ** 2
        scores.push(sum / out.length)
        labels.push(targets[row])
      }
    },
    quality() {
      const mse = scores.reduce((sum, score) => sum + score, 0) / counted(scores.length)
      const auc = areaUnderCurve(scores, labels)
      return { score: auc, metrics: { auc, mse }, correct: null }
    }
  }
}

/**
 * Area under the ROC curve: the chance that an item labelled non-zero has a higher score than one labelled 0, equal
 * scores counting half (Mann and Whitney). 0.5 when one of the two is missing.
 */
export function areaUnderCurve(scores: readonly number[], labels: readonly number[]): number {
  const positives = labels.filter((label) => label !== 0).length
  const negatives = labels.length - positives
  if (positives === 0 || negatives === 0) return 0.5
  const rankSum = midRanks(scores).reduce((sum, rank, at) => sum + (labels[at] === 0 ? 0 : rank), 0)
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/** Perplexity: exp of the mean negative log probability of the right token. */
function nextTokenMeter(): QualityMeter {
  let items = 0
  let correct = 0
  let loss = 0
  return {
    add({ count, outputs, targets }) {
      for (let row = 0; row < count; row++) {
        const logits = rowOf(outputs, row, count)
        loss -= logProbabilities(logits)[targets[row]]
        if (largestAt(logits) === targets[row]) correct++
      }
      items += count
    },
    quality() {
      const mean = loss / counted(items)
      const accuracy = correct / items
      return { score: Math.exp(-mean), metrics: { perplexity: Math.exp(mean), accuracy }, correct }
    }
  }
}

/** log softmax. */
export function logProbabilities(logits: Float32Array): Float64Array {
  const shift = logSumExp(logits)
  return Float64Array.from(logits, (logit) => logit - shift)
}

/**
 * Agreement with the float network: the share of equal largest outputs, the mean squared difference of outputs, and
 * KL(float || other) of their softmaxes in nats. One output has no largest one: its score is 1 - error / variance.
 */
function agreementMeter(): QualityMeter {
  const spread = createSpread()
  let items = 0
  let equal = 0
  let divergence = 0
  let values = 0
  let width = 0
  return {
    add({ count, outputs, reference }) {
      width = outputs.length / count
      for (let row = 0; row < count; row++) {
        const own = rowOf(outputs, row, count)
        const float = rowOf(reference!, row, count)
        if (largestAt(own) === largestAt(float)) equal++
        spread.add(own, float)
        const [p, q] = [logProbabilities(float), logProbabilities(own)]
        for (let at = 0; at < p.length; at++) divergence += Math.exp(p[at]) * (p[at] - q[at])
      }
      values += outputs.length
      items += count
    },
    quality() {
      const agreement = equal / counted(items)
      const mse = spread.squaredError() / values
      if (width === 1)
        return { score: spread.explained(), metrics: { r2: spread.explained(), mse }, correct: null }
      const kl = Math.max(0, divergence / items)
      return { score: agreement, metrics: { agreement, mse, kl }, correct: equal }
    }
  }
}

function counted(items: number): number {
  if (items === 0) throw new RangeError('no items were scored')
  return items
}
