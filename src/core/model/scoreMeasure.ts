import { logSumExp } from '../math/logSumExp'

/** What a network's scores over labelled items come to, beside those of the float network. */
export interface ScoreMeasure {
  readonly correct: number
  /** One byte per item, 1 where the highest score is the label's. */
  readonly right: Uint8Array
  /** KL(float || network) of the softmax, nats, mean over items. */
  readonly kl: number
  /** -log of the label's softmax, nats, mean over items. */
  readonly crossEntropy: number
  /** Squared difference of the scores, mean over items and classes. */
  readonly mse: number
}

/**
 * @param scores real-valued scores [items][classes]
 * @param float the float network's scores on the same items
 * @throws RangeError when the two differ in length
 */
export function measureScores(scores: Float32Array, float: Float32Array, labels: Uint8Array): ScoreMeasure {
  if (scores.length !== float.length) throw new RangeError('Scores and float scores differ in length.')
  const items = labels.length
  const classes = scores.length / items
  const right = new Uint8Array(items)
  let [correct, kl, crossEntropy, mse] = [0, 0, 0, 0]
  for (let item = 0; item < items; item++) {
    const from = item * classes
    const logSum = logSumExp(scores, from, classes)
    const floatLogSum = logSumExp(float, from, classes)
    let highest = 0
    for (let at = 0; at < classes; at++) {
      const score = scores[from + at]
      const reference = float[from + at]
      const logShare = reference - floatLogSum
      kl += Math.exp(logShare) * (logShare - (score - logSum))
      mse += (score - reference) ** 2
      if (score > scores[from + highest]) highest = at
    }
    crossEntropy += logSum - (scores[from + labels[item]] ?? NaN)
    if (highest === labels[item]) {
      right[item] = 1
      correct++
    }
  }
  return { correct, right, kl: kl / items, crossEntropy: crossEntropy / items, mse: mse / scores.length }
}
