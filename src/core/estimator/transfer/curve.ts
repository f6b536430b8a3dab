import { AppError } from '../../../shared/errors'
import { countOf } from '../../../shared/units'
import { deviation } from '../../math/mean'
import type { AssembledTransfer } from './assemble'
import { chooseCalibrationRows, type CalibrationDesign } from './calibrationRows'
import { chooseStageTransfer } from './choose'
import { meanErrors, transferErrors, type TransferErrors } from './errors'
import type { FittedTransfer } from './method'
import { fitStageTransfer, stageTransferMethods, type StageTransferMethod } from './methods'

/** Numbers of samples, draws and methods of a transfer curve. */
export interface StageTransferOptions {
  sizes: readonly number[]
  seeds: number
  methods?: readonly StageTransferMethod[]
  /** How the calibration configurations are chosen; default random. */
  design?: CalibrationDesign
  onProgress?: (done: number, total: number, note: string) => void
}

/** Errors of one method with n calibration configurations. */
export interface StageTransferPoint extends TransferErrors {
  method: StageTransferMethod | 'auto'
  n: number
  seeds: number
  /** Standard deviation of totalMape over seeds, percent points. */
  totalDeviation: number
  /** Mean time that measuring the calibration configurations once takes, in seconds, warm-up not counted. */
  calibrationSeconds: number
}

/** Error against the number of samples, by method. */
export interface StageTransferCurve {
  points: StageTransferPoint[]
  /** Per n the method that `auto` took most often. */
  chosen: Record<string, StageTransferMethod>
}

/**
 * Errors against the number of calibration configurations, every method on the same draws.
 * @throws data.invalid where the target has too few configurations for a size
 */
export function stageTransferCurve(
  assembled: AssembledTransfer,
  options: StageTransferOptions
): StageTransferCurve {
  const { methods = stageTransferMethods, design = 'random' } = options
  const points: StageTransferPoint[] = []
  const chosen: StageTransferCurve['chosen'] = {}
  const total = options.sizes.length * options.seeds
  let done = 0
  // Before minutes are spent on the smaller ones.
  for (const n of options.sizes) requireRows(assembled, n)
  for (const n of options.sizes) {
    const draws = new Map<StageTransferMethod | 'auto', TransferErrors[]>()
    const votes = new Map<StageTransferMethod, number>()
    let seconds = 0
    for (let seed = 1; seed <= options.seeds; seed++) {
      options.onProgress?.(done++, total, `${n} configurations, draw ${seed} of ${options.seeds}`)
      const draw = oneDraw(assembled, n, seed, methods, design)
      draw.errors.forEach((errors, method) => draws.set(method, [...(draws.get(method) ?? []), errors]))
      votes.set(draw.chosen, (votes.get(draw.chosen) ?? 0) + 1)
      seconds += draw.seconds / options.seeds
    }
    chosen[n] = [...votes].sort((a, b) => b[1] - a[1])[0][0]
    draws.forEach((errors, method) => {
      points.push({
        method,
        n,
        seeds: options.seeds,
        ...meanErrors(errors),
        totalDeviation: deviation(errors.map((one) => one.totalMape)),
        calibrationSeconds: seconds
      })
    })
  }
  options.onProgress?.(total, total, '')
  return { points, chosen }
}

function oneDraw(
  { problem, pool, judged }: AssembledTransfer,
  n: number,
  seed: number,
  methods: readonly StageTransferMethod[],
  design: CalibrationDesign
) {
  const rows = chooseCalibrationRows(design, problem, pool, n, seed)
  const chosen = new Set(rows)
  const rest = judged ?? pool.filter((row) => !chosen.has(row))
  const fitted = new Map<StageTransferMethod, FittedTransfer>()
  const errors = new Map<StageTransferMethod | 'auto', TransferErrors>()
  const judge = (model: FittedTransfer): TransferErrors =>
    transferErrors(model.predict(rest), problem.target, rest, problem.table.stages)
  for (const method of methods)
    errors.set(method, judge(fitStageTransfer(method, problem, rows, seed, fitted)))
  const { method } = chooseStageTransfer(problem, rows, seed, fitted)
  errors.set('auto', errors.get(method) ?? judge(fitStageTransfer(method, problem, rows, seed, fitted)))
  const milliseconds = problem.target.reduce(
    (sum, times) => sum + rows.reduce((part, row) => part + (times[row] > 0 ? times[row] : 0), 0),
    0
  )
  return { errors, chosen: method, seconds: milliseconds / 1000 }
}

function requireRows({ pool, judged }: AssembledTransfer, n: number): void {
  const kept = judged === null ? 1 : 0
  if (pool.length >= n + kept && (judged === null || judged.length > 0)) return
  const which = judged === null ? '' : ' that are not in the judge'
  throw new AppError(
    'data.invalid',
    `The target has ${countOf(pool.length, 'configuration')}${which}: ${n} cannot be drawn${judged === null ? ' with one left to judge by' : ''}.`,
    `Ask for fewer with --n, or give more target rows${judged === null ? '' : ' or fewer --judge files'}.`
  )
}
