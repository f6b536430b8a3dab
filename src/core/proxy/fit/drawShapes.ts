import { createRandom } from '../../math/random'
import { groupByShape } from './folds'
import { takeSamples, type SampleTable } from '../samples'

/** More rows than this gain hardly any accuracy, and cost minutes to judge. */
export const enoughRows = 20_000

/**
 * Whole shapes in random order until `rows` rows are reached, at least one; the samples themselves when they are
 * fewer. Rows of a shape stay together, so that errors on unseen shapes mean the same as on all rows.
 */
export function drawShapes(samples: SampleTable, rows: number, seed: number): SampleTable {
  if (samples.count <= rows) return samples
  const { groupOf, groups } = groupByShape(samples)
  const sizes = new Int32Array(groups)
  for (const group of groupOf) sizes[group]++
  const order = createRandom(seed).shuffle(Int32Array.from({ length: groups }, (_, group) => group))
  const kept = new Uint8Array(groups)
  let total = 0
  for (const group of order) {
    if (total > 0 && total + sizes[group] > rows) continue
    kept[group] = 1
    total += sizes[group]
  }
  const indices: number[] = []
  for (let row = 0; row < samples.count; row++) if (kept[groupOf[row]] === 1) indices.push(row)
  return takeSamples(samples, indices.slice(0, rows))
}
