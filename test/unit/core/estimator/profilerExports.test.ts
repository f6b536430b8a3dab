import { describe, expect, it } from 'vitest'
import { samplesFromJson } from '@core/estimator/samples/readSamples'

const read = (document: unknown) =>
  samplesFromJson(JSON.stringify(document), { preset: 'vlm', fileName: 'f.json', dataSet: 'set' })
const range = (cat: string, name: string, ts: number, dur: number) => ({ ph: 'X', cat, name, ts, dur })

describe('PyTorch profiler traces as stage samples', () => {
  const cpu = [
    range('user_annotation', 'sample {"prompt_tokens": 512, "tier": "low"}', 0, 100_000),
    range('user_annotation', 'stage:vision_encoder', 10, 4_000),
    range('user_annotation', 'prefill', 5_000, 12_500),
    range('user_annotation', 'decode', 20_000, 2_000),
    range('user_annotation', 'decode', 23_000, 3_000),
    range('cpu_op', 'decode', 24_000, 1_000),
    range('user_annotation', 'sample {"prompt_tokens": 64, "tier": "high"}', 200_000, 50_000),
    range('user_annotation', 'prefill', 201_000, 1_500)
  ]

  it('reads a sample per range around stages, in milliseconds, decode by token', () => {
    const [first, second] = read({ traceEvents: cpu })
    expect(first).toMatchObject({
      knobs: { promptTokens: 512, tier: 'low' },
      stages: { visionEncoder: 4, prefill: 12.5, decode: 5 },
      outputTokens: 2,
      decodePerTokenMs: [2, 3]
    })
    expect(second).toMatchObject({ knobs: { promptTokens: 64, tier: 'high' }, stages: { prefill: 1.5 } })
  })

  it("takes the GPU's ranges before the CPU's, and one of the same on two streams", () => {
    const traceEvents = [
      range('user_annotation', 'prefill', 0, 100),
      range('gpu_user_annotation', 'prefill', 50, 6_000),
      range('gpu_user_annotation', 'prefill', 1_050, 6_000),
      range('kernel', 'gemm', 60, 5_000)
    ]
    const [sample] = read({ traceEvents, knobs: { top_k: 8 } })
    expect(sample).toMatchObject({ knobs: { moeTopK: 8 }, stages: { prefill: 7 } })
  })

  it("rejects launches of a GPU's kernels as times, names that are no JSON, and traces without stages", () => {
    expect(() => read({ traceEvents: [...cpu, range('kernel', 'gemm', 0, 9)] })).toThrow(/end at the launch/)
    expect(() =>
      read({
        traceEvents: [
          range('user_annotation', 'sample top_k=8', 0, 9_000),
          range('user_annotation', 'prefill', 1, 5)
        ]
      })
    ).toThrow(/does not hold knobs/)
    expect(() => read({ traceEvents: [range('cpu_op', 'aten::mm', 0, 9), null, 7] })).toThrow(/stage:NAME/)
  })
})

describe('vLLM benchmarks as stage samples', () => {
  const result = {
    model_id: 'llama',
    max_concurrency: 4,
    request_throughput: 2,
    input_lens: [100, 200, 50, 10],
    output_lens: [3, 4, 0, 1],
    ttfts: [0.05, 0.125, 0, 0.01],
    itls: [[0.01, 0.02], [0.03, 0.01], [], []]
  }

  it('reads a request each: first token as prefill, the others as decode, seconds as milliseconds', () => {
    const samples = read(result)
    expect(samples).toHaveLength(3)
    expect(samples[0]).toMatchObject({
      knobs: { promptTokens: 100, model: 'llama', concurrency: 4 },
      stages: { prefill: 50, decode: 30 },
      outputTokens: 2,
      decodePerTokenMs: [10, 20]
    })
    expect(samples[2]?.stages).toEqual({ prefill: 10 })
  })

  it('keeps the sum alone where tokens arrived together', () => {
    const [, second] = read(result)
    expect(second).toMatchObject({ stages: { prefill: 125, decode: 40 }, outputTokens: 3 })
    expect(second?.decodePerTokenMs).toBeUndefined()
  })

  it('rejects a file that holds means, with a hint at the details, and lists of different lengths', () => {
    expect(() => read({ request_throughput: 2, mean_ttft_ms: 30 })).toThrow(/means alone/)
    expect(() => read({ ...result, ttfts: [0.05] })).toThrow(/different lengths/)
    expect(() => read({ ...result, output_lens: [0, 0, 0, 0] })).toThrow(/no request/)
  })
})
