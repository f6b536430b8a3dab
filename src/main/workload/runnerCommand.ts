import { existsSync } from 'node:fs'
import path from 'node:path'
import type { RunnerChoice } from '../../shared/contract/workload'
import { AppError } from '../../shared/errors'
import type { RunnerCommand } from './runnerProcess'
import { shippedNetworks } from './shippedNetworks'

export interface RunnerPlaces {
  /** resources/workloads. */
  readonly networksFolder: string
  /** Built entry of the onnxruntime runner. */
  readonly runnerFile: string
  /** Folder of this run for large files. */
  readonly scratch: string
}

/**
 * Program and arguments of the chosen runner.
 *
 * @throws input.notFound for an unknown network; data.missing for an ONNX file without its test set
 */
export function runnerCommand(choice: RunnerChoice, places: RunnerPlaces): RunnerCommand {
  if (choice.kind === 'command') {
    const [file = '', ...args] = choice.command
    const env = { BITBENCH_WORKLOAD_SCRATCH: places.scratch }
    return { file, args, env, ...(choice.cwd === undefined ? {} : { cwd: choice.cwd }) }
  }
  const { model, dataset, provider = 'cpu', samples, batch, threads } = choice
  const card = shippedNetworks(places.networksFolder).find(({ name }) => name === model)
  const modelFile = card === undefined ? model : path.join(card.folder, card.file)
  if (!existsSync(modelFile)) {
    throw new AppError(
      'input.notFound',
      `There is no network "${model}".`,
      `Give the path of an .onnx file, or one of ${shippedNetworks(places.networksFolder)
        .map(({ name }) => name)
        .join(', ')}.`
    )
  }
  const dataFile = dataset ?? (card === undefined ? undefined : path.join(card.folder, card.dataset))
  if (dataFile === undefined || !existsSync(dataFile)) {
    throw new AppError(
      'data.missing',
      dataFile === undefined ? `${model} needs a test set.` : `There is no test set ${dataFile}.`,
      'Give --dataset FILE.jsonl: one {"inputs":{…},"label":N} a line; see docs/workloads.md.'
    )
  }
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, String(value)]
  return {
    file: process.execPath,
    // Under Electron this program is Electron; with this variable it behaves as Node.
    env: { ELECTRON_RUN_AS_NODE: '1' },
    args: [
      places.runnerFile,
      ...option('model', modelFile),
      ...option('data', dataFile),
      ...option('name', card?.name ?? path.basename(model, '.onnx')),
      ...option('task', choice.task ?? card?.task),
      ...option('batch', batch ?? card?.batch),
      ...option('samples', samples),
      ...option('threads', threads),
      ...option('provider', provider),
      ...option('scratch', places.scratch),
      ...(card?.notes ?? []).flatMap((note) => option('note', note))
    ]
  }
}
