import path from 'node:path'
import type { CommandInput } from '../../../shared/contract'
import type { WorkloadRun } from '../../../shared/contract/workload'
import { stepKinds } from '../../../shared/contract/workload/workloadProtocol'
import { ablationKinds, workloadPrecisions } from '../../../shared/contract/workload/workloadRows'
import {
  numberOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliNoun,
  type CliResult,
  type CliVerb
} from '../framework/framework'
import { clientOf, type LocalClient } from '../framework/localClient'
import { followHere, followOnHost, hostOption } from '../remote/onHost'
import { resourcePath } from '../../paths'
import { shippedNetworks } from '../../workload/shippedNetworks'
import { tablesOfRun } from '../../workload/report/runFigures'
import type { NamedTables } from '../../workload/report/tableFolders'
import { writeWorkload } from '../../workload/report/writeWorkload'
import { runnerChoiceOf, runnerOptions } from './runnerOptions'
import { compareVerb, workloadFiguresVerb } from './workloadFigures'
import { checkText, listText, runText } from './workloadText'
import { namedRun } from '../run/namedRun'

type Start = CommandInput<'workload.start'>

const runVerb: CliVerb = {
  summary: 'Runs a network: precisions, time and energy per layer, impact of layers on predictions.',
  usage:
    '--example | MODEL.onnx --dataset FILE.jsonl | --runner torch --entry FILE.py:build | -- COMMAND…  [--out FOLDER] [--quick] [--trials N] [--phase MS] …',
  options: {
    ...hostOption,
    example: { type: 'boolean', help: 'the shipped classifier and language model' },
    ...runnerOptions,
    out: {
      type: 'string',
      help: 'folder that gets <model>/benchmark_results.csv, the other tables and figures, and report.html'
    },
    'no-figures': { type: 'boolean', help: 'with --out: the tables alone' },
    quick: {
      type: 'boolean',
      help: 'two trials of short phases, few test samples: a look, not a measurement'
    },
    precision: { type: 'string', help: `some of ${workloadPrecisions.join(', ')}, joined by commas` },
    ablation: {
      type: 'string',
      help: `some of ${ablationKinds.join(', ')}, joined by commas`,
      default: 'mean'
    },
    steps: { type: 'string', help: `only these kinds of steps: ${stepKinds.join(', ')}, joined by commas` },
    trials: { type: 'string', help: 'trials of every timed step; 4 without' },
    phase: { type: 'string', help: 'least duration of a timed phase in ms; by the power sensor without' },
    interval: { type: 'string', help: 'time between power samples in ms', default: '20' },
    idle: {
      type: 'string',
      help: 'rest before the first step in ms, for the idle baseline',
      default: '3000'
    },
    cool: {
      type: 'string',
      help: 'longest wait before a timed trial for the GPU to cool down, in ms; 0 for none',
      default: '10000'
    },
    'lock-clock': {
      type: 'string',
      help: "lock the GPU's SM clock at this many MHz meanwhile (nvidia-smi -lgc; needs the right to)"
    },
    'no-power': { type: 'boolean', help: 'records no power, even where there is a GPU' },
    seed: { type: 'string', help: 'of the order of trials and the bootstrap', default: '1' }
  },
  async run(args, context) {
    const requests = requestsOf(args, context)
    const client = await clientOf(context)
    const out = textOption(args, 'out')
    const runs: (WorkloadRun & { files: string[] })[] = []
    const host = textOption(args, 'host')
    const made: string[] = []
    for (const request of requests) {
      if (host !== undefined) {
        const arrived = await onHost(client, context, host, request)
        made.push(...arrived.made)
        runs.push({ ...arrived.run, files: await exported(client, arrived.run.id, out, context) })
        continue
      }
      const started = await client.call('workload.start', request)
      // A cancelled run shows what it has.
      await followHere(client, started, 'Run', context)
      const { run } = await client.call('workload.get', { id: started.id })
      runs.push({ ...run, files: await exported(client, run.id, out, context) })
      if (context.signal.aborted) break
    }
    const drawn = await drawnFiles(runs, args, context)
    return {
      json: { runs, files: drawn, made },
      text: runs
        .map((run) => [runText(run), ...run.files.map((file) => `Wrote ${file}`)].join('\n'))
        .join('\n\n')
        .concat([...made, ...drawn.map((file) => `Wrote ${file}`)].map((line) => `\n${line}`).join('')),
      exitCode: runs.every(({ state }) => state === 'done') ? 0 : 1
    }
  }
}

/** Runs a workload on a GPU host; a run that failed there is returned with what it measured. */
async function onHost(
  client: LocalClient,
  context: CliContext,
  host: string,
  request: Start
): Promise<{ run: WorkloadRun; made: string[] }> {
  const { runIds, made } = await followOnHost(context, () =>
    client.call('remote.workload', { host, request })
  )
  // The recordings of its power were imported with it.
  const { runs } = await client.call('run.list', { kinds: ['workload'], text: '', withForgotten: false })
  const id = runs.find((run) => runIds.includes(run.id))!.id
  return { run: (await client.call('workload.get', { id })).run, made: made.slice(0, 1) }
}

