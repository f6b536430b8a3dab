import type { SchemeAccuracy, Sensitivity } from '../../../shared/contract/model'
import { scoreNameOf } from '../../../shared/score'
import { uniformScheme, type Scheme } from '../../../core/quant/scheme'

/** Rows of a sensitivity analysis handed to the workers at once. */
const sensitivityBatch = 8

/**
 * Score on the search split with one layer's weights or inputs at other bits and all else at 8; the first layer's
 * inputs are the images and stay.
 */
export async function measureSensitivity(
  layers: readonly string[],
  bits: readonly Sensitivity['bits'][],
  evaluate: (scheme: Scheme) => Promise<Pick<SchemeAccuracy, 'accuracy' | 'metrics'>>,
  progress: (done: number, total: number) => void
): Promise<Sensitivity[]> {
  const asked = layers.flatMap((layer, index) =>
    (['weight', 'activation'] as const)
      .filter((what) => what === 'weight' || index > 0)
      .flatMap((what) => bits.map((width) => ({ layer, what, bits: width })))
  )
  const rows: Sensitivity[] = []
  for (let from = 0; from < asked.length; from += sensitivityBatch) {
    // The pool decides how many of these run at the same time.
    const found = asked.slice(from, from + sensitivityBatch).map(async (row): Promise<Sensitivity> => {
      const scheme = uniformScheme(layers, 8, 8).map((entry) =>
        entry.layer === row.layer ? { ...entry, [`${row.what}Bits`]: row.bits } : entry
      )
      const { accuracy, metrics } = await evaluate(scheme)
      return { ...row, accuracy, metric: scoreNameOf(metrics) }
    })
    rows.push(...(await Promise.all(found)))
    progress(rows.length, asked.length)
  }
  return rows
}
