import { describe, expect, it } from 'vitest'
import type { BoardInfo, BoardKernel } from '@core/board/boardInfo'
import { planCampaign, type CampaignInput } from '@core/profile/campaign'
import { radicalInverse, spaceFillingShapes } from '@core/profile/design'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import { createGuessCorrection, guessMs } from '@core/profile/duration'
import { itemKey, shapeWork, type KernelShape } from '@core/kernel/shape'
import { toColumns, toDims, toProxySamples } from '@core/profile/proxyRows'

const bits = [8, 4, 2, 1]
const board: Pick<BoardInfo, 'kernels' | 'ram'> = {
  ram: { low: 0x8001_0000, high: 0x8010_0000 },
  kernels: [
    ...bits.flatMap((activationBits) =>
      bits.flatMap((weightBits) =>
        (['matmul', 'conv2d'] as const).map((kernel): BoardKernel => ({
          kernel,
          activationBits,
          weightBits,
          weightLayout: 0,
          variant: 'ref',
          rowsMax: 1,
          scratch: { fixedBytes: 0, bytesPerInput: 1, bytesPerOutput: 4 }
        }))
      )
    ),
    ...bits.map((activationBits): BoardKernel => ({
      kernel: 'maxPool' as const,
      activationBits,
      weightBits: 0,
      weightLayout: 255,
      variant: 'ref',
      rowsMax: 1,
      scratch: { fixedBytes: 0, bytesPerInput: 0, bytesPerOutput: 0 }
    }))
  ]
}
const input: CampaignInput = {
  shapes: [
    { kernel: 'matmul', dims: [1, 120, 256] },
    { kernel: 'conv2d', dims: [28, 28, 1, 6, 5, 1, 0] }
  ],
  spaceFilling: 10,
  kernels: [],
  pairs: [],
  repetitions: 2,
  seed: 5,
  longestMs: 60_000
}
const speed = { stepsPerMs: 50_000, overheadMs: 5 }
const none = (): boolean => false

describe('campaign plan', () => {
  it('takes exact shapes and a set around them at every pair, each once', () => {
    const plan = planCampaign(input, board, speed, none)
    expect(plan.items).toHaveLength((2 + 2 * 10) * 16)
    expect(new Set(plan.items.map(itemKey)).size).toBe(plan.items.length)
    expect(plan.items.filter((item) => item.dims.join() === '1,120,256')).toHaveLength(16)
    expect(plan.estimateMs).toBeGreaterThan(plan.items.length * speed.overheadMs)
  })

  it('is the same for the same seed and another for another', () => {
    const keys = (seed: number): string =>
      planCampaign({ ...input, seed }, board, speed, none)
        .items.map(itemKey)
        .join()
    expect(keys(5)).toBe(keys(5))
    expect(keys(5)).not.toBe(keys(6))
  })

  it('leaves out what is measured, does not fit, lasts too long, or the firmware cannot do, and says why', () => {
    const measured = new Set(planCampaign(input, board, speed, none).items.slice(0, 30).map(itemKey))
    const plan = planCampaign(
      {
        ...input,
        shapes: [
          ...input.shapes,
          { kernel: 'matmul', dims: [64, 1024, 2048] },
          { kernel: 'depthwiseConv2d', dims: [8, 8, 4, 3, 1, 1] }
        ],
        spaceFilling: 0,
        pairs: [{ activationBits: 8, weightBits: 8 }],
        longestMs: 20
      },
      board,
      { ...speed, stepsPerMs: 5_000 },
      (key) => measured.has(key)
    )
    const reasons = plan.skipped.map(({ reason }) => reason)
    expect(reasons.some((reason) => reason.includes('memory'))).toBe(true)
    expect(reasons.some((reason) => reason.includes('no depthwiseConv2d'))).toBe(true)
    expect(reasons.some((reason) => reason.includes('limit'))).toBe(true)
    expect(plan.items.length + plan.alreadyMeasured.length + plan.skipped.length).toBe(4)
  })

  it('says that a recurrence or a look-up is skipped where the firmware has none, whatever pairs are wanted', () => {
    const shapes: KernelShape[] = [
      { kernel: 'lstm', dims: [5, 7] },
      { kernel: 'table', dims: [64] },
      { kernel: 'depthwiseConv2d', dims: [8, 8, 4, 3, 1, 1] }
    ]
    for (const pairs of [[], [{ activationBits: 4, weightBits: 2 }]]) {
      const plan = planCampaign({ ...input, shapes, spaceFilling: 0, pairs }, board, speed, none)
      expect(plan.items).toEqual([])
      expect(
        plan.skipped.map(({ item, reason }) => [item.kernel, reason.includes(`no ${item.kernel}`)])
      ).toEqual(shapes.map(({ kernel }) => [kernel, true]))
    }
  })

  it('gives kernels without weights one width per pair of activations', () => {
    const plan = planCampaign(
      { ...input, shapes: [{ kernel: 'maxPool', dims: [8, 8, 4, 2, 2] }], spaceFilling: 0 },
      board,
      speed,
      none
    )
    expect(plan.items.map((item) => [item.activationBits, item.weightBits]).sort()).toEqual([
      [1, 0],
      [2, 0],
      [4, 0],
      [8, 0]
    ])
  })

  it('refuses a shape that cannot be', () => {
    const shapes: KernelShape[] = [{ kernel: 'conv2d', dims: [3, 3, 1, 4, 5, 1, 0] }]
    expect(() => planCampaign({ ...input, shapes }, board, speed, none)).toThrow(
      expect.objectContaining({ code: 'input.invalid', message: expect.stringContaining('does not fit') })
    )
  })
})

