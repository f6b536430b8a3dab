import { thoroughMethods } from '../../../shared/vocabulary'
import type { FittedOn, QuantMethod, SchemeAccuracy, Split } from '../../../shared/contract/model'
import { AppError } from '../../../shared/errors'
import { schemeKey, type Scheme } from '../../../core/quant/scheme'
import { countOf, formatPercent, formatWhole } from '../../../shared/units'
import { retrainedOn } from '../../model/data/itemsLibrary'
import type { Judged } from '../../model/modelTasks'
import { modelTasks } from '../../model/modelTasks'
import { isRetrained } from '../../model/modelWorkspace'
import type { ModelService } from '../../model/modelService'
import { resourcePath } from '../../paths'
import { clientOf, type LocalClient } from '../framework/localClient'
import { textOption, type CliArguments, type CliContext } from '../framework/framework'
import { taskContext } from '../framework/taskContext'
import { networkPath } from './networkPath'

/** The option of every verb that says how good something is. */
export const dataSetOption = {
  dataset: {
    type: 'string',
    help: 'a data set added before; the model remembers it. Without: the one its file names, else the shipped images'
  }
} as const

/** A scheme's result on a split, and whether it was known before. */
export type Judgement = Pick<
  Judged,
  'images' | 'correct' | 'accuracy' | 'metrics' | 'fittedOn' | 'durationMs'
> & {
  cached: boolean
  /** Calibration and tuning items that retraining takes, of how many; null where nothing is retrained or no set was named. */
  retrainedOn: FittedOn | null
}

/** Evaluates a scheme (null: float) on a split. */
export type Judge = (scheme: Scheme | null, split: Split) => Promise<Judgement>

/** The model service with a data set bound to the model; null without --dataset. */
export async function withDataSet(
  args: CliArguments,
  context: CliContext,
  file: string
): Promise<{ model: ModelService; modelId: string; dataSet: string } | null> {
  const dataSet = textOption(args, 'dataset')
  if (dataSet === undefined) return null
  const { model } = await context.bitbench()
  const { id } = await model.open(networkPath(context.cwd, file))
  await model.useDataSet(id, dataSet)
  return { model, modelId: id, dataSet }
}

/**
 * Binds the data set of --dataset to a network over the contract, so also in a host that runs on the data file.
 * Returns the id of the network.
 */
export async function bindDataSet(
  client: LocalClient,
  context: CliContext,
  file: string,
  dataSet: string | undefined
): Promise<string> {
  const { model } = await client.call('model.open', { path: networkPath(context.cwd, file) })
  if (dataSet !== undefined) await client.call('model.useDataSet', { modelId: model.id, dataSet })
  return model.id
}

/** Judges on a data set over the contract: where a window is open on the data file, that window computes. */
async function judgeOfSet(
  dataSet: string,
  context: CliContext,
  file: string,
  method: QuantMethod
): Promise<Judge> {
  const client = await clientOf(context)
  const modelId = await bindDataSet(client, context, file, dataSet)
  const { dataSets } = await client.call('dataset.list', {})
  const set = dataSets.find(({ name }) => name === dataSet)
  return async (scheme, split) => {
    const wanted = scheme === null ? 'float' : schemeKey(scheme)
    // Of sets that had the same name one after the other, the newest is the one that is bound.
    const listed = async (): Promise<SchemeAccuracy | undefined> =>
      (await client.call('model.evaluations', { modelId })).evaluations.findLast(
        (entry) =>
          entry.dataSet === dataSet &&
          entry.split === split &&
          entry.method === method &&
          (entry.scheme === null ? 'float' : schemeKey(entry.scheme)) === wanted
      )
    const before = await listed()
    const { jobId } = await client.call('model.evaluate', {
      ...{ modelId, split, method },
      scheme: scheme === null ? null : scheme.map((bits) => ({ ...bits }))
    })
    await client.finish(jobId)
    const found = await listed()
    if (found === undefined)
      throw new AppError(
        'data.missing',
        'The result of the evaluation was forgotten before it could be read.',
        'Evaluate again; `bitbench model results FILE.onnx` shows what is kept.'
      )
    return {
      ...found,
      cached: found.cached || found.atMs === before?.atMs,
      retrainedOn:
        set !== undefined && scheme !== null && isRetrained(scheme, method) ? retrainedOn(set) : null
    }
  }
}

/**
 * How `model evaluate` judges: on the shipped images here and now; with --dataset in workers, with results kept in the
 * data file and the set bound to the model.
 */
export async function judgeOf(
  args: CliArguments,
  context: CliContext,
  file: string,
  method: QuantMethod
): Promise<Judge> {
  const dataSet = textOption(args, 'dataset')
  if (dataSet !== undefined) return await judgeOfSet(dataSet, context, file, method)
  const source = { file, modelsFolder: resourcePath('models') }
  return async (scheme, split) => {
    const input = { ...source, scheme, split, method }
    const { right: _right, ...found } = await modelTasks['model.evaluate'](input, taskContext(context))
    return { ...found, cached: false, retrainedOn: null }
  }
}

/** ", fitted on 512 of 2,000 calibration items" where a scheme was fitted on less than there is; else nothing. */
export function fittedOnText(fittedOn: Judged['fittedOn'], method: string): string {
  if (fittedOn === null || fittedOn.items >= fittedOn.available) return ''
  const kind = thoroughMethods.includes(method) ? 'calibration and tuning item' : 'calibration item'
  return `, fitted on ${formatWhole(fittedOn.items)} of ${countOf(fittedOn.available, kind)}`
}

/** ", retrained on 20,512 of 40,512 calibration and tuning items" where it is less than there is; else nothing. */
export function retrainedOnText(taken: FittedOn | null): string {
  if (taken === null || taken.items >= taken.available) return ''
  return `, retrained on ${formatWhole(taken.items)} of ${countOf(taken.available, 'calibration and tuning item')}`
}

/** Metrics that are written another way than they are named. */
const metricNames: Readonly<Record<string, string>> = { auc: 'AUC', r2: 'R²', kl: 'KL' }

/** "accuracy 91.20 %", or every metric of another task. */
export function metricsText({ metrics, accuracy }: Pick<Judged, 'metrics' | 'accuracy'>): string {
  if ('accuracy' in metrics && Object.keys(metrics).length === 1) return formatPercent(accuracy, 2)
  return Object.entries(metrics)
    .map(
      ([name, value]) =>
        `${metricNames[name] ?? name} ${name === 'agreement' || name === 'accuracy' ? formatPercent(value, 2) : Number(value.toPrecision(5))}`
    )
    .join(', ')
}
