import { describe, expect, it } from 'vitest'
import { isPowerOfRunner, requireSameGpu } from '@main/workload/measure/powerSource'

const about = {
  origin: 'measured' as const,
  gpu: 'NVIDIA A100',
  driverVersion: '550',
  powerField: 'power.draw'
}

describe('requireSameGpu', () => {
  it('takes one bus id in two spellings, and what is not known', () => {
    for (const [runner, recorded] of [
      ['0000:0b:00.0', '00000000:0B:00.0'],
      [undefined, '00000000:0B:00.0'],
      ['0000:0b:00.0', null]
    ] as const) {
      expect(() => requireSameGpu(runner, { pciBusId: recorded, about })).not.toThrow()
    }
  })

  it('refuses a runner on another GPU than the recorded one', () => {
    expect(() => requireSameGpu('0000:07:00.0', { pciBusId: '00000000:0B:00.0', about })).toThrow(
      expect.objectContaining({ code: 'input.invalid', message: expect.stringContaining('00000000:07:00.0') })
    )
  })
})

describe('isPowerOfRunner', () => {
  it("a real GPU's power is not the energy of a network on the processor", () => {
    expect(isPowerOfRunner('cpu', { about })).toBe(false)
    expect(isPowerOfRunner('cuda:0', { about })).toBe(true)
    expect(isPowerOfRunner('cpu', { about: { ...about, origin: 'simulated' } })).toBe(true)
  })
})
