import { countOf, formatPercent, formatPercentValue } from '../../../shared/units'
import path from 'node:path'
import { positionNeeds } from '../../../core/estimator/fit/position'
import { evaluateEstimator } from '../../../core/estimator/fit/report'
import { trainEstimator, type Trained } from '../../../core/estimator/fit/train'
import { mlpDefaults } from '../../../core/estimator/models/mlp'
import { stageModelNames } from '../../../shared/vocabulary'
import { takeRows } from '../../../core/estimator/samples/stageTable'
import { estimatorFileName, hashSamples, writeEstimator } from '../../estimator/estimatorFiles'
import { writeWholeFile } from '../../files/replaceFile'
import { mkdir } from 'node:fs/promises'
import { dataOptions, pathOption, readEstimatorInput, stageSeed } from './estimatorInput'
import { errorLines } from './estimatorText'
import {
  choiceOption,
  numberOption,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

/** `bitbench estimator train`. */
export const trainVerb: CliVerb = {
  summary: 'Trains a latency estimator and writes best_latency_estimator.json.',
  usage:
    '--results-dir DIR [--use-all-datasets] --output-dir DIR [--model physical] | FILE… --output-dir DIR',
  options: {
    ...dataOptions,
    'output-dir': { type: 'string', help: 'folder of the estimator', default: '.' },
    model: { type: 'string', help: stageModelNames.join(', '), default: 'physical' },
    structure: { type: 'string', help: 'perStage, unified (mlp) or total; by default what fits the model' },
    'validation-share': { type: 'string', help: 'share of configurations held out', default: '0.25' },
    'batch-size': { type: 'string', help: 'mlp: samples per step', default: String(mlpDefaults.batchSize) },
    'num-epochs': {
      type: 'string',
      help: 'mlp: passes over the samples',
      default: String(mlpDefaults.epochs)
    },
    lr: { type: 'string', help: 'mlp: learning rate', default: String(mlpDefaults.rate) }
  },
  run: (args, context) => runTrain(args, context)
}

async function runTrain(args: CliArguments, context: CliContext) {
  const { table, samples, dataSets, dropped } = await readEstimatorInput(args, context)
  const seed = stageSeed(args)
  const model = choiceOption(args, 'model', stageModelNames) ?? 'physical'
  const structure = choiceOption(args, 'structure', ['perStage', 'unified', 'total'])
  const epochs =
    numberOption(args, 'num-epochs', { min: 1, max: 100_000, integer: true }) ?? mlpDefaults.epochs
  const startedMs = performance.now()
  const trained = trainEstimator(table, {
    model,
    seed,
    validationShare: numberOption(args, 'validation-share', { min: 0.05, max: 0.5 }) ?? 0.25,
    epochs,
    batchSize:
      numberOption(args, 'batch-size', { min: 1, max: 100_000, integer: true }) ?? mlpDefaults.batchSize,
    rate: numberOption(args, 'lr', { min: 1e-7, max: 1 }) ?? mlpDefaults.rate,
    ...(structure === undefined ? {} : { structure }),
    onEpoch: (epoch) => {
      if (epoch.epoch === 1) context.log(countOf(table.count, 'sample'))
      context.log(epochLine(epoch, epochs))
    }
  })
  const seconds = (performance.now() - startedMs) / 1000
  const { train, validation } = trained.split
  context.log(`Training samples: ${train.length}, validation samples: ${validation.length}`)
  const folder = pathOption(args, 'output-dir', context) ?? context.cwd
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, estimatorFileName)
  const dataHash = hashSamples(samples)
  const rows = { train: train.length, validation: validation.length }
  await writeEstimator(file, trained.estimator, { seed, origin: table.origin, dataHash, rows })
  const judged = takeRows(table, validation.length > 0 ? validation : train)
  const evaluation = evaluateEstimator(trained.estimator, judged)
  const json = {
    file,
    model,
    origin: table.origin,
    seed,
    dataHash,
    dataSets,
    dropped,
    rows,
    seconds,
    coverage90: trained.coverage,
    position: trained.estimator.position,
    validation: evaluation,
    history: trained.history
  }
  await writeWholeFile(path.join(folder, 'training_history.json'), `${JSON.stringify(json, null, 1)}\n`)
  const text = [
    `${table.origin === 'simulated' ? 'SIMULATED data. ' : ''}Held-out configurations (${countOf(validation.length, 'sample')}):`,
    ...errorLines(evaluation),
    coverageLine(trained),
    positionLine(trained),
    `Trained in ${seconds.toFixed(1)} s. Wrote ${file}`
  ].join('\n')
  return { json, text }
}

/** An epoch of this many, with the errors that the model has. */
function epochLine(epoch: Trained['history'][number], epochs: number): string {
  const { trainLoss, validationLoss, prefillMaeMs, decodeMaeMs, relative } = epoch
  return [
    `Epoch ${epoch.epoch}/${epochs}: train loss ${trainLoss.toFixed(5)}`,
    `val loss ${validationLoss.toFixed(5)}`,
    ...(prefillMaeMs === null ? [] : [`prefill MAE ${prefillMaeMs.toFixed(3)} ms`]),
    ...(decodeMaeMs === null ? [] : [`decode total MAE ${decodeMaeMs.toFixed(3)} ms`]),
    ...(relative === null ? [] : [`relative error ${formatPercentValue(relative, 2)}`])
  ].join(', ')
}

function coverageLine({ coverage }: Trained): string {
  return coverage === null
    ? 'Coverage of the 90 % interval: not measurable with so few configurations'
    : `Coverage of the 90 % interval on other configurations: ${formatPercent(coverage)}`
}

function positionLine({ estimator }: Trained): string {
  const { identifiable, slope, fittedSlope, low, high, rows } = estimator.position
  if (!estimator.stages.includes('decode')) return 'No decode stage.'
  if (!identifiable || fittedSlope === null || low === null || high === null) {
    return (
      `Position effect: not identifiable. It needs ${positionNeeds.rows} samples with times of ` +
      `${positionNeeds.tokens} tokens each or more; sums of decode do not say how single tokens differ.`
    )
  }
  const percent = (value: number): string => formatPercent(value, 4)
  return (
    `Position effect from ${rows} samples: ${percent(fittedSlope)} per token (99 %: ${percent(low)} to ${percent(high)}), ` +
    (slope === 0 ? 'not different from 0, so none is used' : 'used')
  )
}
