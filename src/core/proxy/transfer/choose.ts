import { metricsOf } from '../fit/metrics'
import { gather, takeSamples, type SampleTable, type ShapeRows } from '../samples'
import { fitTransfer, type TransferMethod, type TransferModel } from './methods'
import type { SourceModel } from './sourceModel'

/** The method that leave-one-out chose, with the error of each. */
export interface ChosenTransfer {
  method: TransferMethod
  /** Leave-one-out (for more than 25 rows: 10-fold) MAPE in percent of every method tried. */
  errors: Partial<Record<TransferMethod, number>>
}

/**
 * The first is taken unless another's held-out error is lower by a share of it: `margin`, and more on few rows, whose
 * leave-one-out error says little. The Gaussian process begins as the common factor and departs from it as far as the
 * rows bear it out, so that it leads as soon as there are enough rows to leave some out.
 */
const byCount: readonly { atLeast: number; methods: readonly TransferMethod[] }[] = [
  { atLeast: 8, methods: ['gpRatio', 'logOffset', 'pairOffset', 'affine'] },
  { atLeast: 0, methods: ['logOffset'] }
]
const margin = 0.1
const marginPerRow = 4
const foldsBeyond25 = 10

/** Chooses a method for these target rows: by their number, then by held-out error. */
export function chooseTransfer(target: SampleTable, source: Float64Array, seed: number): ChosenTransfer {
  const tried = byCount.find(({ atLeast }) => target.count >= atLeast)?.methods ?? ['logOffset']
  const errors: ChosenTransfer['errors'] = {}
  if (tried.length === 1) return { method: tried[0], errors }
  const folds = target.count <= 25 ? target.count : foldsBeyond25
  let method: TransferMethod = tried[0]
  let lowest = Infinity
  for (const candidate of tried) {
    const error = holdoutError(candidate, target, source, folds, seed)
    errors[candidate] = error
    if (error < lowest * (1 - margin - marginPerRow / target.count)) [lowest, method] = [error, candidate]
  }
  return { method, errors }
}

function holdoutError(
  method: TransferMethod,
  target: SampleTable,
  source: Float64Array,
  folds: number,
  seed: number
): number {
  const predicted = new Float64Array(target.count)
  for (let fold = 0; fold < folds; fold++) {
    const train: number[] = []
    const test: number[] = []
    for (let row = 0; row < target.count; row++) (row % folds === fold ? test : train).push(row)
    const model = fitTransfer(method, takeSamples(target, train), gather(source, train), seed)
    const values = model(takeSamples(target, test), gather(source, test))
    test.forEach((row, at) => (predicted[row] = values[at]))
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
