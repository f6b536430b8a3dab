import { describe, expect, it } from 'vitest'
import type { Sample } from '@shared/contract/profile'
import { costPerMac } from '@renderer/views/profile/pairCells'

const sample = (activationBits: number, weightBits: number, time: number, macs: number): Sample =>
  ({ activationBits, weightBits, time, macs }) as Sample

describe('cost per MAC', () => {
  it('is the median of every pair', () => {
    const cells = costPerMac([
      sample(8, 8, 30, 10),
      sample(8, 8, 40, 10),
      sample(8, 8, 500, 10),
      sample(4, 8, 10, 10),
      sample(4, 8, 20, 10)
    ])
    expect(cells).toEqual([
      { activationBits: 8, weightBits: 8, value: 4, samples: 3 },
      { activationBits: 4, weightBits: 8, value: 1.5, samples: 2 }
    ])
  })

  it('leaves out what does not multiply', () => {
    expect(costPerMac([sample(8, 0, 100, 0)])).toEqual([])
  })
})
