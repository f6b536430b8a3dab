import { rowSpec } from '../../kernel/spec'
import { emptyWork } from '../../kernel/work'
import { spearman } from '../../math/correlation'
import type { SampleTable } from '../samples'

/** Rows that are compared: enough to see a wrong unit, few enough to sort at once. */
const comparedRows = 20_000
/** Times of one shape differ by its bit widths; by more than this factor from their median they look wrong. */
const maxFactor = 16

/** Work of every row: MACs, or visited elements of kernels that multiply nothing. */
export function rowWork(samples: Pick<SampleTable, 'kernel' | 'dims' | 'count'>): Float64Array {
  const spec = rowSpec(samples.kernel)
  const work = emptyWork()
  const dims = new Float64Array(spec.columns.length)
  return Float64Array.from({ length: samples.count }, (_, row) => {
    for (let at = 0; at < dims.length; at++) dims[at] = samples.dims[at][row]
    spec.work(dims, work)
    return work.macs > 0 ? work.macs : work.outputs
  })
}

/** Spearman correlation of time and work, -1 to 1; NaN when all rows do the same work. */
export function growthWithWork(samples: SampleTable): number {
  const work = rowWork(samples)
  const step = Math.max(1, Math.ceil(samples.count / comparedRows))
  const rows = Array.from({ length: Math.ceil(samples.count / step) }, (_, index) => index * step)
  const found = spearman(
    rows.map((row) => work[row]),
    rows.map((row) => samples.time[row])
  )
  return found ?? NaN
}

/** What looks wrong in a table, in words; empty when nothing does. */
export function plausibilityRemarks(samples: SampleTable, fileName: string): string[] {
  const remarks: string[] = []
  const growth = growthWithWork(samples)
  if (samples.count >= 20 && growth < 0.3) {
    remarks.push(
      `${fileName}: times hardly grow with the work of a layer (rank correlation ${growth.toFixed(2)}): check columns, units and --kernel.`
    )
  }
  const strange = strangeRows(samples)
  if (strange.length > 0) {
    const named = strange.slice(0, 3).map((row) => `row ${row + 1} (${samples.time[row]})`)
    const more = strange.length > 3 ? ` and ${strange.length - 3} more` : ''
    remarks.push(
      `${fileName}: ${named.join(', ')}${more}: more than ${maxFactor} times off the median of the same shape.`
    )
  }
  return remarks
}

/** Rows by shape: a key of the dims alone. */
export function rowsByShape(samples: SampleTable): Map<string, number[]> {
  const groups = new Map<string, number[]>()
  for (let row = 0; row < samples.count; row++) {
    const key = samples.dims.map((column) => column[row]).join(' ')
    const rows = groups.get(key)
    if (rows === undefined) groups.set(key, [row])
    else rows.push(row)
  }
  return groups
}

function strangeRows(samples: SampleTable): number[] {
  const strange: number[] = []
  for (const rows of rowsByShape(samples).values()) {
    if (rows.length < 4) continue
    const sorted = rows.map((row) => samples.time[row]).sort((a, b) => a - b)
    const upperMedian = sorted[sorted.length >> 1]
    for (const row of rows) {
      const ratio = samples.time[row] / upperMedian
      if (ratio > maxFactor || ratio < 1 / maxFactor) strange.push(row)
    }
  }
  return strange.sort((a, b) => a - b)
}
