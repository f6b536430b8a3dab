import type { EstimatorDetail } from '../../shared/contract/estimator'
import { mean } from '../math/mean'
import {
  agree,
  differences,
  plainFigure as plain,
  textRows,
  type RunFigure,
  type RunFigures
} from './figures'
import { pairedDifference } from './intervals'

type Errors = EstimatorDetail['evaluation']['total']
type PerConfiguration = EstimatorDetail['evaluation']['perConfiguration'][number]

/**
 * Estimators: errors on held-out configurations by stage, with differences over the configurations that both held out, and the
 * loss of their trainings.
 */
export function compareEstimators(estimators: readonly EstimatorDetail[]): RunFigures {
  const stages = [...new Set(estimators.flatMap(({ evaluation }) => Object.keys(evaluation.stages)))]
  const errors = (name: string, of: (one: EstimatorDetail) => Errors | null | undefined): RunFigure[] => [
    plain(
      `${name}: MAPE`,
      '%',
      estimators.map((one) => of(one)?.mape ?? null)
    ),
    plain(
      `${name}: 95 % of the errors are below`,
      'ms',
      estimators.map((one) => of(one)?.p95Ms ?? null)
    )
  ]
  const figures = [
    pairedFigure(estimators, 'MAPE of the total', '%', (one) => one.totalMape, keyOfTotal),
    pairedFigure(estimators, 'error of the total', 'ms', (one) => one.totalMaeMs, keyOfTotal),
    pairedFigure(estimators, 'error of prefill', 'ms', (one) => one.prefillMaeMs),
    pairedFigure(estimators, 'error of decode', 'ms', (one) => one.decodeMaeMs),
    ...errors('total', ({ evaluation }) => evaluation.total),
    ...stages.flatMap((stage) => errors(stage, ({ evaluation }) => evaluation.stages[stage])),
    ...errors('decode per token', ({ evaluation }) => evaluation.decodePerToken),
    plain(
      '90 % intervals that hold the time',
      'share',
      estimators.map(({ coverage }) => coverage)
    ),
    plain(
      'Samples trained on',
      'samples',
      estimators.map(({ estimator }) => estimator.rows.train)
    ),
    plain(
      'Samples held out',
      'samples',
      estimators.map(({ estimator }) => estimator.rows.validation)
    )
  ]
  return {
    notes: notesOf(estimators),
    figures: figures.filter(({ values }) => values.some((value) => value !== null)),
    rows: settingRows(estimators),
    curves: estimators.flatMap(({ history }, run) =>
      history.length === 0
        ? []
        : [
            {
              ...{ run, name: 'held-out loss of the training', x: history.map(({ epoch }) => epoch) },
              y: history.map(({ validationLoss }) => validationLoss)
            }
          ]
    )
  }
}

/** Means over each estimator's own configurations; differences over those that both held out, which are the same times twice. */
function pairedFigure(
  estimators: readonly EstimatorDetail[],
  name: string,
  unit: string,
  of: (one: PerConfiguration) => number | null,
  keyOf: KeyOfFigure = (one) => one.configuration
): RunFigure {
  const known = estimators.map(
    (estimator) =>
      new Map(
        estimator.evaluation.perConfiguration.flatMap((one): [string, number][] => {
          const value = of(one)
          return value === null ? [] : [[keyOf(one, estimator), value]]
        })
      )
  )
  return {
    ...{ name: `Mean over configurations: ${name}`, unit, how: 'difference' },
    values: known.map((one) => (one.size === 0 ? null : mean([...one.values()]))),
    against: differences(known, pairedDifference)
  }
}

/** Figures of a configuration are compared where their keys are equal. */
type KeyOfFigure = (one: PerConfiguration, estimator: EstimatorDetail) => string

/** A total of other stages is another figure. */
const keyOfTotal: KeyOfFigure = ({ configuration }, estimator) => `${stageNames(estimator)}\n${configuration}`

const stageNames = ({ estimator }: EstimatorDetail): string => [...estimator.stages].sort().join()

function notesOf(estimators: readonly EstimatorDetail[]): string[] {
  const held = (one: EstimatorDetail): string =>
    one.evaluation.perConfiguration
      .map(({ configuration }) => configuration)
      .sort()
      .join('\n')
  return [
    ...(agree(estimators, held)
      ? []
      : ['They held out different configurations: differences are over those they share.']),
    ...(agree(estimators, stageNames)
      ? []
      : ['They predict different stages: errors of such totals are not compared.']),
    ...(agree(estimators, ({ estimator }) => estimator.origin)
      ? []
      : ['Their samples are of different origin.'])
  ]
}

function settingRows(estimators: readonly EstimatorDetail[]): RunFigures['rows'] {
  const rows = textRows(estimators, [
    ['model', ({ estimator }) => estimator.model],
    ['stages', ({ estimator }) => estimator.stages.join(', ')],
    ['knobs', ({ knobs }) => knobs.map(({ name }) => name).join(', ')],
    ['origin', ({ estimator }) => estimator.origin],
    ['seed', ({ estimator }) => String(estimator.seed)],
    ...['prefill', 'decode total', 'decode per token'].map(
      (what): [string, (one: EstimatorDetail) => string] => [
        `verdict on ${what}`,
        ({ evaluation }) => evaluation.verdicts.find((one) => one.what === what)?.verdict ?? ''
      ]
    )
  ])
  return rows.filter(({ cells }) => cells.some((cell) => cell !== ''))
}
