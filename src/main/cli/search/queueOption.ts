import { availableParallelism } from 'node:os'
import path from 'node:path'
import type { ModelService } from '../../model/modelService'
import { readQueueSettings } from '../../worker/queueSettings'
import { defaultDataFolder } from '../../dataFolder'
import { AppError } from '../../../shared/errors'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext
} from '../framework/framework'

/** The option of verbs that can hand evaluations to other machines. */
export const queueOption = {
  queue: {
    type: 'string',
    help: 'evaluate also on the workers of this server: redis://HOST, or saved',
    valueName: 'ADDRESS'
  }
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
 * The model service on the queue server of --queue, with results kept in the data file; null without the option.
 * @throws AppError input.invalid, queue.*; UsageError when no address is saved or another data set is bound to the network
 */
export async function modelOnQueue(
  args: CliArguments,
  context: CliContext,
  file: string
): Promise<{ model: ModelService; modelId: string; dataSet: null } | null> {
  const address = textOption(args, 'queue')
  if (address === undefined) return null
  const settings = address === 'saved' ? await savedQueue(args) : { address, caFile: null }
  const { model, worker } = await context.bitbench()
  await worker.use(settings, workersOf(args))
  const { id } = await model.open(path.resolve(context.cwd, file))
  const bound = (await model.info(id)).dataSet
  if (bound !== null && textOption(args, 'dataset') === undefined)
    throw new UsageError(`this network is judged on "${bound}" here: add --dataset ${bound}`)
  return { model, modelId: id, dataSet: null }
}

/** The address that this user has kept. @throws AppError input.invalid */
export async function savedQueue(args: CliArguments) {
  const settings = await readQueueSettings(textOption(args, 'data') ?? defaultDataFolder())
  if (settings !== null) return settings
  throw new AppError(
    'input.invalid',
    'No queue server is named.',
    'Name one with --queue redis://HOST or in BITBENCH_QUEUE, or keep one: bitbench worker --queue redis://HOST --remember'
  )
}
