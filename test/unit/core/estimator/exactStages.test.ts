import { describe, expect, it } from 'vitest'
import { stagePools, takeFeatures } from '@core/estimator/design'
import { decodePerToken, dropOutliers } from '@core/estimator/fit/outliers'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { stageTable } from '@core/estimator/samples/stageTable'
import { spreadRows } from '@core/estimator/spread'
import { fittedTiles, tileCosts, tileShapes } from '@core/estimator/tiles'
import { stageWork } from '@core/estimator/work'

/** Work, tiles and outliers of stages, by hand. */
const sample = (
  knobs: StageSample['knobs'],
  stages: StageSample['stages'],
  more: Partial<StageSample> = {}
): StageSample => ({
  ...{ knobs, stages, dataSet: 'set', origin: 'measured' as StageSample['origin'] },
  ...more
})
/** One layer of width 64: 8 heads of 8, 2 of keys, 256 inside, gated, over 2 workers, 10 tokens. */
const layer = {
  ...{ n_head: 8, n_kv_head: 2, n_embd: 64, n_expanded_embd: 256, num_tokens: 10 },
  ...{ use_gated_mlp: 'True', num_tensor_parallel_workers: 2 }
}
const stages = {
  ...{ emb: 1, input_layernorm: 1, add: 1, attn_pre_proj: 1, attn_rope: 1, attn_post_proj: 1 },
  ...{ mlp_up_proj: 1, mlp_act: 1, mlp_down_proj: 1, other: 1 }
}
const table = stageTable([
  sample(layer, stages),
  sample({ ...layer, use_gated_mlp: 'False', num_tensor_parallel_workers: 1, num_tokens: 3 }, stages)
])

describe('work of a transformer layer', () => {
  const work = (stage: string) => {
    const found = stageWork(table, stage)
    return found === null
      ? null
      : [found.kind, ...[0, 1].map((row) => [found.m[row], found.n[row], found.k[row]])]
  }
  it('is counted per worker', () => {
    expect(work('emb')).toEqual(['elements', [10, 64, 1], [3, 64, 1]])
    expect(work('add')).toEqual(['elements', [10, 96, 1], [3, 96, 1]])
    // Queries and twice the keys: (8 + 2 x 2) heads of 8, over the workers.
    expect(work('attn_pre_proj')).toEqual(['product', [10, 48, 64], [3, 96, 64]])
    expect(work('attn_rope')).toEqual(['elements', [10, 40, 1], [3, 80, 1]])
    expect(work('attn_post_proj')).toEqual(['product', [10, 64, 32], [3, 64, 64]])
    expect(work('mlp_up_proj')).toEqual(['product', [10, 256, 64], [3, 256, 64]])
    expect(work('mlp_act')).toEqual(['elements', [10, 192, 1], [3, 256, 1]])
    expect(work('mlp_down_proj')).toEqual(['product', [10, 64, 128], [3, 64, 256]])
    expect(work('other')).toBeNull()
    const unknown = stageTable([sample({ num_tokens: 3 }, { emb: 1 })])
    expect(stageWork(unknown, 'emb')).toBeNull()
  })

  it('is fitted together by kind, with terms that a time is a sum of', () => {
    const pools = stagePools(table, null)
    const names = pools.map((pool) => pool.stages.map((at) => table.stages[at]))
    expect(names.map((one) => one.length)).toEqual([4, 5, 1])
    expect(names[0]).toEqual(
      expect.arrayContaining(['attn_pre_proj', 'attn_post_proj', 'mlp_up_proj', 'mlp_down_proj'])
    )
    const [products, elements, alone] = pools
    const at = names[0]!.indexOf('attn_pre_proj') * table.count
    expect(products!.terms.map((term) => term[at])).toEqual([10 * 48 * 64, 48 * 64, 480, 640, 1])
    expect(products!.features.names.slice(0, 3)).toEqual(['log m', 'log n', 'log k'])
    expect(products!.features.columns.slice(0, 3).map((column) => column[at])).toEqual(
      [10, 48, 64].map(Math.log)
    )
    // One column per stage says which it is.
    const own = products!.features.columns.slice(3).map((column) => column[at])
    expect(own.reduce((sum, value) => sum! + value!, 0)).toBe(1)
    const rope = names[1]!.indexOf('attn_rope') * table.count + 1
    expect(elements!.terms.map((term) => term[rope])).toEqual([240, 3, 80, 1])
    expect([products!.tileCosts, elements!.tileCosts, alone!.work]).toEqual([null, null, null])
    // Knobs of a stage that is not known, and products of every two of them.
    const sizes = table.knobs.filter(({ levels }) => levels === null).length
    expect(alone!.terms.length).toBe(1 + sizes + (sizes * (sizes + 1)) / 2)
    const part = takeFeatures(products!.features, [at, 0])
    expect([part.count, part.columns[0]![0]]).toEqual([2, Math.log(10)])
  })

  it('in tiles fills whole waves', () => {
    const pool = stagePools(table, 4)[0]!
    const at = pool.stages.map((one) => table.stages[one]).indexOf('mlp_up_proj') * table.count
    const column = (name: string): number => pool.features.columns[pool.features.names.indexOf(name)]![at]!
    // 10 x 256: one tile of 128 x 256 in a wave of 4; two of 128 x 128.
    const share = 2560 / (4 * 128 * 256)
    expect(column('log share of full waves, 128 x 256')).toBeCloseTo(Math.log(share), 12)
    expect(column('log share of full waves, 128 x 128')).toBeCloseTo(Math.log(2560 / (4 * 128 * 128)), 12)
    // The smallest tile wins: 4 of 64 x 64 fill the wave at a rate of 0.6.
    expect(column('log share of full waves, best tile')).toBeCloseTo(
      Math.log((2560 / (4 * 64 * 64)) * 0.6),
      12
    )
    const macs = 10 * 256 * 64
    expect(pool.terms[5]![at]).toBeCloseTo(macs / share, 6)
    expect(pool.tileCosts![at]).toBe(
      tileCosts(
        { kind: 'product', m: Float64Array.of(10), n: Float64Array.of(256), k: Float64Array.of(64) },
        4
      )[0]
    )
  })
})

