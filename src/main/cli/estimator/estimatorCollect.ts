import path from 'node:path'
import type { CommandInput } from '../../../shared/contract'
import { AppError } from '../../../shared/errors'
import { knobValuesOfText } from '../../../core/estimator/collect/knobText'
import type { Collection } from '../../../shared/contract/estimator/collection'
import { outputTokensKnob, type KnobValues } from '../../../shared/contract/workload/stageProtocol'
import { countOf } from '../../../shared/units'
import {
  numberOption,
  repeatedOption,
  textOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'
import { clientOf, type LocalClient } from '../framework/localClient'
import { followHere, followOnHost, hostOption } from '../remote/onHost'
import { runnerChoiceOf, runnerOptions } from '../workload/runnerOptions'
import { stageSeed } from './estimatorInput'

type CollectionInput = CommandInput<'estimator.collect'>

/** `bitbench estimator collect`. */
export const collectVerb: CliVerb = {
  summary: 'Measures stage times over a sparse choice of configurations, to train an estimator on.',
  usage:
    'NETWORK | MODEL.onnx --dataset FILE.jsonl | --runner torch --entry FILE.py:build | -- COMMAND…  [--knob NAME=1..64|1,2,4]… [--configurations N] [--out FILE.jsonl]',
  options: {
    ...hostOption,
    ...runnerOptions,
    batch: { type: 'string', help: 'values of the knob batch, as in --knob' },
    knob: {
      type: 'string',
      multiple: true,
      help: 'NAME=FROM..TO or NAME=A,B,C: what to vary; without, all that the runner offers'
    },
    'output-tokens': { type: 'string', help: 'values of the knob outputTokens, as in --knob' },
    configurations: { type: 'string', help: 'configurations to measure', default: '40' },
    repetitions: { type: 'string', help: 'timed runs of each', default: '5' },
    seed: { type: 'string', help: 'of the choice of configurations', default: '3407' },
    out: { type: 'string', help: 'file that gets the samples as JSON lines' }
  },
  run: (args, context) => runCollect(args, context)
}

async function runCollect(args: CliArguments, context: CliContext) {
  const { batch: _batch, ...values } = args.values
  const host = textOption(args, 'host')
  const whole = { min: 1, max: 10_000, integer: true }
  const request = {
    runner: runnerChoiceOf(
      { ...args, values },
      {
        missing: 'estimator collect needs a network, or -- COMMAND',
        // On a host, paths are those of that machine.
        folder: host === undefined ? context.cwd : undefined
      }
    ),
    knobs: chosenKnobs(args),
    configurations: numberOption(args, 'configurations', whole) ?? 40,
    repetitions: numberOption(args, 'repetitions', { ...whole, max: 1000 }) ?? 5,
    seed: stageSeed(args)
  }
  const client = await clientOf(context)
  const { id, made } =
    host === undefined
      ? await collectHere(client, request, context)
      : await collectOnHost(context, host, request)
  const { collection, samples } = await client.call('estimator.collection', { id })
  const file = await written(client, collection, args, context)
  return {
    json: { collection, samples, file, made },
    text: [collectionText(collection, file), ...made].join('\n'),
    exitCode: collection.state === 'done' ? 0 : 1
  } as const
}

/** Collects on this machine; a cancelled collection keeps what it has. */
async function collectHere(
  client: LocalClient,
  request: CollectionInput,
  context: CliContext
): Promise<{ id: string; made: string[] }> {
  const started = await client.call('estimator.collect', request)
  await followHere(client, started, 'Collection', context)
  return { id: started.id, made: [] }
}

/** Collects on a GPU host; one that ended early there is returned with what it measured. */
async function collectOnHost(
  context: CliContext,
  host: string,
  request: CollectionInput
): Promise<{ id: string; made: string[] }> {
  const { runIds, made } = await followOnHost(context, (client) =>
    client.call('remote.collect', { host, request })
  )
  const [id] = runIds
  if (id === undefined)
    throw new AppError('remote.unreachable', `No collection came from ${host}.`, 'Try it again.')
  return { id, made }
}

async function written(
  client: LocalClient,
  { id, measured }: Collection,
  args: CliArguments,
  { cwd }: CliContext
): Promise<string | null> {
  const out = textOption(args, 'out')
  if (out === undefined || measured === 0) return null
  return (await client.call('estimator.exportSamples', { id, file: path.resolve(cwd, out) })).file
}

/** What was measured, in lines. */
function collectionText(collection: Collection, file: string | null): string {
  const { subject, offer, steps, measured, failed, firstFailure, request } = collection
  return [
    `${subject?.model ?? 'network'} on ${subject?.deviceName ?? subject?.device ?? '?'} (${subject?.runtime ?? '?'}): ${collection.state}`,
    `Stages: ${offer?.stages.join(', ') ?? '-'}; knobs: ${offer?.knobs.map(({ name }) => name).join(', ') ?? '-'}`,
    `${measured} of ${countOf(steps.length, 'configuration')} measured, ${countOf(request.repetitions, 'repetition')} each`,
    ...(subject?.notes ?? []).map((note) => `Note: ${note}`),
    ...(failed === 0 ? [] : [`${failed} refused by the runner, the first: ${firstFailure ?? ''}`]),
    ...(collection.message === null ? [] : [collection.message]),
    ...(file === null
      ? []
      : [`Wrote ${file}`, `Train on it: bitbench estimator train ${file} --output-dir out`])
  ].join('\n')
}

/** `--knob`, `--batch` and `--output-tokens` by knob. @throws UsageError */
function chosenKnobs(args: CliArguments): Record<string, KnobValues> {
  const chosen = repeatedOption(args, 'knob').map((word) => {
    const at = word.indexOf('=')
    if (at < 1) throw new UsageError(`--knob takes NAME=FROM..TO or NAME=A,B,C, not "${word}"`)
    return [word.slice(0, at), knobValuesOf(word.slice(at + 1), word)] as const
  })
  const batch = textOption(args, 'batch')
  if (batch !== undefined) chosen.push(['batch', knobValuesOf(batch, batch)])
  const tokens = textOption(args, 'output-tokens')
  if (tokens !== undefined) chosen.push([outputTokensKnob, knobValuesOf(tokens, tokens)])
  const names = chosen.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new UsageError(`the knob ${twice} is given twice`)
  return Object.fromEntries(chosen)
}

function knobValuesOf(text: string, word: string): KnobValues {
  const values = knobValuesOfText(text)
  if (values !== null) return values
  throw new UsageError(`"${word}" is neither a range FROM..TO nor a list A,B,C`)
}
