import type { FeatureMatrix } from '../regression/featureMatrix'
import type { StageTable } from './samples/stageTable'
import { tileCosts } from './tiles'
import { stageWork, type StageWork } from './work'

/**
 * Stages that are fitted together because they do the same kind of work: an entry is a stage of a configuration.
 * Entries lie stage after stage, rows within: entry = position of the stage * table.count + row.
 */
export interface StagePool {
  /** Positions in table.stages. */
  stages: readonly number[]
  /** Configurations. */
  count: number
  /** Logarithms of sizes, and one column per stage where there are several. */
  features: FeatureMatrix
  /** Work terms of the physical base, each >= 0: a stage's time is a non-negative sum of them. */
  terms: readonly Float64Array[]
  work: StageWork | null
  /** Of products on a device whose multiprocessors are known; null otherwise. */
  tileCosts: Float64Array | null
}

/** Tile sizes of matrix products in common kernels, rows x columns. */
const tiles = [
  [128, 256],
  [128, 128],
  [256, 128]
] as const

/** Pools of a table: products and element-wise operators where the knobs say so, else each stage on its own. */
export function stagePools(table: StageTable, multiprocessors: number | null): StagePool[] {
  const works = table.stages.map((stage) => stageWork(table, stage))
  const members = (kind: StageWork['kind']): number[] =>
    works.flatMap((work, stage) => (work?.kind === kind ? [stage] : []))
  const pools: StagePool[] = []
  for (const kind of ['product', 'elements'] as const) {
    const stages = members(kind)
    if (stages.length === 0) continue
    const work = joined(stages.map((stage) => works[stage] as StageWork))
    pools.push(kind === 'product' ? productPool(stages, work, multiprocessors) : elementPool(stages, work))
  }
  works.forEach((work, stage) => {
    if (work === null) pools.push(knobPool(table, stage))
  })
  return pools
}

function joined(works: readonly StageWork[]): StageWork {
  const join = (part: 'm' | 'n' | 'k'): Float64Array => {
    const size = works[0][part].length
    const all = new Float64Array(works.length * size)
    works.forEach((work, at) => all.set(work[part], at * size))
    return all
  }
  return { kind: works[0].kind, m: join('m'), n: join('n'), k: join('k') }
}

function productPool(stages: readonly number[], work: StageWork, multiprocessors: number | null): StagePool {
  const { m, n, k } = work
  const columns = [m.map(Math.log), n.map(Math.log), k.map(Math.log)]
  const names = ['log m', 'log n', 'log k']
  const macs = m.map((value, at) => value * n[at] * k[at])
  const terms = [
    macs,
    n.map((value, at) => value * k[at]),
    m.map((value, at) => value * n[at]),
    m.map((value, at) => value * k[at]),
    new Float64Array(m.length).fill(1)
  ]
  if (multiprocessors !== null) {
    tiles.forEach(([rows, across], at) => {
      const share = waveShare(work, rows, across, multiprocessors)
      terms.push(macs.map((value, entry) => value / share[entry]))
      if (at < 2) {
        columns.push(share.map(Math.log))
        names.push(`log share of full waves, ${rows} x ${across}`)
      }
    })
    const best = bestTileShare(work, multiprocessors)
    terms.push(macs.map((value, entry) => value / best[entry]))
    columns.push(best.map(Math.log))
    names.push('log share of full waves, best tile')
  }
  const all = pool(stages, names, columns, terms, work)
  return multiprocessors === null ? all : { ...all, tileCosts: tileCosts(work, multiprocessors) }
}

function elementPool(stages: readonly number[], work: StageWork): StagePool {
  const { m, n } = work
  const terms = [m.map((value, at) => value * n[at]), m, n, new Float64Array(m.length).fill(1)]
  return pool(stages, ['log m', 'log n'], [m.map(Math.log), n.map(Math.log)], terms, work)
}

/**
 * Share of a product's tiles that do useful work when they run in waves of one tile per multiprocessor: the last wave
 * and the tiles at the edges are partly empty.
 */
function waveShare({ m, n }: StageWork, rows: number, across: number, multiprocessors: number): Float64Array {
  return m.map((value, at) => {
    const count = Math.ceil(value / rows) * Math.ceil(n[at] / across)
    const slots = Math.ceil(count / multiprocessors) * multiprocessors
    return (value * n[at]) / (slots * rows * across)
  })
}

/** Tiles a library may choose, rows x columns, with the arithmetic rate of a full wave beside the largest tile's. */
const tileRates = [
  [256, 128, 1],
  [128, 256, 1],
  [128, 128, 0.93],
  [256, 64, 0.85],
  [64, 256, 0.85],
  [128, 64, 0.8],
  [64, 128, 0.8],
  [64, 64, 0.6]
] as const

/** The largest useful share x rate over the tiles, 0 to 1: what a library gets that chooses its tile well. */
function bestTileShare(work: StageWork, multiprocessors: number): Float64Array {
  const best = new Float64Array(work.m.length)
  for (const [rows, across, rate] of tileRates) {
    waveShare(work, rows, across, multiprocessors).forEach((share, entry) => {
      best[entry] = Math.max(best[entry], share * rate)
    })
  }
  return best
}

/** A stage whose work is not known: its knobs as they are, one term per knob and pair of knobs. */
function knobPool(table: StageTable, stage: number): StagePool {
  const names: string[] = []
  const columns: Float64Array[] = []
  const sizes: Float64Array[] = []
  const add = (name: string, values: Float64Array): void => {
    const positive = values.every((value) => value > 0)
    names.push(positive ? `log ${name}` : name)
    columns.push(positive ? values.map(Math.log) : values)
    if (values.every((value) => value >= 0)) sizes.push(values)
  }
  for (const { name, values, levels } of table.knobs) {
    if (levels === null) add(name, values)
    else if (levels.length > 1) {
      levels.forEach((level, at) => {
        names.push(`${name} = ${level}`)
        columns.push(values.map((value) => Number(value === at)))
      })
    }
  }
  if (!table.outputTokens.some(Number.isNaN)) add('output tokens', table.outputTokens)
  const terms = [new Float64Array(table.count).fill(1), ...sizes]
  sizes.forEach((a, at) => sizes.slice(at).forEach((b) => terms.push(a.map((value, row) => value * b[row]))))
  if (columns.length === 0) {
    names.push('constant')
    columns.push(new Float64Array(table.count))
  }
  return pool([stage], names, columns, terms, null)
}

function pool(
  stages: readonly number[],
  names: string[],
  columns: Float64Array[],
  terms: readonly Float64Array[],
  work: StageWork | null
): StagePool {
  const entries = columns[0].length
  const count = entries / stages.length
  if (stages.length > 1) {
    stages.forEach((stage, at) => {
      names.push(`stage ${stage}`)
      columns.push(
        Float64Array.from({ length: entries }, (_, entry) => Number(Math.floor(entry / count) === at))
      )
    })
  }
  return { stages, count, features: { names, columns, count: entries }, terms, work, tileCosts: null }
}

/** Columns of a feature matrix at some rows. */
export function takeFeatures(matrix: FeatureMatrix, rows: ArrayLike<number>): FeatureMatrix {
  return {
    names: matrix.names,
    columns: matrix.columns.map((column) => Float64Array.from(rows, (row) => column[row])),
    count: rows.length
  }
}

/** The matrix with one more column. */
export function withColumn(matrix: FeatureMatrix, name: string, column: Float64Array): FeatureMatrix {
  return { names: [...matrix.names, name], columns: [...matrix.columns, column], count: matrix.count }
}
