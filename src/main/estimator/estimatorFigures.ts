import type { EvaluatedRows } from '../../core/estimator/fit/report'
import { decodePerToken } from '../../core/estimator/fit/outliers'
import type { GuardrailAnalysis } from '../../core/estimator/guard/guardrail'
import { knobsOf, type StageTable } from '../../core/estimator/samples/stageTable'
import type { StageTransferPoint } from '../../core/estimator/transfer/curve'
import { methodTitles } from '../../core/estimator/transfer/methods'
import { createRandom } from '../../core/math/random'
import {
  barPanel,
  boxPanel,
  curvePanel,
  figureOf,
  histogramPanel,
  scatterPanel,
  type Panel
} from '../figures/charts'
import type { Figure } from '../figures/renderFigure'

/** Points of one stage: predicted and measured ms of the rows drawn. */
interface StagePoints {
  title: string
  unit: string
  predicted: number[]
  measured: number[]
}

/** The documents' evaluation figures of at most `maxSamples` rows, drawn by the seed. */
export function evaluationFigures(
  table: StageTable,
  rows: EvaluatedRows,
  maxSamples: number,
  seed: number
): Figure[] {
  const all = createRandom(seed).shuffle(Array.from({ length: table.count }, (_, row) => row))
  const drawn = all.slice(0, maxSamples)
  const stages = stagePoints(table, rows, drawn)
  const figures = [
    figureOf(
      'scatter_plots',
      stages.map(({ title, unit, predicted, measured }) =>
        scatterPanel(title, unit, [
          { name: 'sample', points: measured.map((value, at) => [value, predicted[at] ?? value] as const) }
        ])
      )
    ),
    figureOf(
      'error_distributions',
      stages.map((stage) =>
        histogramPanel(`Error of ${stage.title}`, 'predicted - measured, %', percentErrors(stage))
      )
    )
  ]
  for (const [name, knob, label] of [
    ['errors_by_tier', 'tier', 'image tier'],
    ['errors_by_topk', 'moeTopK', 'top-k'],
    ['errors_by_blocks', 'activeBlocks', 'active blocks']
  ] as const) {
    if (!table.knobs.some((one) => one.name === knob)) continue
    figures.push(
      figureOf(
        name,
        stages.map((stage) => errorBoxes(table, drawn, stage, knob, label))
      )
    )
  }
  return figures
}

function stagePoints(table: StageTable, rows: EvaluatedRows, drawn: readonly number[]): StagePoints[] {
  const points = (
    title: string,
    unit: string,
    predicted: Float64Array,
    measured: Float64Array
  ): StagePoints => ({
    title,
    unit,
    predicted: drawn.map((row) => predicted[row] ?? NaN),
    measured: drawn.map((row) => measured[row] ?? NaN)
  })
  const found = table.stages.map((stage, at) =>
    points(stage, 'ms', rows.predicted[at] ?? new Float64Array(0), table.times[at] ?? new Float64Array(0))
  )
  const decodeAt = table.stages.indexOf('decode')
  const perToken = decodePerToken(table)
  if (decodeAt >= 0 && !perToken.some(Number.isNaN)) {
    const predicted = rows.predicted[decodeAt]?.map((time, row) => time / (table.outputTokens[row] ?? 1))
    found.push(points('decode per token', 'ms', predicted ?? perToken, perToken))
  }
  found.push(points('total', 'ms', rows.predictedTotal, rows.measuredTotal))
  return found
}

function percentErrors({ predicted, measured }: StagePoints): number[] {
  return measured.map((value, at) => 100 * ((predicted[at] ?? value) / value - 1))
}

