import type { TaskMetric } from '../../../shared/contract/workload/workloadRows'
import {
  outputTokensKnob,
  type KnobsEvent,
  type KnobValues,
  type LatencyRequest
} from '../../../shared/contract/workload/stageProtocol'
import { AppError } from '../../../shared/errors'
import type { Print } from './printer'
import type { Subject } from './subject'
import { cachedRuns, type CachedRuns } from './cachedRuns'
import { tokenRuns } from './tokenRuns'

/** Largest batch that is offered where the network leaves it open. */
const maxBatch = 16

/** Knobs and stages of a network, and their measuring. */
export interface StageTimes {
  readonly offer: Omit<KnobsEvent, 'event'>
  /** Words for the hello. */
  readonly note: string
  /** Prints a `stages` event per repetition. @throws input.invalid for values that are not offered */
  measure(request: LatencyRequest): Promise<void>
}

/** A pass that is timed. */
type Pass = () => Promise<unknown>

/**
 * Prefill is a pass over the prompt. A language model with a key/value cache decodes by passes over one token each, one
 * without by passes over prompt + p tokens for the token at position p. Other networks have one stage, `forward`.
 */
export async function stageTimes(subject: Subject, task: TaskMetric, print: Print): Promise<StageTimes> {
  const batchSize = subject.network.model.inputs[0]?.dims?.[0]
  const batches: KnobValues =
    typeof batchSize === 'number' ? { values: [batchSize] } : { min: 1, max: maxBatch }
  const cached =
    task === 'perplexity' && subject.cache !== null ? await cachedRuns(subject, subject.cache) : null
  if (cached !== null) return cachedStages(cached, batches, print)
  const tokens = await tokenRuns(subject)
  if (tokens === null) {
    return {
      offer: { knobs: [{ name: 'batch', is: { values: [subject.batch] } }], stages: ['forward'], limits: [] },
      note: 'stages: one forward pass of a batch of test samples',
      async measure({ id, repetitions }) {
        const session = await subject.open(subject.network.model)
        const pass = (): Promise<unknown> => session.run(subject.testBatches[0])
        await timeRepetitions(id, repetitions, [{ stage: 'forward', pass }], [], print)
        await session.release()
      }
    }
  }
  const { window, isOpen, maxLengths, prepare } = tokens
  const decodes = task === 'perplexity'
  const most = decodes ? window - 1 : window
  // The prompt's pass and that of every output token are open at the same time.
  const maxOutputs = Math.min(most, maxLengths - 1)
  return {
    offer: {
      stages: decodes ? ['prefill', 'decode'] : ['prefill'],
      knobs: [
        { name: 'batch', is: batches },
        { name: 'promptTokens', is: isOpen ? { min: 1, max: most } : { values: [window] } },
        ...(decodes ? [{ name: outputTokensKnob, is: { min: 1, max: maxOutputs } }] : [])
      ],
      limits: decodes && isOpen ? [{ sumOf: ['promptTokens', outputTokensKnob], max: window }] : []
    },
    note: decodes
      ? `stages: no cache, so each token decoded is a pass over ${isOpen ? 'all tokens before it' : 'the whole window'}`
      : 'stages: prefill is the pass over all tokens',
    async measure({ id, knobs, outputTokens = 0, repetitions }) {
      const [batch, prompt] = [Number(knobs['batch'] ?? 1), Number(knobs['promptTokens'] ?? window)]
      const last = isOpen ? prompt + outputTokens : window
      if (
        !(batch >= 1 && prompt >= 1 && last <= window && outputTokens <= maxOutputs) ||
        (!decodes && outputTokens > 0)
      ) {
        throw notOffered(batch, prompt, outputTokens)
      }
      const prefill = await prepare(batch, prompt)
      const decode: Pass[] = []
      for (let at = 1; at <= outputTokens; at++) decode.push(await prepare(batch, prompt + at))
      await timeRepetitions(id, repetitions, [{ stage: 'prefill', pass: prefill }], decode, print)
    }
  }
}

/** Stages of a network that decodes with a cache: the prompt's pass, then one pass per token. */
function cachedStages({ window, prepare }: CachedRuns, batches: KnobValues, print: Print): StageTimes {
  const most = window - 1
  return {
    offer: {
      stages: ['prefill', 'decode'],
      knobs: [
        { name: 'batch', is: batches },
        { name: 'promptTokens', is: { min: 1, max: most } },
        { name: outputTokensKnob, is: { min: 1, max: most } }
      ],
      limits: [{ sumOf: ['promptTokens', outputTokensKnob], max: window }]
    },
    note: 'stages: with the key/value cache of the network, one pass per token decoded',
    async measure({ id, knobs, outputTokens = 0, repetitions }) {
      const [batch, prompt] = [Number(knobs['batch'] ?? 1), Number(knobs['promptTokens'] ?? most)]
      if (!(batch >= 1 && prompt >= 1 && outputTokens >= 0 && prompt + outputTokens <= window))
        throw notOffered(batch, prompt, outputTokens)
      const { prefill, decode } = prepare(batch, prompt, outputTokens)
      await timeRepetitions(id, repetitions, [{ stage: 'prefill', pass: prefill }], decode, print)
    }
  }
}

function notOffered(batch: number, prompt: number, outputTokens: number): AppError {
  return new AppError(
    'input.invalid',
    `batch ${batch}, ${prompt} prompt tokens, ${outputTokens} output tokens are not offered.`,
    'Send configurations within the knobs and limits that the runner printed.'
  )
}

const warmups = 2

async function timeRepetitions(
  id: string,
  repetitions: number,
  stages: readonly { stage: string; pass: Pass }[],
  decode: readonly Pass[],
  print: Print
): Promise<void> {
  for (let at = -warmups; at < repetitions; at++) {
    const stagesMs: Record<string, number> = {}
    for (const { stage, pass } of stages) stagesMs[stage] = await timed(pass)
    const decodePerTokenMs: number[] = []
    for (const pass of decode) decodePerTokenMs.push(await timed(pass))
    if (at < 0) continue
    print({ event: 'stages', id, stagesMs, ...(decode.length === 0 ? {} : { decodePerTokenMs }) })
  }
}

/** ms of one pass; never 0. */
async function timed(pass: Pass): Promise<number> {
  const started = process.hrtime.bigint()
  await pass()
  return Math.max(1, Number(process.hrtime.bigint() - started)) / 1e6
}
