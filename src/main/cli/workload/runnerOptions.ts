import path from 'node:path'
import type { RunnerChoice } from '../../../shared/contract/workload'
import { taskMetricSchema } from '../../../shared/contract/workload/workloadRows'
import { modelEnding } from '../../../core/model/modelEnding'
import { choiceOption, numberOption, textOption, UsageError, type CliArguments } from '../framework/framework'

/** Options that choose a runner and what it runs. */
export const runnerOptions = {
  dataset: { type: 'string', help: 'test set of an ONNX file: one {"inputs":{…},"label":N} a line' },
  runner: { type: 'string', help: 'onnx or torch (PyTorch)', default: 'onnx' },
  entry: {
    type: 'string',
    help: 'with --runner torch: FILE.py:FUNCTION that returns module, batches, task'
  },
  python: { type: 'string', help: 'with --runner torch: the interpreter; found without' },
  device: { type: 'string', help: 'with --runner torch: cuda:0, cpu, …' },
  window: {
    type: 'string',
    help: 'with --runner torch and a name: tokens of a window of text or a padded sentence; 128 without, or what the network has positions for'
  },
  types: { type: 'string', help: 'JSON file {"regular expression of a layer\'s name": "ffn"}' },
  task: { type: 'string', help: `of an ONNX file: ${taskMetricSchema.options.join(' or ')}` },
  samples: { type: 'string', help: 'test samples used at most' },
  batch: { type: 'string', help: 'samples per forward pass' },
  threads: { type: 'string', help: 'processor threads of the runtime; 1 without' },
  provider: { type: 'string', help: 'execution provider of onnxruntime; cpu without' }
} as const

/** How a verb reads a runner from its arguments. */
export interface RunnerReading {
  /** What is said when nothing is named. */
  readonly missing: string
  /** The caller's folder; undefined: paths are those of another machine and stay as they are. */
  readonly folder: string | undefined
  /** Test samples where the user gives none. */
  readonly samples?: number
}

/**
 * The runner that the options and the network, or the command after `--`, name.
 * @throws UsageError when nothing or more than one network is named
 */
export function runnerChoiceOf(args: CliArguments, how: RunnerReading): RunnerChoice {
  const whole = { min: 1, max: 1e6, integer: true }
  const samples = numberOption(args, 'samples', whole) ?? how.samples
  const batch = numberOption(args, 'batch', { ...whole, max: 4096 })
  const threads = numberOption(args, 'threads', { ...whole, max: 256 })
  const task = choiceOption(args, 'task', taskMetricSchema.options)
  const window = numberOption(args, 'window', { min: 2, max: 1_048_576, integer: true })
  const [first] = args.positionals
  const oneNetwork = (): void => {
    if (args.positionals.length > 1) throw new UsageError('one network at a time')
  }
  const place = (named: string): string =>
    how.folder === undefined ? named : path.resolve(how.folder, named)
  const file = (name: string): string | undefined => {
    const given = textOption(args, name)
    return given === undefined ? undefined : place(given)
  }
  if (choiceOption(args, 'runner', ['onnx', 'torch']) === 'torch') {
    oneNetwork()
    const found = { entry: file('entry'), model: first, dataset: file('dataset'), types: file('types') }
    const device = textOption(args, 'device')
    const python = textOption(args, 'python')
    return { kind: 'torch', ...found, device, python, task, window, samples, batch, threads }
  }
  if (window !== undefined)
    throw new UsageError('--window is for --runner torch; samples of a file have their length')
  if (first === undefined) throw new UsageError(how.missing)
  if (args.hasCommand && textOption(args, 'dataset') === undefined && !modelEnding.test(first)) {
    return { kind: 'command', command: args.positionals, cwd: how.folder }
  }
  oneNetwork()
  const model = modelEnding.test(first) ? place(first) : first
  const provider = textOption(args, 'provider')
  const files = { dataset: file('dataset'), types: file('types') }
  return { kind: 'onnx', model, ...files, task, samples, batch, threads, provider }
}
