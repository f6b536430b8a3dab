import { describe, expect, it } from 'vitest'
import { requireCounter, requireCounts, requireSpan } from '@core/board/boardInfo'
import { measureItem, type ProfiledBoard } from '@main/profile/measure'

const without = { counters: { cycles: false, instructions: false }, coreName: 'VexRiscv_Standard' }

describe('counts of 32 bits', () => {
  it('are refused where the monitor says that they do not fit', () => {
    requireCounts({ cycles: [1, 0xffff_fffe], instructions: [] })
    for (const counts of [
      { cycles: [5, 0xffff_ffff], instructions: [7] },
      { cycles: [], instructions: [0xffff_ffff] }
    ])
      expect(() => requireCounts(counts)).toThrow('cannot hold')
  })

  it('are refused over a span in which a counter may have overflowed', () => {
    const narrow = { kind: 'timer', stepCycles: 1, bits: 32 } as const
    // 2^32 cycles last 42.95 s at 100 MHz, and 2.15 s at 2 GHz.
    requireSpan({ cycleSource: narrow, clockHz: 100_000_000 }, 42_900)
    expect(() => requireSpan({ cycleSource: narrow, clockHz: 100_000_000 }, 43_000)).toThrow('42.9 s')
    requireSpan({ cycleSource: narrow, clockHz: null }, 2_100)
    expect(() => requireSpan({ cycleSource: narrow, clockHz: null }, 2_200)).toThrow('2.1 s')
    requireSpan({ cycleSource: { ...narrow, bits: 64 }, clockHz: 100_000_000 }, 1e9)
    requireSpan({ cycleSource: undefined, clockHz: null }, 1e9)
  })
})

describe('a core without counters', () => {
  it('is refused by name, one with either counter is not', () => {
    expect(() => requireCounter('Bench 3', without)).toThrow(
      expect.objectContaining({
        code: 'board.refused',
        message: expect.stringContaining('Bench 3 (VexRiscv_Standard)'),
        hint: expect.stringContaining('full')
      }) as Error
    )
    requireCounter('a', { ...without, counters: { cycles: true, instructions: false } })
    requireCounter('b', { ...without, counters: { cycles: false, instructions: true } })
  })

  it('gets no request to run a kernel', async () => {
    let asked = 0
    const session = {
      bench: () => {
        asked++
        return Promise.reject(new Error('not to be reached'))
      }
    }
    const board = { name: 'Bench 3', info: without } as unknown as ProfiledBoard
    const item = { kernel: 'matmul', dims: [1, 1, 1], activationBits: 8, weightBits: 8 } as const
    const measured = measureItem(
      session,
      board,
      { ...item, dims: [...item.dims] },
      {
        repetitions: 1,
        seed: 1,
        campaignId: null,
        newId: () => 'a',
        nowMs: () => 0,
        checksum: () => Promise.resolve(0)
      }
    )
    await expect(measured).rejects.toMatchObject({ code: 'board.refused' })
    expect(asked).toBe(0)
  })
})
