import { correlationInterval, correlationP, pearson, spearman, spearmanP } from '../../math/correlation'
import type { MeasuredFigure } from '../../../shared/contract/workload/workloadRows'
import type { MergedRow } from './merge'

/** A correlation over layers with all that is needed to judge it. */
export interface Correlation {
  a: string
  b: string
  /** Layers that have both figures. */
  n: number
  pearson: number | null
  /** Two-sided, Student's t. */
  pearsonP: number | null
  pearsonInterval: [low: number, high: number] | null
  spearman: number | null
  /** Two-sided; exact up to 8 layers. */
  spearmanP: number | null
  spearmanInterval: [low: number, high: number] | null
}

/** Columns of the correlation matrix: a name for people, and the value of a row; INVALID figures do not count. */
export const matrixMetrics: readonly (readonly [name: string, read: (row: MergedRow) => number | null])[] = [
  ['net energy', (row) => validValue(row.energyNetJ)],
  ['total energy', (row) => validValue(row.energyTotalJ)],
  ['time', (row) => validValue(row.timeUs)],
  ['parameters', (row) => row.parameters],
  ['MACs', (row) => row.macs],
  ['KL', (row) => validValue(row.klNats)],
  ['quality loss', (row) => row.qualityLoss],
  ['impact score', (row) => row.impactScore],
  ['KL at int8', (row) => row.int8KlNats],
  ['KL at int4', (row) => row.int4KlNats]
]

/** The value of a figure that may be quoted; null for an INVALID or unavailable one. */
export function validValue(figure: MeasuredFigure): number | null {
  return figure.verdict === 'VALID' ? figure.value : null
}

type Column = (typeof matrixMetrics)[number]

/** A correlation without intervals. */
export type Coefficients = Omit<Correlation, 'pearsonInterval' | 'spearmanInterval'>

function coefficients(
  rows: readonly MergedRow[],
  [nameA, readA]: Column,
  [nameB, readB]: Column
): { found: Coefficients; a: number[]; b: number[] } {
  const pairs = rows
    .map((row) => [readA(row), readB(row)] as const)
    .filter((pair): pair is readonly [number, number] => pair[0] !== null && pair[1] !== null)
  const a = pairs.map(([value]) => value)
  const b = pairs.map(([, value]) => value)
  const n = pairs.length
  const r = n < 3 ? null : pearson(a, b)
  const rho = n < 3 ? null : spearman(a, b)
  const found = {
    ...{ a: nameA, b: nameB, n, pearson: r, spearman: rho },
    pearsonP: r === null ? null : correlationP(r, n),
    spearmanP: rho === null ? null : spearmanP(a, b)
  }
  return { found, a, b }
}

/** Pearson and Spearman with p, n and seeded bootstrap intervals over the rows that have both values. */
export function correlate(
  rows: readonly MergedRow[],
  first: Column,
  second: Column,
  confidence: number,
  seed: number
): Correlation {
  const { found, a, b } = coefficients(rows, first, second)
  return {
    ...found,
    pearsonInterval: found.pearson === null ? null : correlationInterval(pearson, a, b, confidence, seed),
    spearmanInterval: found.spearman === null ? null : correlationInterval(spearman, a, b, confidence, seed)
  }
}

/**
 * Every pair of columns that at least three rows have; other columns are left out. Without intervals, which a matrix does not
 * show: 45 pairs with 2000 draws each would hold up the main process for seconds.
 */
export function correlationMatrix(rows: readonly MergedRow[]): { names: string[]; pairs: Coefficients[] } {
  const present = matrixMetrics.filter(([, read]) => rows.filter((row) => read(row) !== null).length >= 3)
  const pairs = present.flatMap((first, at) =>
    present.slice(at + 1).map((second) => coefficients(rows, first, second).found)
  )
  return { names: present.map(([name]) => name), pairs }
}