/** With --out: the figures and the report of what was run. */
async function drawnFiles(
  runs: readonly WorkloadRun[],
  args: CliArguments,
  context: CliContext
): Promise<string[]> {
  const out = textOption(args, 'out')
  if (out === undefined || args.values['no-figures'] === true) return []
  const seed = numberOption(args, 'seed', { min: 0, max: 2 ** 31, integer: true }) ?? 1
  const choice = { confidence: runs[0]?.request.confidence ?? 0.95, seed }
  return (await writeWorkload(runs.map(tablesOfRun), path.resolve(context.cwd, out), choice)).files
}

/** Tables of a stored run. @throws input.notFound */
async function storedTables(given: string, context: CliContext): Promise<NamedTables> {
  const client = await clientOf(context)
  const id = await namedRun(client, given, { kinds: ['workload'] })
  const { run } = await client.call('workload.get', { id })
  return tablesOfRun(run)
}

async function exported(
  client: LocalClient,
  id: string,
  out: string | undefined,
  { cwd }: CliContext
): Promise<string[]> {
  if (out === undefined) return []
  const { files } = await client.call('workload.export', { id, folder: path.resolve(cwd, out) })
  return files.map(({ file }) => file)
}

/** One request per network. */
function requestsOf(args: CliArguments, context: CliContext): Start[] {
  const quick = args.values['quick'] === true
  // On a host, paths are those of that machine.
  const folder = textOption(args, 'host') === undefined ? context.cwd : undefined
  const trials = numberOption(args, 'trials', { min: 2, max: 50, integer: true }) ?? (quick ? 2 : undefined)
  const phaseMs = numberOption(args, 'phase', { min: 10, max: 600_000 }) ?? (quick ? 20 : undefined)
  const common = {
    precisions: listOption(args, 'precision', workloadPrecisions),
    ablations: listOption(args, 'ablation', ablationKinds),
    kinds: listOption(args, 'steps', stepKinds),
    ...(trials === undefined ? {} : { trials }),
    ...(phaseMs === undefined ? {} : { phaseMs }),
    power: args.values['no-power'] !== true,
    intervalMs: numberOption(args, 'interval', { min: 10, max: 1000, integer: true }) ?? 20,
    idleMs: numberOption(args, 'idle', { min: 0, max: 600_000 }) ?? 3000,
    coolMs: numberOption(args, 'cool', { min: 0, max: 600_000 }) ?? 10_000,
    lockClockMhz: numberOption(args, 'lock-clock', { min: 1, max: 10_000, integer: true }),
    seed: numberOption(args, 'seed', { min: 0, max: 2 ** 31, integer: true }) ?? 1
  }
  const missing = 'workload run needs --example, a network, or -- COMMAND'
  const how = { missing, folder, ...(quick ? { samples: 64 } : {}) }
  if (args.values['example'] !== true || args.values['runner'] === 'torch')
    return [{ ...common, runner: runnerChoiceOf(args, how) }]
  if (args.positionals.length > 0) throw new UsageError('workload run --example takes no network')
  return shippedNetworks(resourcePath('workloads')).map(({ name }) => ({
    ...common,
    runner: runnerChoiceOf({ ...args, positionals: [name] }, how)
  }))
}

/** Some of a closed list, joined by commas; empty when absent. */
function listOption<const T extends readonly string[]>(
  args: CliArguments,
  name: string,
  choices: T
): T[number][] {
  const text = textOption(args, name)
  if (text === undefined) return []
  return text.split(',').map((part) => {
    const found = choices.find((choice) => choice === part.trim())
    if (found === undefined)
      throw new UsageError(`--${name} takes some of ${choices.join(', ')}, not "${part}"`)
    return found
  })
}

/** `bitbench workload`: whole networks on this machine's processor or GPU. */
export const workloadCli: CliNoun = {
  noun: 'workload',
  verbs: {
    check: {
      summary: 'Tries what a run needs: providers of onnxruntime, GPU power, shipped networks.',
      usage: '',
      options: {},
      async run(_args, context): Promise<CliResult> {
        const found = await (await clientOf(context)).call('workload.check', {})
        return { json: found, text: checkText(found.checks) }
      }
    },
    run: runVerb,
    figures: workloadFiguresVerb(storedTables),
    compare: compareVerb(storedTables),
    list: {
      summary: 'Lists workload runs, newest first.',
      usage: '',
      options: {},
      async run(_args, context) {
        const { runs } = await (await clientOf(context)).call('workload.list', {})
        return { json: { runs }, text: listText(runs) }
      }
    },
    show: {
      summary: 'Shows the tables of a run.',
      usage: 'RUN [--out FOLDER]',
      options: { out: { type: 'string', help: 'folder that gets the tables as CSV' } },
      async run(args, context) {
        const [given, ...more] = args.positionals
        if (given === undefined || more.length > 0) throw new UsageError('workload show needs one run')
        const client = await clientOf(context)
        const id = await namedRun(client, given, { kinds: ['workload'] })
        const { run } = await client.call('workload.get', { id })
        const files = await exported(client, id, textOption(args, 'out'), context)
        return {
          json: { run, files },
          text: [runText(run), ...files.map((file) => `Wrote ${file}`)].join('\n')
        }
      }
    }
  }
}
