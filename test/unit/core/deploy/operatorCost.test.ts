import { describe, expect, it } from 'vitest'
import { costByAnyVisits, costByVisits, measuredCost, type MeasuredCall } from '@core/deploy/operatorCost'

const pool = (h: number, c: number, time: number, activationBits = 8): MeasuredCall => ({
  kernel: 'maxPool',
  dims: [h, h, c, 2, 2],
  activationBits,
  weightBits: 0,
  time
})

describe('cost of operators without weights', () => {
  const call = {
    kernel: 'maxPool',
    dims: [24, 24, 6, 2, 2],
    activationBits: 8,
    weightBits: 0,
    scale: 1
  } as const

  it('is the measurement of the very shape where there is one, at the same width first', () => {
    const measured = [pool(24, 6, 900), pool(24, 6, 700, 4), pool(8, 16, 300)]
    expect(measuredCost(call, measured)).toBe(900)
    expect(measuredCost({ ...call, activationBits: 4 }, measured)).toBe(700)
    expect(measuredCost({ ...call, activationBits: 1 }, measured)).toBe(800)
    expect(measuredCost({ ...call, dims: [8, 8, 6, 2, 2] }, measured)).toBeNull()
  })

  it('scales the cost per element visit to a shape that was not measured', () => {
    // 8 x 8 x 16 pooled 2 x 2: 4 x 4 x 16 outputs of 4 visits = 1024 visits for 2048 cycles.
    expect(costByVisits(call, [pool(8, 16, 2048)])).toBe(2 * 12 * 12 * 6 * 4)
  })

  it('is multiplied by the scale of a window that is not square', () => {
    expect(measuredCost({ ...call, scale: 0.75 }, [pool(24, 6, 900)])).toBe(675)
    expect(costByVisits({ ...call, scale: 0.75 }, [pool(8, 16, 2048)])).toBe(0.75 * 2 * 12 * 12 * 6 * 4)
  })

  it('is unknown, not zero, where the kernel was never measured', () => {
    expect(costByVisits(call, [])).toBeNull()
    expect(costByVisits({ ...call, kernel: 'add', dims: [10] }, [pool(8, 16, 2048)])).toBeNull()
  })

  it('is estimated from the other operators where asked for', () => {
    // 2048 cycles for 1024 visits, as above.
    const add = { ...call, kernel: 'add', dims: [10] } as const
    expect(costByAnyVisits(add, [pool(8, 16, 2048)])).toBe(20)
    expect(costByAnyVisits(add, [])).toBeNull()
  })
})
