import { describe, expect, it } from 'vitest'
import { requireCounter } from '@core/board/boardInfo'
import { measureItem, type ProfiledBoard } from '@main/profile/measure'

const without = { counters: { cycles: false, instructions: false }, coreName: 'VexRiscv_Standard' }

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
