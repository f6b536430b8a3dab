import { describe, expect, it } from 'vitest'
import {
  bitFusionCycles,
  bitFusionDefaults,
  bitFusionHardware,
  bitFusionPlan,
  type BitFusionLayer
} from '@core/accelerator/bitfusion'

/** Cycles by hand; the published tables row by row stand in test/integration/core/accelerator/bitfusion.test.ts. */
const layer: BitFusionLayer = {
  ...{ outputHeight: 8, outputWidth: 8, window: 3, inputChannels: 32, outputChannels: 64 },
  ...{ activationBits: 8, weightBits: 8 }
}
/** Everything fits and the port is as wide as needed. */
const endless = bitFusionHardware({
  ...{ activationSramBytes: 1e9, weightSramBytes: 1e9, outputSramBytes: 1e9 },
  dramBitsPerCycle: 1e15
})

describe('cycles of a BitFusion array', () => {
  it('are those of computing, one load and one drain where nothing waits', () => {
    // batch 16 x 64 positions x 64/32 column passes x 9 * 32 / 16 steps.
    expect(bitFusionCycles(layer, endless)).toBe(16 * 64 * 2 * 18 + 2)
    // A unit of 8 bits holds 2 x 2 of 4 bits, 2 x 4 of 4 and 2 bits, 4 x 4 of 2 bits; 3 bits take the room of 4, 1 that of 2.
    const steps = (activationBits: number, weightBits: number): number =>
      (bitFusionCycles({ ...layer, activationBits, weightBits }, endless) - 2) / (16 * 64 * 2)
    expect([steps(8, 4), steps(4, 4), steps(4, 2), steps(2, 2), steps(1, 1)]).toEqual([9, 5, 3, 2, 2])
    expect([steps(3, 8), steps(8, 3), steps(5, 8)]).toEqual([9, 9, 18])
  })

  it('round a last pass and a last step up', () => {
    // 33 columns are two passes, 17 inputs of a 1 x 1 window two steps, for one position of one image.
    const small = {
      ...layer,
      outputHeight: 1,
      outputWidth: 1,
      window: 1,
      inputChannels: 17,
      outputChannels: 33
    }
    const one = { ...endless, batch: 1 }
    expect(bitFusionCycles(small, one)).toBe(1 * 2 * 2 + 2)
    expect(bitFusionCycles({ ...small, inputChannels: 16, outputChannels: 32 }, one)).toBe(1 + 2)
    expect(bitFusionCycles({ ...small, inputChannels: 16, outputHeight: 3, outputWidth: 5 }, one)).toBe(32)
  })

  it('wait for a narrow port: all bits once, as everything fits', () => {
    const narrow = bitFusionHardware({ batch: 1, dramBitsPerCycle: 8 })
    // One position: 16 inputs and 16 x 32 weights of 8 bits, sums of 32 x 32 bits in and out.
    const single = {
      ...layer,
      outputHeight: 1,
      outputWidth: 1,
      window: 1,
      inputChannels: 16,
      outputChannels: 32
    }
    expect(bitFusionCycles(single, narrow)).toBe(1 + 16 + 16 * 32 + 128 + 128)
    expect(bitFusionPlan(single, narrow)).toEqual({
      cycles: 785,
      computeCycles: 1,
      tile: { batch: 1, outputWidth: 1, outputHeight: 1, inputChannels: 16, outputChannels: 32 },
      steps: { batch: 1, outputWidth: 1, outputHeight: 1, inputChannels: 1, outputChannels: 1 },
      order: [],
      bufferBytes: { activations: 16, weights: 512, outputs: 128 },
      dramBytes: { activations: 16, weights: 512, sumsIn: 128, sumsOut: 128 }
    })
  })

  it('belong to a plan whose tiles fit into half of every SRAM and cover the layer', () => {
    const plan = bitFusionPlan(layer)
    expect(plan.cycles).toBe(bitFusionCycles(layer))
    const { activationSramBytes, weightSramBytes, outputSramBytes } = bitFusionDefaults
    expect(plan.bufferBytes.activations).toBeLessThanOrEqual(activationSramBytes / 2)
    expect(plan.bufferBytes.weights).toBeLessThanOrEqual(weightSramBytes / 2)
    expect(plan.bufferBytes.outputs).toBeLessThanOrEqual(outputSramBytes / 2)
    const sizes = { batch: 16, outputWidth: 8, outputHeight: 8, inputChannels: 32, outputChannels: 64 }
    for (const [name, size] of Object.entries(sizes) as [keyof typeof sizes, number][])
      expect([name, plan.steps[name]]).toEqual([name, Math.ceil(size / plan.tile[name])])
    expect(plan.order).toHaveLength(Object.values(plan.steps).filter((steps) => steps > 1).length)
    // Every weight comes once at least, every sum leaves once at least.
    expect(plan.dramBytes.weights).toBeGreaterThanOrEqual(9 * 32 * 64)
    expect(plan.dramBytes.sumsOut).toBeGreaterThanOrEqual(16 * 64 * 64 * 4)
  })

  it('take sizes of their own and keep the others', () => {
    expect(bitFusionHardware({ rows: 8, columns: undefined })).toEqual({ ...bitFusionDefaults, rows: 8 })
  })

  it('are refused for widths that the array cannot hold and layers of which no tile fits', () => {
    for (const wrong of [{ activationBits: 9 }, { weightBits: 0 }, { activationBits: 0 }])
      expect(() => bitFusionCycles({ ...layer, ...wrong })).toThrow('up to 8 bits')
    expect(() => bitFusionCycles(layer, bitFusionHardware({ weightSramBytes: 8 }))).toThrow(
      'fits into the SRAMs'
    )
  })
})
