import { describe, expect, it } from 'vitest'
import { assembleTransfer } from '@core/estimator/transfer/assemble'
import { transferErrors } from '@core/estimator/transfer/errors'
import { memoryEntries } from '@core/estimator/transfer/memoryRows'
import { fitStageTransfer } from '@core/estimator/transfer/methods'
import type { StageSample } from '@core/estimator/samples/stageSample'

const unmeasured = new Int32Array(0)
const allTokens = [1, 4, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

/** A device whose products take the longer of arithmetic (TFLOP/s) and of moving weights of two bytes (GB/s), in ms. */
function device(name: string, tflops: number, gbPerSecond: number, tokens = allTokens): StageSample[] {
  return [1024, 2048, 4096].flatMap((width) =>
    tokens.map((num_tokens) => ({
      knobs: {
        ...{ n_head: 32, n_kv_head: 32, n_embd: width, n_expanded_embd: 4 * width, vocab_size: 32_000 },
        ...{ num_tokens, num_tensor_parallel_workers: 1 }
      },
      stages: {
        mlp_down_proj: Math.max(
          (8 * num_tokens * width * width) / (tflops * 1e9),
          (8 * width * width) / (gbPerSecond * 1e6)
        )
      },
      dataSet: name,
      device: name,
      origin: 'simulated' as const
    }))
  )
}

describe('matrix products of few tokens on another device', () => {
  // A100: 2,039 GB/s, A40: 696 GB/s.
  const source = device('A100', 312, 2039)

  it('take the time of the source times the ratio of the memories', () => {
    const { problem } = assembleTransfer({ source, target: device('A40', 150, 696) })
    const { entries, times } = memoryEntries(problem, 0, unmeasured, 1)
    expect(entries).toHaveLength(6)
    entries.forEach((entry, at) => {
      expect(problem.pools[0]?.work?.m[entry]).toBeLessThanOrEqual(32)
      const width = problem.pools[0]?.work?.n[entry] ?? NaN
      expect(width).toBeGreaterThanOrEqual(2048)
      expect(times[at]).toBeCloseTo((8 * width * width) / 696e6, 9)
    })
    expect(memoryEntries(problem, 0, unmeasured, 1)).toEqual({ entries, times })
    // The first row, of one token, was measured: the rest follows from it.
    expect(memoryEntries(problem, 0, Int32Array.of(0), 1).entries).toHaveLength(0)
  })

  it('are known although only longer ones were measured', () => {
    const target = device('A40', 150, 696)
    const isLong = ({ knobs }: StageSample): boolean => Number(knobs['num_tokens']) >= 512
    const { problem, pool, judged } = assembleTransfer({
      source,
      target: target.filter(isLong),
      judge: target.filter((sample) => Number(sample.knobs['num_tokens']) <= 32)
    })
    for (const method of ['gpRatio', 'tileGp', 'blend'] as const) {
      const predicted = fitStageTransfer(method, problem, pool, 1).predict(judged!)
      const { totalMape } = transferErrors(predicted, problem.target, judged!, problem.table.stages)
      expect(totalMape).toBeLessThan(15)
    }
  })

  it('are nothing where a device is not known or no product is short', () => {
    const none = { entries: new Int32Array(0), times: new Float64Array(0) }
    const unknown = assembleTransfer({ source, target: device('mine', 150, 696) })
    expect(memoryEntries(unknown.problem, 0, unmeasured, 1)).toEqual(none)
    const long = assembleTransfer({
      source: device('A100', 312, 2039, [64, 512, 4096]),
      target: device('A40', 150, 696, [64, 512, 4096])
    })
    expect(memoryEntries(long.problem, 0, unmeasured, 1)).toEqual(none)
  })
})
