import { metricsOf } from '../../regression/metrics'
import { leaderOrRival, leaveOut, type Chosen } from '../../regression/leaveOut'
import { gather, takeSamples, type SampleTable, type ShapeRows } from '../samples'
import { fitTransfer, type TransferMethod, type TransferModel } from './methods'
import type { SourceModel } from './sourceModel'

/** The method that leave-one-out chose, with the held-out MAPE in percent of each that was tried. */
export type ChosenTransfer = Chosen<TransferMethod>

/** Fewest rows of which some are left out to choose by; the common factor is taken below. */
const fewRows = 8
/**
 * See leaderOrRival. The Gaussian process begins as the common factor and departs from it as far as the rows bear it out, so
 * that it leads.
 */
const tried = ['gpRatio', 'logOffset', 'pairOffset', 'affine'] as const
const marginPerRow = 4

/** Chooses a method for these target rows: by their number, then by held-out error. */
export function chooseTransfer(target: SampleTable, source: Float64Array, seed: number): ChosenTransfer {
  if (target.count < fewRows) return { method: 'logOffset', errors: {} }
  return leaderOrRival<TransferMethod>(tried, target.count, marginPerRow, (method) =>
    leftOutError(method, target, source, seed)
  )
}

function leftOutError(
  method: TransferMethod,
  target: SampleTable,
  source: Float64Array,
  seed: number
): number {
  const predicted = new Float64Array(target.count)
  for (const { kept, left } of leaveOut(target.count)) {
    const model = fitTransfer(method, takeSamples(target, kept), gather(source, kept), seed)
    const values = model(takeSamples(target, left), gather(source, left))
    left.forEach((row, at) => (predicted[row] = values[at]))
  }
  return metricsOf(predicted, target.time).mape
}

/** A transfer that was chosen and fitted on all rows. */
export interface TransferredProxy extends ChosenTransfer {
  predict(rows: ShapeRows): Float64Array
}

/** A target proxy from a source device and target samples; `method` overrides the automatic choice. */
export function transferProxy(
  source: SourceModel,
  target: SampleTable,
  seed: number,
  method?: TransferMethod
): TransferredProxy {
  const times = source.predict(target)
  const chosen = method === undefined ? chooseTransfer(target, times, seed) : { method, errors: {} }
  const model: TransferModel = fitTransfer(chosen.method, target, times, seed)
  return { ...chosen, predict: (rows) => model(rows, source.predict(rows)) }
}
