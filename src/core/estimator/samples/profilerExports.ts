import { AppError } from '../../../shared/errors'
import { torchTraceRecords } from './torchTrace'

type JsonRecord = Readonly<Record<string, unknown>>

/**
 * Sample records of a profiler's own JSON: a PyTorch profiler trace (`traceEvents`) or a result of `vllm bench serve
 * --save-result --save-detailed`. Returns null for any other document.
 * @throws data.invalid where it is one of the two, but holds no stage times
 */
export function profilerRecords(parsed: unknown, fileName: string): Record<string, unknown>[] | null {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return null
  const document = parsed as JsonRecord
  if (Array.isArray(document['traceEvents'])) return torchTraceRecords(document, fileName)
  if ('request_throughput' in document && ('ttfts' in document || 'mean_ttft_ms' in document))
    return vllmRecords(document, fileName)
  return null
}

/**
 * One record per request that wrote tokens. The time to the first token is prefill (waiting in the queue included);
 * the tokens after it are decode: `outputTokens` counts those, as the first one comes from prefill.
 */
function vllmRecords(document: JsonRecord, fileName: string): Record<string, unknown>[] {
  const list = (name: string): unknown[] => {
    const value = document[name]
    if (Array.isArray(value)) return value
    throw new AppError(
      'data.invalid',
      `${fileName} is a vLLM benchmark without ${name}: it holds means alone.`,
      'Record it with `vllm bench serve --save-result --save-detailed`.'
    )
  }
  const prompts = list('input_lens')
  const written = list('output_lens')
  const firstTokens = list('ttfts')
  const gaps = list('itls')
  const lengths = [prompts, written, firstTokens, gaps].map(({ length }) => length)
  if (lengths.some((length) => length !== lengths[0])) {
    throw new AppError(
      'data.invalid',
      `${fileName}: the lists of requests have different lengths (${lengths.join(', ')}).`,
      'Record the benchmark again with --save-detailed.'
    )
  }
  const common = knobsOfRun(document)
  const records = prompts.flatMap((promptTokens, at) => {
    const seconds = Number(firstTokens[at])
    // A failed request has neither tokens nor times.
    if (!(seconds > 0) || !(Number(written[at]) > 0)) return []
    const times = Array.isArray(gaps[at]) ? gaps[at].map((gap) => Number(gap) * 1000) : []
    return [
      {
        knobs: { ...common, promptTokens },
        stages: { prefill: seconds * 1000 },
        ...decodeOf(times, Number(written[at]) - 1)
      }
    ]
  })
  if (records.length > 0) return records
  throw new AppError(
    'data.invalid',
    `${fileName}: no request of the vLLM benchmark succeeded.`,
    'Look at its `errors`.'
  )
}

/** Times per token where every token has one; several tokens may arrive at once, then the sum alone is known. */
function decodeOf(times: readonly number[], tokens: number): Record<string, unknown> {
  const sum = times.reduce((total, value) => total + value, 0)
  if (tokens < 1 || !(sum > 0)) return {}
  if (times.length === tokens && times.every((time) => time > 0)) return { decodePerTokenMs: times }
  return { outputTokens: tokens, latency: { decode: sum } }
}

function knobsOfRun(document: JsonRecord): Record<string, unknown> {
  const knobs: Record<string, unknown> = {}
  if (typeof document['model_id'] === 'string') knobs['model'] = document['model_id']
  if (typeof document['max_concurrency'] === 'number') knobs['concurrency'] = document['max_concurrency']
  return knobs
}
