import { countOf } from '../../../shared/units'
import { evaluateEstimator, evaluateRows } from '../../../core/estimator/fit/report'
import { hashSamples, readEstimator } from '../../estimator/estimatorFiles'
import { evaluationFigures } from '../../estimator/estimatorFigures'
import { writeFigures } from '../../figures/writeFigures'
import { writeWholeFile } from '../../files/replaceFile'
import { dataOptions, pathOption, readEstimatorInput, stageSeed } from './estimatorInput'
import { errorLines } from './estimatorText'
import {
  numberOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

const checkpoint = { type: 'string', help: 'best_latency_estimator.json, or its folder' } as const
const batchSize = {
  type: 'string',
  help: 'accepted for scripts; all samples are predicted at once'
} as const

/** `bitbench estimator evaluate`. */
export const stageEvaluateVerb: CliVerb = {
  summary: 'Errors of an estimator on samples, with verdicts and a table per configuration.',
  usage:
    '--checkpoint-path FILE (--results-dir DIR [--use-all-datasets] | FILE…) [--output-file evaluation_results.json]',
  options: {
    ...dataOptions,
    'checkpoint-path': checkpoint,
    'batch-size': batchSize,
    'output-file': { type: 'string', help: 'JSON file of the results' }
  },
  run: (args, context) => runEvaluate(args, context)
}

/** `bitbench estimator figures`. */
export const figuresVerb: CliVerb = {
  summary: 'Scatter plots, error distributions and errors by tier, top-k and blocks, as PNG and SVG.',
  usage:
    '--checkpoint-path FILE (--results-dir DIR [--use-all-datasets] | FILE…) --output-dir DIR [--max-samples 10000]',
  options: {
    ...dataOptions,
    'checkpoint-path': checkpoint,
    'batch-size': batchSize,
    'output-dir': { type: 'string', help: 'folder of the figures', default: 'figures' },
    'max-samples': { type: 'string', help: 'most samples that are drawn', default: '10000' }
  },
  run: (args, context) => runFigures(args, context)
}

async function openEstimator(args: CliArguments, context: CliContext) {
  const file = pathOption(args, 'checkpoint-path', context)
  if (file === undefined) throw new UsageError('--checkpoint-path FILE is needed')
  return await readEstimator(file)
}

async function runEvaluate(args: CliArguments, context: CliContext) {
  const { estimator, json } = await openEstimator(args, context)
  const { table, samples, dataSets, dropped } = await readEstimatorInput(args, context)
  const trainedOn = hashSamples(samples) === json.dataHash
  const results = {
    origin: table.origin,
    samples: table.count,
    trainedOn,
    dataSets,
    dropped,
    estimator: { model: json.model, dataHash: json.dataHash, seed: json.seed },
    ...evaluateEstimator(estimator, table)
  }
  const file = pathOption(args, 'output-file', context)
  if (file !== undefined) await writeWholeFile(file, `${JSON.stringify(results, null, 1)}\n`)
  const perConfiguration = results.perConfiguration.map(
    ({ configuration, samples, prefillMaeMs, decodeMaeMs, totalMaeMs }) =>
      `  ${configuration.padEnd(24)} ${countOf(samples, 'sample').padStart(14)}  ` +
      [
        ['prefill', prefillMaeMs],
        ['decode', decodeMaeMs],
        ['total', totalMaeMs]
      ]
        .flatMap(([name, value]) => (typeof value === 'number' ? [`${name} MAE ${value.toFixed(3)} ms`] : []))
        .join(', ')
  )
  const text = [
    `${table.origin === 'simulated' ? 'SIMULATED data. ' : ''}${countOf(table.count, 'sample')}`,
    ...(trainedOn
      ? ['The estimator was trained on these samples: errors of held-out ones are in training_history.json.']
      : []),
    ...errorLines(results),
    'Per configuration:',
    ...perConfiguration,
    ...(file === undefined ? [] : [`Wrote ${file}`])
  ].join('\n')
  return { json: results, text }
}

async function runFigures(args: CliArguments, context: CliContext) {
  const { estimator } = await openEstimator(args, context)
  const { table } = await readEstimatorInput(args, context)
  const most = numberOption(args, 'max-samples', { min: 1, integer: true }) ?? 10_000
  const folder = pathOption(args, 'output-dir', context) ?? context.cwd
  const figures = evaluationFigures(table, evaluateRows(estimator, table), most, stageSeed(args))
  const files = await writeFigures(folder, figures)
  return { json: { files, samples: Math.min(most, table.count) }, text: files.join('\n') }
}