function errorBoxes(
  table: StageTable,
  drawn: readonly number[],
  stage: StagePoints,
  knob: string,
  label: string
): Panel {
  const errors = percentErrors(stage).map(Math.abs)
  const groups = new Map<string, number[]>()
  drawn.forEach((row, at) => {
    const name = String(knobsOf(table, row)[knob])
    groups.set(name, [...(groups.get(name) ?? []), errors[at] ?? 0])
  })
  const tiers = ['low', 'medium', 'high']
  const order = (name: string): number => (tiers.includes(name) ? tiers.indexOf(name) : Number(name))
  const sorted = [...groups].sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
  return boxPanel(
    `Error of ${stage.title}`,
    'absolute error, %',
    sorted.map(([name, values]) => ({ name, values })),
    label
  )
}

/** Errors below this are drawn at it: a logarithmic axis has no 0. */
const minShown = 0.1

/** The documents' lines, and ours. */
const drawnMethods = [
  'blend',
  'none',
  'affineLeastSquares',
  'globalAffine',
  'fineTune',
  'affineRelative',
  'gpRatio',
  'rooflineGp'
] as const

/** Error against the number of calibration configurations and against the seconds that measuring them takes. */
export function transferFigures(points: readonly StageTransferPoint[]): Figure[] {
  const methods = drawnMethods.filter((method) => points.some((point) => point.method === method))
  const series = (read: (point: StageTransferPoint) => number, x: (point: StageTransferPoint) => number) =>
    methods.map((method) => ({
      name: methodTitles[method],
      points: points
        .filter((point) => point.method === method)
        .map((point) => ({ x: x(point), y: read(point), deviation: point.totalDeviation }))
    }))
  const n = (point: StageTransferPoint): number => point.n
  return [
    figureOf('e3_prediction_error_vs_samples', [
      curvePanel(
        'Error against calibration configurations',
        { label: 'configurations measured on the target', log: true },
        { label: 'MAPE of the total, %', log: true },
        series((point) => Math.max(minShown, point.totalMape), n)
      ),
      curvePanel(
        'Error against measuring time',
        { label: 'seconds of measuring, one run each', log: true },
        { label: 'MAPE of the total, %', log: true },
        series(
          (point) => Math.max(minShown, point.totalMape),
          (point) => point.calibrationSeconds
        )
      )
    ])
  ]
}

/** Predicted against measured total per stage on held-out configurations of the target. */
export function predictedActualFigure(
  series: readonly { name: string; points: readonly (readonly [number, number])[] }[]
): Figure {
  return figureOf('e3_predicted_vs_actual', [
    scatterPanel('Predicted against measured, target', 'ms', series)
  ])
}

/** Violation rates with and without, and false rejects against false accepts. */
export function guardrailFigure(analysis: GuardrailAnalysis): Figure {
  const percent = (share: number | null): number => 100 * (share ?? 0)
  const { byFraction, tradeOff } = analysis
  return figureOf('e3_guardrail_effectiveness', [
    barPanel(
      'Violations of the budget',
      'share beyond the budget, %',
      byFraction.map(({ fraction }) => String(fraction)),
      [
        { name: 'no guardrail', values: byFraction.map((one) => percent(one.margin.violationsWithout)) },
        {
          name: `margin ${analysis.margin}`,
          values: byFraction.map((one) => percent(one.margin.violationsWith))
        },
        { name: 'interval', values: byFraction.map((one) => percent(one.interval.violationsWith)) }
      ],
      'budget as a fraction of the P90 of measured totals'
    ),
    curvePanel(
      `False accepts against false rejects, fraction ${tradeOff.fraction}`,
      { label: 'false rejects, % of those within', min: 0 },
      { label: 'false accepts, % of those beyond', min: 0 },
      [
        {
          name: 'margins 0.8 to 1.5',
          points: tradeOff.margins.map((one) => ({
            x: percent(one.falseReject),
            y: percent(one.falseAccept)
          }))
        },
        {
          name: 'interval rule',
          points: [{ x: percent(tradeOff.interval.falseReject), y: percent(tradeOff.interval.falseAccept) }]
        }
      ]
    )
  ])
}
