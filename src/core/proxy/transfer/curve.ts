import { countOf } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import { quantityOf } from '../../../shared/vocabulary'
import { deviation, mean } from '../../math/mean'
import { shapeFolds, splitRows } from '../fit/folds'
import { metricsOf } from '../../regression/metrics'
import { takeSamples, type SampleTable } from '../samples'
import { transferProxy } from './choose'
import { informativeDesign, uniformDesign } from './design'
import { transferMethods, type TransferMethod } from './methods'
import { keyOf, sourceModel, type SourceModel } from './sourceModel'

/** Error of a method at one number of samples. */
export interface CurvePoint {
  /** A method, or auto: what the product would use. `+design` where the rows were chosen, not drawn. */
  method: string
  n: number
  /** MAPE in percent on target rows that the source measured: mean and standard deviation over seeds. */
  seenMape: number
  seenDeviation: number
  /** The same on shapes that neither source nor target saw; null where there are too few shapes. */
  unseenMape: number | null
  unseenDeviation: number | null
}

/** Numbers of samples, draws, methods and designs of a transfer curve. */
export interface TransferCurveOptions {
  sizes: readonly number[]
  seeds: number
  methods?: readonly (TransferMethod | 'auto')[]
  designs?: readonly ('uniform' | 'design')[]
  onProgress?: (done: number, total: number, note: string) => void
}

/** Share of the rows a design may choose from differs from seed to seed, so that its spread is known. */
const designPool = 0.8

/**
 * Error of a transferred proxy against the number of target rows. Seen: rows the source measured, target rows drawn
 * from all, judged on the rest. Unseen: 5 groups of shapes are held out of source and target in turn.
 *
 * @throws data.invalid when the sets share fewer than 8 rows, or one holds times and the other energies
 */
export function transferCurve(
  source: SampleTable,
  target: SampleTable,
  options: TransferCurveOptions
): CurvePoint[] {
  const { sizes, seeds, methods = [...transferMethods, 'auto'], designs = ['uniform'], onProgress } = options
  const shared = sharedSamples(source, target)
  const folds = shapeFolds(shared)
  const whole = sourceModel(source, 1)
  const withoutFold: SourceModel[] = []
  for (let fold = 0; fold < folds.folds; fold++) {
    const held = new Set(Array.from(splitRows(folds, fold).test, (row) => shapeKey(shared, row)))
    withoutFold.push(
      sourceModel(
        takeSamples(
          source,
          rowsWhere(source.count, (row) => !held.has(shapeKey(source, row)))
        ),
        1
      )
    )
  }
  const points: CurvePoint[] = []
  const total = sizes.length * designs.length * methods.length
  for (const n of sizes) {
    for (const design of designs) {
      for (const method of methods) {
        onProgress?.(points.length, total, `${method}, ${countOf(n, 'row')}`)
        const seen: number[] = []
        const unseen: number[] = []
        for (let seed = 1; seed <= seeds; seed++) {
          if (n < shared.count - 2)
            seen.push(errorOf(whole, shared, allRows(shared), null, n, seed, method, design))
          const fold = (seed - 1) % folds.folds
          const { train, test } = splitRows(folds, fold)
          if (n <= train.length)
            unseen.push(errorOf(withoutFold[fold], shared, train, test, n, seed, method, design))
        }
        if (seen.length === 0) continue
        points.push({
          method: design === 'design' ? `${method}+design` : method,
          n,
          seenMape: mean(seen),
          seenDeviation: deviation(seen),
          unseenMape: unseen.length === 0 ? null : mean(unseen),
          unseenDeviation: unseen.length === 0 ? null : deviation(unseen)
        })
      }
    }
  }
  onProgress?.(total, total, '')
  return points
}

/**
 * Rows of the target whose layers were measured on the source too.
 *
 * @throws data.invalid for two quantities, or fewer than 8 such rows
 */
function sharedSamples(source: SampleTable, target: SampleTable): SampleTable {
  if (quantityOf(source.unit) !== quantityOf(target.unit)) {
    throw new AppError(
      'data.invalid',
      `The source is in ${source.unit}, the target in ${target.unit}: a transfer goes between devices, not from time to energy.`,
      'Choose two sets of the same quantity; energy has proxies of its own.'
    )
  }
  const known = new Set(Array.from({ length: source.count }, (_, row) => keyOf(source, row)))
  const rows = rowsWhere(target.count, (row) => known.has(keyOf(target, row)))
  if (rows.length < 8) {
    throw new AppError(
      'data.invalid',
      `Source and target share ${rows.length} measured layers; a transfer is judged on at least 8.`,
      'Measure the same layers on both devices.'
    )
  }
  return takeSamples(target, rows)
}

/** One draw: n rows of `pool` are measured on the target, the rest of it (or `test`) is judged. */
function errorOf(
  source: SourceModel,
  target: SampleTable,
  pool: Int32Array,
  test: Int32Array | null,
  n: number,
  seed: number,
  method: TransferMethod | 'auto',
  design: 'uniform' | 'design'
): number {
  const poolRows = takeSamples(target, pool)
  const offered =
    design === 'uniform'
      ? null
      : uniformDesign(poolRows, Math.max(n, Math.round(designPool * pool.length)), seed)
  const picked =
    offered === null
      ? uniformDesign(poolRows, n, seed)
      : informativeDesign(takeSamples(poolRows, offered), n, seed).map((at) => offered[at])
  const used = new Set(picked)
  const judged = test ?? pool.filter((_, at) => !used.has(at))
  const train = takeSamples(poolRows, picked)
  const rest = takeSamples(target, judged)
  const proxy = transferProxy(source, train, seed, method === 'auto' ? undefined : method)
  return metricsOf(proxy.predict(rest), rest.time).mape
}

function allRows(samples: SampleTable): Int32Array {
  return Int32Array.from({ length: samples.count }, (_, row) => row)
}

function rowsWhere(count: number, keep: (row: number) => boolean): number[] {
  const rows: number[] = []
  for (let row = 0; row < count; row++) if (keep(row)) rows.push(row)
  return rows
}

function shapeKey(samples: SampleTable, row: number): string {
  return samples.dims.map((column) => column[row]).join()
}
