import { describe, expect, it } from 'vitest'
import { stagePools } from '@core/estimator/design'
import { stageTable } from '@core/estimator/samples/stageTable'

const multiprocessors = 108
const sample = (n_embd: number) => ({
  knobs: { n_head: 32, n_kv_head: 32, n_embd, n_expanded_embd: 4096, num_tokens: 128 },
  stages: { attn_post_proj: 1 },
  dataSet: 'made',
  origin: 'simulated' as const
})

describe('waves of tiles of a matrix product', () => {
  const table = stageTable([sample(256 * 108), sample(256 * 109)])
  const column = (name: string): number[] => {
    const [pool] = stagePools(table, multiprocessors)
    return Array.from(pool?.features.columns[pool.features.names.indexOf(name)] ?? []).map(Math.exp)
  }

  it('one tile per multiprocessor is one full wave; one tile more is two, the second nearly empty', () => {
    const [full, twoWaves] = column('log share of full waves, 128 x 256')
    expect(full).toBeCloseTo(1, 12)
    expect(twoWaves).toBeCloseTo(109 / 216, 12)
  })

  it('a smaller tile is chosen where the largest leaves most of a wave idle', () => {
    const [full, twoWaves] = column('log share of full waves, best tile')
    expect(full).toBeCloseTo(1, 12)
    // 436 tiles of 128 x 64 take five waves of 108 at 0.8 of the largest tile's rate.
    expect(twoWaves).toBeCloseTo((0.8 * 436) / 540, 12)
  })

  it('has no wave columns for a device whose multiprocessors are not known', () => {
    const [pool] = stagePools(table, null)
    expect(pool?.features.names).toEqual(['log m', 'log n', 'log k'])
  })
})
