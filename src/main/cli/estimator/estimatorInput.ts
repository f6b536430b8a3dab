import { countOf } from '../../../shared/units'
import path from 'node:path'
import { samplePresetNames, type SamplePresetName } from '../../../shared/vocabulary'
import { stageTable, type StageTable } from '../../../core/estimator/samples/stageTable'
import type { StageSample } from '../../../core/estimator/samples/stageSample'
import { dropOutliers } from '../../../core/estimator/fit/outliers'
import type { SampleReading } from '../../../core/estimator/samples/readSamples'
import { readDataSets, readStageFiles } from '../../estimator/sampleFiles'
import {
  choiceOption,
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'
import { decimalOption } from '../profile/profileOptions'

export const presetOption = {
  type: 'string',
  help: `names of knobs and stages: ${samplePresetNames.join(', ')}`,
  default: 'vlm'
} as const

/** The preset of column names that an option names. */
export function presetOf(args: CliArguments): SamplePresetName {
  return choiceOption(args, 'preset', samplePresetNames) ?? 'vlm'
}

/** How the options say that files of samples are read. */
export function readingOf(args: CliArguments): SampleReading {
  return { preset: presetOf(args), decimal: choiceOption(args, 'decimal', ['.', ',']) }
}

/** Options of verbs that read a results folder or files. */
export const dataOptions = {
  'results-dir': { type: 'string', help: 'folder of results: its JSON, CSV and Parquet files' },
  'use-all-datasets': { type: 'boolean', help: 'every folder below it that holds such files, without logs' },
  preset: presetOption,
  decimal: decimalOption,
  device: { type: 'string', help: 'cpu or cuda; the work runs on the CPU either way' },
  'max-token-ms': {
    type: 'string',
    help: 'decode times per token beyond this are dropped as outliers; 0 keeps all',
    default: '60'
  },
  'keep-outliers': { type: 'boolean', help: 'do not drop rows far from the median of their configuration' },
  seed: { type: 'string', help: 'same seed, same result', default: '3407' }
} as const

/** Samples that were read, and how many were dropped. */
export interface EstimatorInput {
  table: StageTable
  samples: StageSample[]
  dataSets: { name: string; samples: number }[]
  dropped: { byThreshold: number; byConfiguration: number }
}

/** Reads the samples of a verb and drops outliers; what was found and dropped goes to the log. */
export async function readEstimatorInput(args: CliArguments, context: CliContext): Promise<EstimatorInput> {
  const reading = readingOf(args)
  noteDevice(args, context)
  const folder = textOption(args, 'results-dir')
  const sets =
    folder === undefined
      ? [await filesAsSet(args, reading, context)]
      : await readDataSets(
          path.resolve(context.cwd, folder),
          reading,
          args.values['use-all-datasets'] === true
        )
  const dataSets = sets.map(({ name, samples }) => ({ name, samples: samples.length }))
  if (folder !== undefined)
    context.log(`Found ${countOf(sets.length, 'dataset')}: ${dataSets.map((set) => set.name).join(', ')}`)
  const samples = sets.flatMap((set) => set.samples)
  const limit = numberOption(args, 'max-token-ms', { min: 0 }) ?? 60
  const { kept, byThreshold, byConfiguration } = dropOutliers(stageTable(samples), {
    maxDecodePerTokenMs: limit === 0 ? null : limit,
    robust: args.values['keep-outliers'] !== true
  })
  if (byThreshold > 0)
    context.log(`Filtered ${countOf(byThreshold, 'outlier')} (decode per token > ${limit} ms)`)
  if (byConfiguration > 0)
    context.log(
      `Filtered ${countOf(byConfiguration, 'outlier')} (decode far from the median of their configuration)`
    )
  if (kept.count === 0) {
    throw new UsageError(
      `all ${countOf(samples.length, 'sample')} are beyond --max-token-ms ${limit}; on a slow device give a larger limit`
    )
  }
  return { table: kept, samples, dataSets, dropped: { byThreshold, byConfiguration } }
}

async function filesAsSet(args: CliArguments, reading: SampleReading, context: CliContext) {
  if (args.positionals.length === 0)
    throw new UsageError('give --results-dir FOLDER [--use-all-datasets], or sample files')
  return { name: 'files', samples: await readStageFiles(args.positionals, reading, context.cwd) }
}

function noteDevice(args: CliArguments, context: CliContext): void {
  const device = choiceOption(args, 'device', ['cpu', 'cuda'])
  if (device === 'cuda')
    context.log('Estimators train on the CPU, in seconds; --device cuda changes nothing.')
}

/** The seed of an estimator verb. */
export function stageSeed(args: CliArguments): number {
  return numberOption(args, 'seed', { min: 0, max: 0xffff_ffff, integer: true }) ?? 3407
}

/** A folder or file option, against the caller's folder. */
export function pathOption(args: CliArguments, name: string, context: CliContext): string | undefined {
  const text = textOption(args, name)
  return text === undefined ? undefined : path.resolve(context.cwd, text)
}
