import { transferErrors } from './errors'
import type { FittedTransfer } from './method'
import { fitStageTransfer, type StageTransferMethod } from './methods'
import type { TransferProblem } from './problem'

/**
 * The blend leads; another method is taken only when its error on left-out calibration rows is lower by this share, and
 * by more on few rows, whose leave-one-out error is itself uncertain.
 */
const margin = 0.1
const marginPerRow = 2
const leader: StageTransferMethod = 'blend'
const rivals: readonly StageTransferMethod[] = [
  'gpRatio',
  'rooflineGp',
  'rooflineSourceGp',
  'affineRelative',
  'logOffset'
]
/** Fewest rows that bear a Gaussian process; below, one factor per stage is used. */
const fewRows = 6
const maxFolds = 25

/** The method that leave-one-out chose, with the error of each. */
export interface ChosenStageTransfer {
  method: StageTransferMethod
  /** Leave-one-out MAPE of totals in percent, by method tried. */
  errors: Partial<Record<StageTransferMethod, number>>
}

/** Chooses by leaving calibration rows out; reads no other target row. */
export function chooseStageTransfer(
  problem: TransferProblem,
  rows: Int32Array,
  seed: number,
  fitted: Map<StageTransferMethod, FittedTransfer> = new Map()
): ChosenStageTransfer {
  if (rows.length < fewRows) return { method: 'logOffset', errors: {} }
  const errors: Partial<Record<StageTransferMethod, number>> = {}
  let method = leader
  let lowest = Infinity
  for (const candidate of [leader, ...rivals]) {
    const error = leftOutError(problem, rows, fitStageTransfer(candidate, problem, rows, seed, fitted))
    errors[candidate] = error
    if (error < lowest * (1 - margin - marginPerRow / rows.length)) [lowest, method] = [error, candidate]
  }
  return { method, errors }
}

function leftOutError(problem: TransferProblem, rows: Int32Array, model: FittedTransfer): number {
  const folds = rows.length <= maxFolds ? rows.length : 10
  let sum = 0
  for (let fold = 0; fold < folds; fold++) {
    const kept = rows.filter((_, at) => at % folds !== fold)
    const left = rows.filter((_, at) => at % folds === fold)
    const predicted = model.refit(kept).predict(left)
    sum += left.length * transferErrors(predicted, problem.target, left, problem.table.stages).totalMape
  }
  return sum / rows.length
}
