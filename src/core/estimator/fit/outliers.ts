import { median } from '../../math/median'
import { takeRows, type StageTable } from '../samples/stageTable'
import { configurationNames } from './split'

/** Which rows count as outliers. */
export interface OutlierOptions {
  /** Decode time per token beyond this is dropped, ms; null keeps all. The document's 60 is far too much on a fast GPU and normal on an edge GPU. */
  maxDecodePerTokenMs: number | null
  /** Drop rows whose decode per token, or total without decode, is far from the median of its configuration. */
  robust: boolean
}

/** Rows that were kept, and how many each rule dropped. */
export interface OutlierReport {
  kept: StageTable
  byThreshold: number
  byConfiguration: number
}

/** Median absolute deviations (as standard deviations) beyond which a row is dropped. */
const robustLimit = 6
/** Spread assumed at least, as a share: equal repeats must not make every other row an outlier. */
const minSpread = 0.05
const minRows = 5

/** Drops and counts outliers. Rows without decode or tokens are only judged by the robust rule. */
export function dropOutliers(table: StageTable, options: OutlierOptions): OutlierReport {
  const perToken = decodePerToken(table)
  const rows = Array.from({ length: table.count }, (_, row) => row)
  const limit = options.maxDecodePerTokenMs ?? Infinity
  const within = rows.filter((row) => !(perToken[row] > limit))
  const odd = options.robust ? oddRows(table, within, perToken) : new Set<number>()
  const kept = within.filter((row) => !odd.has(row))
  return {
    kept: takeRows(table, kept),
    byThreshold: rows.length - within.length,
    byConfiguration: odd.size
  }
}

/** Milliseconds per token; NaN where decode or tokens are missing. */
export function decodePerToken(table: StageTable): Float64Array {
  const decode = table.times[table.stages.indexOf('decode')]
  return Float64Array.from({ length: table.count }, (_, row) =>
    decode === undefined ? NaN : decode[row] / table.outputTokens[row]
  )
}

function oddRows(table: StageTable, rows: readonly number[], perToken: Float64Array): Set<number> {
  const members = new Map<string, number[]>()
  const names = configurationNames(table)
  for (const row of rows) members.set(names[row], [...(members.get(names[row]) ?? []), row])
  const odd = new Set<number>()
  for (const group of members.values()) {
    const known = group.filter((row) => !Number.isNaN(perToken[row]))
    if (known.length < minRows) continue
    const logs = known.map((row) => Math.log(perToken[row]))
    const middle = median(logs)
    const spread = Math.max(minSpread, 1.4826 * median(logs.map((value) => Math.abs(value - middle))))
    known.forEach((row, at) => {
      if (Math.abs(logs[at] - middle) > robustLimit * spread) odd.add(row)
    })
  }
  return odd
}
