import { argmax } from '../../core/quant/integer/runInteger'
import type { BatchResult } from './boardRun'

/** Board against host, every output of every image. */
export interface Comparison {
  images: number
  /** The first differences, at most `maxKept`. */
  mismatches: { image: number; output: number; board: number; host: number }[]
  differentOutputs: number
  boardCorrect: number
  hostCorrect: number
}

const maxKept = 20

/** Returns a comparison of no images yet. */
export function startComparison(): Comparison {
  return { images: 0, mismatches: [], differentOutputs: 0, boardCorrect: 0, hostCorrect: 0 }
}

/**
 * Adds a batch. `host` holds the integer reference's logits of all images, `outputCount` each; the board's argmax is
 * checked against the first maximum of the host's logits as if it were one more output.
 */
export function compareBatch(
  comparison: Comparison,
  batch: BatchResult,
  host: Int32Array,
  labels: ArrayLike<number> | null,
  outputCount: number
): void {
  for (let i = 0; i < batch.count; i++) {
    const image = batch.first + i
    const logits = host.subarray(image * outputCount, (image + 1) * outputCount)
    const expected = [...logits, argmax(logits)]
    for (const [output, value] of expected.entries()) {
      const board = batch.outputs[i * (outputCount + 1) + output]
      if (board === value) continue
      comparison.differentOutputs++
      if (comparison.mismatches.length < maxKept)
        comparison.mismatches.push({ image, output, board, host: value })
    }
    const label = labels?.[image]
    if (batch.outputs[i * (outputCount + 1) + outputCount] === label) comparison.boardCorrect++
    if (expected[outputCount] === label) comparison.hostCorrect++
    comparison.images++
  }
}
