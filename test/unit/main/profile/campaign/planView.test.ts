import { expect, it } from 'vitest'
import { firstGuess, identityOf, nothingToMeasure, presentCampaign } from '@main/profile/campaign/planView'
import type { ProfiledBoard } from '@main/profile/measure'
import type { PlannedCampaign } from '@core/profile/campaign'

const board = (kind: string, clockHz: number | null = null): ProfiledBoard =>
  ({ id: 'b', kind, info: { clockHz, buildId: 7, coreName: 'core' } }) as unknown as ProfiledBoard

it('simulators are guessed by what they run, cores by their clock', () => {
  const guess = (kind: string, clockHz?: number) => {
    const { stepsPerMs, overheadMs } = firstGuess(board(kind, clockHz))
    return [stepsPerMs, overheadMs]
  }
  expect([guess('virtual'), guess('rtl'), guess('qemu')]).toEqual([
    [60_000, 5],
    [1_500, 10],
    [150_000, 8]
  ])
  // 16 MHz are 16,000 cycles a ms; 50 MHz where the board does not say.
  expect([guess('serial', 16_000_000), guess('serial')]).toEqual([
    [16_000, 15],
    [50_000, 15]
  ])
})

it('Samples keep board, firmware and core', () => {
  expect(identityOf(board('virtual'))).toEqual({ boardId: 'b', buildId: 7, coreName: 'core' })
})

const item = (size: number, weightBits = 8, kernel = 'matmul') => ({
  ...{ kernel, dims: [size, 2, 3], activationBits: 8, weightBits }
})
const planned = (more: object = {}): PlannedCampaign =>
  ({
    items: [item(1), item(1, 4), item(2), item(1, 4, 'conv2d')],
    ...{ alreadyMeasured: [item(9)], estimateMs: 1234 },
    skipped: [{ reason: 'too large' }, { reason: 'no kernel' }, { reason: 'too large' }],
    ...more
  }) as unknown as PlannedCampaign

it('a plan counts shapes, bit pairs and items by kernel, and what it leaves out by reason', () => {
  expect(presentCampaign(planned(), true)).toEqual({
    ...{ samples: 4, alreadyMeasured: 1, skipped: 3, estimateMs: 1234, estimateFrom: 'samples' },
    skippedBecause: [
      { reason: 'too large', count: 2 },
      { reason: 'no kernel', count: 1 }
    ],
    byKernel: [
      { kernel: 'matmul', shapes: 2, pairs: 2, samples: 3 },
      { kernel: 'conv2d', shapes: 1, pairs: 1, samples: 1 }
    ],
    preview: [
      { kernel: 'matmul', dims: [1, 2, 3] },
      { kernel: 'matmul', dims: [2, 2, 3] },
      { kernel: 'conv2d', dims: [1, 2, 3] }
    ]
  })
  const many = presentCampaign(planned({ items: Array.from({ length: 60 }, (_, at) => item(at)) }), false)
  expect([many.preview.length, many.estimateFrom]).toEqual([40, 'analytic'])
})

it('a plan of nothing says why', () => {
  expect(nothingToMeasure(planned()).message).toBe('There is nothing to measure: too large.')
  expect(nothingToMeasure(planned({ skipped: [] })).message).toContain('no shapes were given')
})
