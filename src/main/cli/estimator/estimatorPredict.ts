import {
  decodeAtPosition,
  predictConfigurations,
  type LatencyEstimator
} from '../../../core/estimator/fit/estimator'
import {
  middleWith,
  rangeWith,
  type Configuration,
  type KnobCodec
} from '../../../core/estimator/models/knobCodec'
import { presetRole } from '../../../core/estimator/samples/presets'
import { AppError } from '../../../shared/errors'
import { readEstimator } from '../../estimator/estimatorFiles'
import { pathOption } from './estimatorInput'
import {
  numberOption,
  UsageError,
  type CliArguments,
  type CliContext,
  type CliVerb
} from '../framework/framework'

/** `bitbench estimator predict`. */
export const predictVerb: CliVerb = {
  summary: 'Latency by stage of one configuration, with an interval.',
  usage: '--checkpoint-path FILE knob=value… [--output-tokens N] [--at POSITION] [--level 0.9]',
  options: {
    'checkpoint-path': { type: 'string', help: 'best_latency_estimator.json, or its folder' },
    'output-tokens': { type: 'string', help: 'tokens written' },
    at: { type: 'string', help: 'also the decode time of the token at this position' },
    level: { type: 'string', help: 'level of the interval', default: '0.9' }
  },
  run: (args, context) => runPredict(args, context)
}

/** `bitbench estimator test`. */
export const testVerb: CliVerb = {
  summary: 'Checks a trained estimator: prefill, decode by position, the sum, several configurations.',
  usage: '--latency-estimator-path FILE [--test-latency-estimator]',
  options: {
    'latency-estimator-path': { type: 'string', help: 'best_latency_estimator.json, or its folder' },
    'checkpoint-path': { type: 'string', help: 'the same' },
    'model-path': { type: 'string', help: 'accepted for scripts; the language model itself is not needed' },
    device: { type: 'string', help: 'cpu or cuda; accepted for scripts' },
    'test-latency-estimator': { type: 'boolean', help: 'accepted for scripts; it is always tested' }
  },
  run: (args, context) => runTest(args, context)
}

async function runPredict(args: CliArguments, context: CliContext) {
  const file = pathOption(args, 'checkpoint-path', context)
  if (file === undefined) throw new UsageError('--checkpoint-path FILE is needed')
  const { estimator, json } = await readEstimator(file)
  const knobs = Object.fromEntries(args.positionals.map((text) => knobOf(text, estimator.codec)))
  const outputTokens = numberOption(args, 'output-tokens', { min: 1, integer: true })
  const asked: Configuration = { knobs, ...(outputTokens === undefined ? {} : { outputTokens }) }
  const level = numberOption(args, 'level', { min: 0.5, max: 0.99 }) ?? 0.9
  const [prediction] = predictConfigurations(estimator, [asked], level)
  if (prediction === undefined) throw new AppError('internal', 'Nothing was predicted.', 'Report this.')
  const position = numberOption(args, 'at', { min: 1, integer: true })
  const atMs = position === undefined ? null : decodeAtPosition(estimator, asked, position)
  prediction.warnings.forEach(context.log)
  const lines = [
    ...Object.entries(prediction.stagesMs).map(
      ([stage, time]) => `${stage.padEnd(24)} ${time.toFixed(3)} ms`
    ),
    `${'total'.padEnd(24)} ${prediction.totalMs.toFixed(3)} ms (${100 * level} %: ${prediction.lowMs.toFixed(3)} to ${prediction.highMs.toFixed(3)})`
  ]
  if (atMs !== null) {
    lines.push(`${`token ${position}`.padEnd(24)} ${atMs.toFixed(4)} ms`)
    if (!estimator.position.identifiable)
      lines.push(
        'The position effect is not identifiable from sums: every token is predicted as the average.'
      )
  }
  const origin = json.origin === 'simulated' ? 'simulated' : 'estimated'
  return { json: { ...prediction, level, origin, atMs }, text: lines.join('\n') }
}

/** `top_k=8` or `moeTopK=8` as the knob of the estimator. */
function knobOf(text: string, codec: KnobCodec): [string, string | number] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`"${text}" is not knob=value`)
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const role = presetRole('vlm', name)
  const known = [name, role?.kind === 'knob' ? role.name : name].find((one) =>
    codec.knobs.some((knob) => knob.name === one)
  )
  if (known === undefined) {
    throw new UsageError(
      `the estimator has no knob "${name}"; it has ${codec.knobs.map((knob) => knob.name).join(', ')}`
    )
  }
  const isNumber = codec.knobs.find((knob) => knob.name === known)?.levels === null
  if (isNumber && !Number.isFinite(Number(value)))
    throw new UsageError(`${known} takes a number, not "${value}"`)
  return [known, isNumber ? Number(value) : value]
}