describe('space-filling set', () => {
  it('is the van der Corput sequence in each dim', () => {
    expect([1, 2, 3, 4, 5].map((index) => radicalInverse(index, 2))).toEqual([0.5, 0.25, 0.75, 0.125, 0.625])
  })

  it('covers the logarithmic range evenly, without repeats or impossible shapes', () => {
    const shapes = spaceFillingShapes({
      kernel: 'matmul',
      count: 200,
      seed: 3,
      around: [],
      maxMacs: Infinity
    })
    expect(shapes).toHaveLength(200)
    expect(new Set(shapes.map((shape) => shape.dims.join())).size).toBe(200)
    // k spans 16..1024: a quarter of the points in each quarter of its logarithm.
    const quarters = [0, 0, 0, 0]
    for (const { dims } of shapes) quarters[Math.min(3, Math.floor((Math.log2(dims[2]!) - 4) / 1.5))]!++
    for (const count of quarters) expect(Math.abs(count - 50)).toBeLessThan(8)
  })

  it('reaches beyond the layers it is drawn around, within the work allowed', () => {
    const around: KernelShape[] = [
      { kernel: 'conv2d', dims: [28, 28, 1, 6, 5, 1, 0] },
      { kernel: 'conv2d', dims: [14, 14, 6, 16, 5, 1, 0] }
    ]
    const maxMacs = 1_000_000
    const shapes = spaceFillingShapes({ kernel: 'conv2d', count: 40, seed: 1, around, maxMacs })
    expect(shapes).toHaveLength(40)
    expect(Math.max(...shapes.map((shape) => shape.dims[3]!))).toBeGreaterThan(16)
    expect(Math.max(...shapes.map((shape) => shapeWork(shape).macs))).toBeLessThanOrEqual(maxMacs)
    expect(shapes.every((shape) => shape.dims[4] === 5)).toBe(true)
  })
})

describe('expected checksums', () => {
  it('differ by seed, shape and bits, and stay the same otherwise', () => {
    const item = { kernel: 'matmul', dims: [2, 3, 8], activationBits: 8, weightBits: 4 } as const
    expect(expectedChecksum(item, 1)).toBe(expectedChecksum(item, 1))
    // A seed of 0 stands for 1: xorshift has no zero state.
    expect(expectedChecksum(item, 0)).toBe(expectedChecksum(item, 1))
    const others = [
      expectedChecksum(item, 2),
      expectedChecksum({ ...item, weightBits: 2 }, 1),
      expectedChecksum({ ...item, dims: [3, 2, 8] }, 1)
    ]
    expect(new Set([expectedChecksum(item, 1), ...others]).size).toBe(4)
  })
})

describe('duration guess', () => {
  it('grows with work and repetitions and corrects itself', () => {
    const item = { kernel: 'matmul', dims: [4, 64, 128], activationBits: 8, weightBits: 8 } as const
    expect(guessMs(item, 4, speed)).toBeGreaterThan(guessMs(item, 1, speed))
    expect(guessMs({ ...item, dims: [8, 64, 128] }, 1, speed)).toBeGreaterThan(guessMs(item, 1, speed))
    const correction = createGuessCorrection()
    expect(correction.factor()).toBe(1)
    correction.add(10, 30)
    expect(correction.factor()).toBe(3)
  })
})

describe('columns of the profile files', () => {
  it('count padding into height and width and read back as the same work', () => {
    const shape: KernelShape = { kernel: 'conv2d', dims: [16, 16, 8, 12, 3, 2, 1] }
    const columns = toColumns(shape)
    expect(columns).toEqual([18, 18, 8, 12, 3, 2])
    expect(shapeWork({ kernel: 'conv2d', dims: toDims('conv2d', columns) }).macs).toBe(shapeWork(shape).macs)
    expect(toColumns({ kernel: 'maxPool', dims: [8, 9, 3, 2, 2] })).toEqual([3, 8, 9, 2, 2])
  })

  it('have no form for kernels that no file holds', () => {
    expect(() => toProxySamples('argmax', 'cycles', [])).toThrow(
      expect.objectContaining({ code: 'input.unsupported' })
    )
  })
})
