import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import type { RunnerChoice } from '../../../shared/contract/workload'
import { AppError } from '../../../shared/errors'
import { modelEnding } from '../../../core/model/modelEnding'
import { findTorchPython } from './pythonInterpreter'
import type { RunnerCommand, SpawnRunner } from './runnerProcess'
import { layerTypeRule, readLayerTypes } from '../layerTypeFile'
import { shippedNetworks } from '../shippedNetworks'

/** Files and folders that runners are started with. */
export interface RunnerPlaces {
  /** resources/workloads. */
  readonly networksFolder: string
  /** Built entry of the onnxruntime runner. */
  readonly runnerFile: string
  /** resources/runners/torch_runner.py. */
  readonly torchRunnerFile: string
  /** Folder of this run for large files. */
  readonly scratch: string
  readonly spawn: SpawnRunner
}

/** The ONNX file of a choice; null for other runners. */
export function onnxFileOf(choice: RunnerChoice, networksFolder: string): string | null {
  if (choice.kind !== 'onnx') return null
  const card = shippedNetworks(networksFolder).find(({ name }) => name === choice.model)
  return card === undefined ? choice.model : path.join(card.folder, card.file)
}

/**
 * Program and arguments of the chosen runner.
 *
 * @throws input.notFound for an unknown network or file; data.missing for a network without its test set; tool.missing
 *   without a Python that has PyTorch
 */
export async function runnerCommand(choice: RunnerChoice, places: RunnerPlaces): Promise<RunnerCommand> {
  if (choice.kind === 'torch') return await torchCommand(choice, places)
  if (choice.kind === 'command') {
    const [file = '', ...args] = choice.command
    const env = { BITBENCH_WORKLOAD_SCRATCH: places.scratch }
    return { file, args, env, ...(choice.cwd === undefined ? {} : { cwd: choice.cwd }) }
  }
  const { model, dataset, provider = 'cpu', samples, batch, threads } = choice
  const shipped = shippedNetworks(places.networksFolder)
  const card = shipped.find(({ name }) => name === model)
  const modelFile = card === undefined ? model : path.join(card.folder, card.file)
  if (!existsSync(modelFile)) {
    throw new AppError(
      'input.notFound',
      `There is no network "${model}".`,
      `Give the path of an .onnx or .tflite file, or one of ${shipped.map(({ name }) => name).join(', ')}.`
    )
  }
  checkRegular(modelFile)
  const dataFile = dataset ?? (card === undefined ? undefined : path.join(card.folder, card.dataset))
  if (dataFile === undefined || !existsSync(dataFile)) {
    throw new AppError(
      'data.missing',
      dataFile === undefined ? `${model} needs a test set.` : `There is no test set ${dataFile}.`,
      'Give --dataset FILE.jsonl: one {"inputs":{…},"label":N} a line; see docs/workloads.md.'
    )
  }
  checkRegular(dataFile)
  if (choice.types !== undefined) await layerTypeRule(choice.types)
  return {
    file: process.execPath,
    // Under Electron this program is Electron; with this variable it behaves as Node.
    env: { ELECTRON_RUN_AS_NODE: '1' },
    args: [
      places.runnerFile,
      ...option('model', modelFile),
      ...option('data', dataFile),
      ...option('name', card?.name ?? path.basename(model).replace(modelEnding, '')),
      ...option('task', choice.task ?? card?.task),
      ...option('batch', batch ?? card?.batch),
      ...option('samples', samples),
      ...option('threads', threads),
      ...option('provider', provider),
      ...option('types', choice.types),
      ...option('scratch', places.scratch),
      ...(card?.notes ?? []).flatMap((note) => option('note', note))
    ]
  }
}

/** The runner would wait for the writer of a pipe, and read a device for ever. @throws input.invalid */
function checkRegular(file: string): void {
  if (statSync(file).isFile()) return
  throw new AppError(
    'input.invalid',
    `${file} is no regular file.`,
    'Name a file, not a device, pipe or folder.'
  )
}

const option = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`--${name}`, String(value)]

async function torchCommand(
  choice: Extract<RunnerChoice, { kind: 'torch' }>,
  places: RunnerPlaces
): Promise<RunnerCommand> {
  const { entry, model, dataset, task, device, samples, batch, threads, types, window } = choice
  if ((entry === undefined) === (model === undefined)) {
    throw new AppError(
      'input.invalid',
      'The PyTorch runner takes either an entry or the name of a network.',
      'Give --entry FILE.py:FUNCTION, or a name of the transformers library with --dataset FILE.'
    )
  }
  if (model !== undefined && dataset === undefined) {
    throw new AppError(
      'data.missing',
      `${model} needs a test set.`,
      'Give --dataset FILE (TSV, JSONL or text).'
    )
  }
  if (model === undefined && window !== undefined) {
    throw new AppError(
      'input.invalid',
      'An entry makes its batches itself: a window is of networks by name.',
      'Leave the window out, and choose the length in the entry.'
    )
  }
  for (const file of [entry?.split(':')[0], dataset]) {
    if (file === undefined || existsSync(file)) continue
    throw new AppError('input.notFound', `There is no file ${file}.`, 'Check the path.')
  }
  if (types !== undefined) await readLayerTypes(types)
  const python = await findTorchPython(places.spawn, choice.python, process.env)
  return {
    file: python.file,
    env: { BITBENCH_WORKLOAD_SCRATCH: places.scratch, PYTHONUNBUFFERED: '1' },
    args: [
      places.torchRunnerFile,
      ...option('entry', entry),
      ...option('model', model),
      ...option('dataset', dataset),
      ...option('task', task),
      ...option('device', device),
      ...option('window', window),
      ...option('samples', samples),
      ...option('batch', batch),
      ...option('threads', threads),
      ...option('types', types),
      ...option('scratch', places.scratch)
    ]
  }
}
