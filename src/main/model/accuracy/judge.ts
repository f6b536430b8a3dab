import type { ImageSplit } from '../../../shared/vocabulary'
import type { ItemBatch, ItemSet } from '../../../core/dataset/itemSet'
import { createQualityMeter, logProbabilities } from '../../../core/dataset/metrics'
import { sizeOf, type Graph } from '../../../core/model/graph'
import { argmax } from '../../../core/quant/integer/runInteger'
import type { QuantizedNetwork } from '../../../core/quant/quantizedNetwork'
import type { TaskContext } from '../../threads/task'
import { openFloat, requireItems } from './floatItems'
import type { KeptOutputs } from './keptOutputs'
import { schemeRealScores } from './schemeAccuracy'

/** How good a network is on a split of a data set. */
export interface JudgedItems {
  readonly images: number
  /** Null where a task knows no right and wrong. */
  readonly correct: number | null
  /** The share of right ones, or the task's score, at most 1 (core/dataset/metrics.ts). */
  readonly accuracy: number
  readonly metrics: Readonly<Record<string, number>>
  /** One byte per item, 1 where the largest output is the wanted one; empty where a task knows no right and wrong. */
  readonly right: Uint8Array
  /** KL(float || network), nats; of numbers the squared difference over the float outputs' variance. */
  readonly kl: number
  /** -log of the label's probability, nats; of tasks without classes 1 - accuracy. */
  readonly crossEntropy: number
  /** Squared difference from the float network's outputs, mean over items and outputs. */
  readonly mse: number
}

/** Bytes of real inputs that are held at once. */
const batchBytes = 32 * 2 ** 20
const maxPerBatch = 2000

function batchItems(graph: Graph): number {
  return Math.max(1, Math.min(maxPerBatch, Math.floor(batchBytes / (4 * sizeOf(graph.inputShape)))))
}

/**
 * Judges the float network (`network` null) or a quantized one. Items are read and run a batch at a time, so a split
 * may be larger than memory.
 * @param cache keeps outputs of layers for networks that begin with the same ones
 * @throws AppError data.missing when the split holds nothing
 */
export async function judge(
  graph: Graph,
  set: ItemSet,
  split: ImageSplit,
  network: QuantizedNetwork | null,
  context: TaskContext,
  cache: KeptOutputs['cache']
): Promise<JudgedItems> {
  const total = set.count(split)
  requireItems(set, split, total)
  const meter = createQualityMeter(set.task)
  const agreement = createQualityMeter('unlabelled')
  const isNumeric = set.task === 'regression' || set.task === 'reconstruction'
  const difference = createQualityMeter('regression')
  const right: number[] = []
  let crossEntropy = 0
  const step = batchItems(graph)
  const float = await openFloat(graph, set, split)
  try {
    for (let from = 0; from < total; from += step) {
      const batch = await set.read(split, from, step)
      const reference = await float.run(batch, from)
      const kept = { cache, items: `${split}:${from}` }
      const outputs = network === null ? reference : await schemeOutputs(network, batch, kept)
      const { count, targets } = batch
      const scored = { count, outputs, targets, inputs: batch.reals, reference }
      meter.add(scored)
      agreement.add(scored)
      difference.add({ ...scored, targets: reference })
      if (!isNumeric && outputs.length > count) {
        const wanted = set.task === 'unlabelled' ? largestOf(reference, count) : targets
        addRight(outputs, wanted, count, right)
        crossEntropy += lossOf(outputs, wanted, count)
      }
      context.progress(Math.min(total, from + step), total)
      await context.yieldToAbort()
    }
  } finally {
    await float.close()
  }
  const { score, correct, metrics } = meter.quality()
  const { kl, mse } = agreement.quality().metrics
  const hasClasses = right.length > 0
  return {
    images: total,
    correct,
    accuracy: score,
    metrics,
    right: Uint8Array.from(right),
    kl: hasClasses ? kl : Math.max(0, 1 - difference.quality().score),
    crossEntropy: hasClasses ? crossEntropy / total : 1 - score,
    mse: mse
  }
}

/** Largest output of every item. */
export function largestOf(outputs: Float32Array, count: number): Int32Array {
  const width = outputs.length / count
  return Int32Array.from({ length: count }, (_, at) => argmax(outputs.subarray(at * width, (at + 1) * width)))
}

function addRight(outputs: Float32Array, wanted: ArrayLike<number>, count: number, right: number[]): void {
  for (const [at, largest] of largestOf(outputs, count).entries()) right.push(largest === wanted[at] ? 1 : 0)
}

/** Sum of -log of the wanted outputs' probabilities. */
function lossOf(outputs: Float32Array, wanted: ArrayLike<number>, count: number): number {
  const width = outputs.length / count
  let loss = 0
  for (let at = 0; at < count; at++) {
    loss -= logProbabilities(outputs.subarray(at * width, (at + 1) * width))[wanted[at]]
  }
  return loss
}

/** Outputs of a quantized network as real numbers. */
function schemeOutputs(
  network: QuantizedNetwork,
  { count, bytes }: ItemBatch,
  kept: KeptOutputs
): Promise<Float32Array> {
  return schemeRealScores(network, { count, pixels: bytes, labels: new Uint8Array(0) }, kept)
}