async function runTest(args: CliArguments, context: CliContext) {
  const file =
    pathOption(args, 'latency-estimator-path', context) ?? pathOption(args, 'checkpoint-path', context)
  if (file === undefined) throw new UsageError('--latency-estimator-path FILE is needed')
  const { estimator } = await readEstimator(file)
  const configurations = testConfigurations(estimator)
  const tests = configurations.map((configuration) => testOne(estimator, configuration))
  const failed = tests.filter((test) => test.problems.length > 0)
  const text = [
    ...tests.flatMap((test) => [
      `Config: ${Object.entries(test.knobs)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ')}`,
      ...Object.entries(test.times).map(([name, time]) => `  ${name}: ${time.toFixed(4)} ms`),
      ...test.problems.map((problem) => `  FAILED: ${problem}`)
    ]),
    `${tests.length - failed.length} of ${tests.length} configurations passed`
  ].join('\n')
  return {
    json: { tests, passed: failed.length === 0 },
    text,
    exitCode: failed.length === 0 ? 0 : 1
  } as const
}

/** The middle of every range, both ends of every number and every name in turn; ranges are those measured with the names. */
function testConfigurations({ codec }: LatencyEstimator): Configuration[] {
  const names = Object.fromEntries(
    codec.knobs.flatMap(({ name, levels }) =>
      levels === null ? [] : [[name, levels.find((level) => level === 'medium') ?? levels[0] ?? '']]
    )
  )
  const around = (chosen: Record<string, string>): Configuration => {
    const valueOf = (knob: KnobCodec['knobs'][number]): number | string =>
      chosen[knob.name] ?? middleWith(knob, chosen)
    return {
      knobs: Object.fromEntries(codec.knobs.map((knob) => [knob.name, valueOf(knob)])),
      ...(codec.outputTokens === null ? {} : { outputTokens: middleWith(codec.outputTokens, chosen) })
    }
  }
  const base = around(names)
  const varied = codec.knobs.flatMap((knob) => {
    if (knob.levels !== null) return knob.levels.map((level) => around({ ...names, [knob.name]: level }))
    const { min, max } = rangeWith(knob, names)
    return [min, max].map((value) => ({ ...base, knobs: { ...base.knobs, [knob.name]: value } }))
  })
  return [...new Map([base, ...varied].map((one) => [JSON.stringify(one), one])).values()]
}

/** Share by which the sum over positions may miss the total: quadrature of a network with a position input. */
const sumTolerance = 0.005

function testOne(estimator: LatencyEstimator, configuration: Configuration) {
  const [prediction] = predictConfigurations(estimator, [configuration])
  const problems: string[] = []
  const times: Record<string, number> = {}
  if (prediction === undefined) return { knobs: configuration.knobs, times, problems: ['no prediction'] }
  const { stagesMs, totalMs } = prediction
  for (const [stage, time] of Object.entries(stagesMs)) {
    if (!(time > 0) || !Number.isFinite(time)) problems.push(`${stage} is ${time} ms`)
    if (stage !== 'decode') times[`T_${stage}_total`] = time
  }
  const decode = stagesMs['decode']
  const tokens = configuration.outputTokens
  if (decode !== undefined && tokens !== undefined) {
    let sum = 0
    for (let position = 1; position <= tokens; position++)
      sum += decodeAtPosition(estimator, configuration, position)
    if (Math.abs(sum / decode - 1) > sumTolerance)
      problems.push(`the positions sum to ${sum.toFixed(4)} ms, decode is ${decode.toFixed(4)} ms`)
    times['T_decode_total'] = decode
    times['T_decode_per_token_avg'] = decode / tokens
  }
  times['T_total'] = totalMs
  const parts = Object.values(stagesMs).reduce((sum, time) => sum + time, 0)
  if (Math.abs(parts / totalMs - 1) > 1e-9) problems.push('the stages do not sum to the total')
  return {
    knobs: { ...configuration.knobs, ...(tokens === undefined ? {} : { outputTokens: tokens }) },
    times,
    problems
  }
}
