import { leaderOrRival, leaveOut, type Chosen } from '../../regression/leaveOut'
import { transferErrors } from './errors'
import type { FittedTransfer } from './method'
import { fitStageTransfer, type StageTransferMethod } from './methods'
import type { TransferProblem } from './problem'

/** See leaderOrRival: the blend leads. */
const marginPerRow = 2
const tried = ['blend', 'gpRatio', 'rooflineGp', 'rooflineSourceGp', 'affineRelative', 'logOffset'] as const
/** Fewest rows that bear a Gaussian process; below, one factor per stage is used. */
const fewRows = 6

/** The method that leave-one-out chose, with the leave-one-out MAPE of totals in percent of each that was tried. */
export type ChosenStageTransfer = Chosen<StageTransferMethod>

/** Chooses by leaving calibration rows out; reads no other target row. */
export function chooseStageTransfer(
  problem: TransferProblem,
  rows: Int32Array,
  seed: number,
  fitted: Map<StageTransferMethod, FittedTransfer> = new Map()
): ChosenStageTransfer {
  if (rows.length < fewRows) return { method: 'logOffset', errors: {} }
  return leaderOrRival<StageTransferMethod>(tried, rows.length, marginPerRow, (method) =>
    leftOutError(problem, rows, fitStageTransfer(method, problem, rows, seed, fitted))
  )
}

function leftOutError(problem: TransferProblem, rows: Int32Array, model: FittedTransfer): number {
  let sum = 0
  for (const turn of leaveOut(rows.length)) {
    const [kept, left] = [turn.kept, turn.left].map((places) => places.map((at) => rows[at]))
    const predicted = model.refit(kept).predict(left)
    sum += left.length * transferErrors(predicted, problem.target, left, problem.table.stages).totalMape
  }
  return sum / rows.length
}
