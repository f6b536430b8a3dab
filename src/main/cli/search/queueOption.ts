import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { ModelService } from '../../model/modelService'
import { readQueueSettings, type QueueSettings } from '../../worker/queue/queueSettings'
import { defaultDataFolder } from '../../dataFolder'
import { AppError } from '../../../shared/errors'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'
import { networkPath } from '../model/networkPath'

/** The file that TLS needs where the system does not trust the server's certificate. */
export const caOption = {
  ca: {
    type: 'string',
    help: "PEM file of the authority that signed the server's certificate; without: BITBENCH_QUEUE_CA or the kept one",
    valueName: 'FILE'
  }
} as const

/** The options of verbs that can hand evaluations to other machines. */
export const queueOption = {
  queue: {
    type: 'string',
    help: 'evaluate also on the workers of this server: redis://HOST, or saved',
    valueName: 'ADDRESS'
  },
  ...caOption
} as const

/**
 * Evaluations at a time in this process; 0 only with --queue: everything is handed out.
 * @throws UsageError
 */
export function workersOf(args: CliArguments): number {
  const min = textOption(args, 'queue') === undefined ? 1 : 0
  return numberOption(args, 'workers', { min, max: 64, integer: true }) ?? Math.min(4, availableParallelism())
}

/**
 * Has this process evaluate on the queue server of --queue; null without the option.
 * @throws AppError input.invalid, queue.*
 */
export async function modelServiceOnQueue(
  args: CliArguments,
  context: CliContext
): Promise<ModelService | null> {
  if (textOption(args, 'queue') === undefined) {
    if (textOption(args, 'ca') !== undefined) throw new UsageError('--ca goes with --queue')
    return null
  }
  const settings = await queueSettingsOf(args)
  const { model, worker } = await context.bitbench()
  await worker.use(settings, workersOf(args))
  return model
}

/**
 * The model service on the queue server of --queue, with results kept in the data file; null without the option.
 * @throws AppError input.invalid, queue.*; UsageError when no address is saved or another data set is bound to the network
 */
export async function modelOnQueue(
  args: CliArguments,
  context: CliContext,
  file: string
): Promise<{ model: ModelService; modelId: string; dataSet: null } | null> {
  const model = await modelServiceOnQueue(args, context)
  if (model === null) return null
  const { id } = await model.open(networkPath(context.cwd, file))
  const bound = (await model.info(id)).dataSet
  if (bound !== null && textOption(args, 'dataset') === undefined)
    throw new UsageError(`this network is judged on "${bound}" here: add --dataset ${bound}`)
  return { model, modelId: id, dataSet: null }
}

/** The server of --queue and --ca; without --queue and for "saved" the one this user has kept. @throws AppError input.invalid */
export async function queueSettingsOf(args: CliArguments): Promise<QueueSettings> {
  const address = textOption(args, 'queue')
  const ca = textOption(args, 'ca')
  const settings =
    address === undefined || address === 'saved' ? await savedQueue(args) : { address, caFile: null }
  return ca === undefined ? settings : { ...settings, caFile: path.resolve(ca) }
}

/** The address that this user has kept. @throws AppError input.invalid */
async function savedQueue(args: CliArguments): Promise<QueueSettings> {
  const settings = await readQueueSettings(textOption(args, 'data') ?? defaultDataFolder())
  if (settings !== null) return settings
  throw new AppError(
    'input.invalid',
    'No queue server is named.',
    'Name one with --queue redis://HOST or in BITBENCH_QUEUE, or keep one: bitbench worker --queue redis://HOST --remember'
  )
}
