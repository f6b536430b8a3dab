import { areaUnderCurve } from '../../../core/dataset/metrics'
import type { TruthItem } from '../../../core/deploy/mlperf/truthFile'
import { argmax } from '../../../core/quant/integer/runInteger'
import { shareFigure } from '../../../core/workload/measure/figures'
import { AppError } from '../../../shared/errors'
import type { MlperfDevice } from './mlperfDevice'

/**
 * Share of right classes with its interval, or the area under the curve of a device that gives one number an input: null where all
 * items are of one class.
 */
export type MlperfAccuracy =
  | { items: number; right: number; accuracy: number; low: number | null; high: number | null }
  | { items: number; auc: number | null }

/**
 * Runs every item's inputs on a device; an item's outputs are the means over its inputs.
 * @throws data.invalid where outputs and truth file do not go together
 */
export async function accuracyRun(
  device: Pick<MlperfDevice, 'load' | 'infer'>,
  items: readonly TruthItem[],
  inputs: (item: TruthItem) => Promise<Uint8Array[]>,
  log: (line: string) => void
): Promise<MlperfAccuracy> {
  let right = 0
  /** Per item, the mean over its inputs of the one number that an anomaly detector gives. */
  const scores: number[] = []
  const tenth = Math.ceil(items.length / 10)
  for (const [at, item] of items.entries()) {
    const rows: (readonly number[])[] = []
    for (const bytes of await inputs(item)) {
      await device.load(bytes)
      rows.push((await device.infer(1, 0, 120_000)).results)
    }
    const other = rows.find((row) => row.length !== rows[0].length)
    if (other !== undefined) throw wrongOutputs(other.length, item)
    const means = rows[0].map((_, k) => rows.reduce((sum, row) => sum + row[k], 0) / rows.length)
    if (means.length === 1 && item.classes === 2) scores.push(means[0])
    else if (means.length !== item.classes) throw wrongOutputs(means.length, item)
    else if (argmax(means) === item.label) right++
    if ((at + 1) % tenth === 0) log(`  accuracy: ${at + 1} of ${items.length} items`)
  }
  if (scores.length === items.length) {
    const labels = items.map(({ label }) => label)
    const hasBoth = new Set(labels).size > 1
    return { items: items.length, auc: hasBoth ? areaUnderCurve(scores, labels) : null }
  }
  const { low, high } = shareFigure(right, items.length, 0.95)
  return { items: items.length, right, accuracy: right / items.length, low, high }
}

const wrongOutputs = (outputs: number, { classes, file }: TruthItem): AppError =>
  new AppError(
    'data.invalid',
    `The device gives ${outputs} outputs, the truth file says ${classes} classes for ${file}.`,
    'Check that the test set belongs to the network; a network that gives its inputs back is built with -DMLPERF_ANOMALY.'
  )