describe('the cheapest tile', () => {
  const cost = (m: number, n: number, k: number, cores: number): number =>
    tileCosts(
      { kind: 'product', m: Float64Array.of(m), n: Float64Array.of(n), k: Float64Array.of(k) },
      cores
    )[0]!
  it('is found over tiles and splits of k', () => {
    for (const [m, n, k, cores] of [
      [1, 64, 64, 4],
      [256, 128, 4096, 1],
      [257, 129, 1000, 108],
      [4096, 4096, 64, 108],
      [16, 128, 20_000, 132]
    ] as const) {
      const all = tileShapes.flatMap(([high, wide], at) =>
        [1, 2, 3, 4].map((parts) => {
          const waves = Math.ceil((Math.ceil(m / high) * Math.ceil(n / wide) * parts) / cores)
          const time =
            (waves * high * wide * (k / parts + 45.5)) /
            [1, 0.95, 1.12, 0.85, 0.928, 1.09, 0.861, 0.566, 0.4, 0.2][at]!
          return time + (parts > 1 ? m * n * parts * 2.82 : 0)
        })
      )
      expect(cost(m, n, k, cores)).toBeCloseTo(Math.min(...all), 6)
    }
    expect(fittedTiles.rates.length).toBe(tileShapes.length)
  })
})

describe('outliers', () => {
  const decoded = (ms: number, tokens: number, name = 'a'): StageSample =>
    sample({ name }, { decode: ms }, { outputTokens: tokens } as Partial<StageSample>)
  it('are rows beyond the limit per token, and those far from their configuration', () => {
    const times = [100, 101, 99, 100, 102, 98]
    const plain = stageTable([...times.map((ms) => decoded(ms, 10)), decoded(601, 10), decoded(600, 10, 'b')])
    expect(Array.from(decodePerToken(plain))).toEqual([...times.map((ms) => ms / 10), 60.1, 60])
    const found = dropOutliers(plain, { maxDecodePerTokenMs: 60, robust: false })
    expect([found.byThreshold, found.byConfiguration, found.kept.count]).toEqual([1, 0, 7])
    expect(dropOutliers(plain, { maxDecodePerTokenMs: null, robust: false }).kept.count).toBe(8)
    // Spread is taken as 5 % at least: beyond exp(0.3) times the median.
    const odd = (ms: number): number =>
      dropOutliers(stageTable([...times.map((one) => decoded(one, 10)), decoded(ms, 10)]), {
        ...{ maxDecodePerTokenMs: null, robust: true }
      }).byConfiguration
    expect([odd(134), odd(136), odd(74.5), odd(73.5)]).toEqual([0, 1, 0, 1])
  })

  it('are not looked for in configurations of fewer than five rows, nor without tokens', () => {
    const few = stageTable([10, 10, 10, 1000].map((ms) => decoded(ms, 10)))
    expect(dropOutliers(few, { maxDecodePerTokenMs: null, robust: true }).byConfiguration).toBe(0)
    const five = stageTable([10, 10, 10, 10, 1000].map((ms) => decoded(ms, 10)))
    expect(dropOutliers(five, { maxDecodePerTokenMs: null, robust: true }).byConfiguration).toBe(1)
    const without = stageTable([sample({ name: 'a' }, { prefill: 5 })])
    expect(Array.from(decodePerToken(without))).toEqual([NaN])
    expect(dropOutliers(without, { maxDecodePerTokenMs: 0.001, robust: true }).kept.count).toBe(1)
  })
})

describe('configurations far apart', () => {
  const knob = (values: number[], levels: string[] | null = null) => ({
    name: 'k',
    values: Float64Array.from(values),
    levels
  })
  const order = (count: number): Int32Array => Int32Array.from({ length: count }, (_, at) => at)
  it('begin with the first and go to the farthest, on a logarithmic scale', () => {
    // ln: 0, 0.7, 3.5, 6.9: from 1 to 1000, then 32 (3.5 away from either end).
    expect(Array.from(spreadRows([knob([1, 2, 32, 1000])] as never, order(4), 3))).toEqual([0, 3, 2])
    // Not all positive: as they are.
    expect(Array.from(spreadRows([knob([0, 2, 32, 1000])] as never, order(4), 3))).toEqual([0, 3, 2])
    expect(Array.from(spreadRows([knob([0, 480, 520, 1000])] as never, order(4), 3))).toEqual([0, 3, 1])
    expect(Array.from(spreadRows([knob([1, 2, 32, 1000])] as never, Int32Array.of(2, 0, 3), 2))).toEqual([
      2, 0
    ])
  })

  it('take names as far apart as they are rare, equal rows last, and never more than there are', () => {
    const names = knob([0, 0, 1, 0], ['a', 'b'])
    expect(Array.from(spreadRows([names] as never, order(4), 9))).toEqual([0, 2, 1, 3])
    // A constant knob says nothing.
    expect(Array.from(spreadRows([knob([7, 7, 7, 7]), names] as never, order(4), 2))).toEqual([0, 2])
  })
})
