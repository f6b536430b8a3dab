import { describe, expect, it } from 'vitest'
import type { BenchRequest } from '@core/board/protocol'
import { measureItem, type ProfiledBoard } from '@main/profile/measure'

const item = { kernel: 'matmul', dims: [2, 3, 4], activationBits: 8, weightBits: 4 } as const
const board = (more: object = {}, info: object = {}): ProfiledBoard =>
  ({
    ...{ id: 'b', kind: 'serial', name: 'Board', unit: 'cycles', origin: 'measured' },
    info: {
      isa: 'rv32imac',
      coreName: 'core',
      buildId: 7,
      clockHz: 1_000_000,
      counters: { cycles: true, instructions: true },
      ...info
    },
    ...more
  }) as unknown as ProfiledBoard

/** Measures the item on a board that returns these counts, each step of the clock `stepMs` long. */
async function measured(
  more: { board?: ProfiledBoard; result?: object; stepMs?: number; checksum?: number } = {}
) {
  const requests: BenchRequest[] = []
  let nowMs = 1000
  const session = {
    bench: (request: BenchRequest) => {
      requests.push(request)
      return Promise.resolve({
        ...{ repetitions: 3, checksum: 0xabc, cycles: [120, 100, 140], instructions: [50, 70, 60] },
        ...more.result
      })
    }
  }
  const sample = await measureItem(session as never, more.board ?? board(), item, {
    ...{ repetitions: 3, seed: 9, campaignId: 'c', newId: () => 'new' },
    nowMs: () => (nowMs += more.stepMs ?? 1),
    checksum: () => Promise.resolve(more.checksum ?? 0xabc)
  })
  return { sample, requests }
}

describe('a Sample of an item', () => {
  it('has the middle, the least and the greatest count, and what it was measured on', async () => {
    const { sample, requests } = await measured()
    expect(requests).toEqual([{ ...item, repetitions: 3, seed: 9 }])
    expect(sample).toMatchObject({
      ...{ id: 'new', campaignId: 'c', time: 120, timeMin: 100, timeMax: 140, unit: 'cycles', cycles: 120 },
      // 2 x 3 x 4 multiply-accumulates.
      ...{ instructions: 60, macs: 24, repetitions: 3, seed: 9, checksum: 0xabc, verified: true },
      ...{ boardId: 'b', isa: 'rv32imac', coreName: 'core', buildId: 7, clockHz: 1_000_000 }
    })
  })

  it('counts instructions where the board has no cycles, and says none where it does not count them', async () => {
    const qemu = board({ unit: 'instructions', kind: 'qemu', origin: 'simulated' })
    const { sample } = await measured({ board: qemu })
    expect(sample).toMatchObject({ time: 60, timeMin: 50, timeMax: 70, unit: 'instructions', cycles: null })
    expect(sample.method).toContain('QEMU')
    expect((await measured({ result: { instructions: [] } })).sample.instructions).toBeNull()
  })

  it('is none where the outputs are others than the host’s, or nothing was counted', async () => {
    await expect(measured({ checksum: 0xabd })).rejects.toMatchObject({ code: 'board.crcMismatch' })
    await expect(measured({ result: { cycles: [] } })).rejects.toMatchObject({ code: 'board.protocol' })
  })

  it('is none of a kernel that lasts longer than a count of 32 bits', async () => {
    // At 1 MHz it ends after 4,294,967.296 ms; four passes are timed between two looks at the clock.
    await expect(measured({ stepMs: 4 * 4_294_968 })).rejects.toMatchObject({ code: 'board.refused' })
    expect((await measured({ stepMs: 4 * 4_294_967 })).sample.time).toBe(120)
    const simulated = board({ origin: 'simulated', kind: 'virtual' })
    expect((await measured({ stepMs: 1e9, board: simulated })).sample.method).toContain('simulated core')
  })

  it.each([
    [{ unit: 'instructions' }, {}, 'bench, minstret of the core'],
    [{}, {}, 'bench, mcycle of the core'],
    [{}, { cycleSource: { kind: 'sbi' } }, 'bench, cycles counted by the PMU of the SBI'],
    [{}, { cycleSource: { kind: 'csr' } }, 'bench, cycles counted by a CSR of the core'],
    [{}, { cycleSource: { kind: 'timer', stepCycles: 1 } }, 'bench, cycles by a timer of the board'],
    [
      {},
      { cycleSource: { kind: 'timer', stepCycles: 8 } },
      'bench, cycles by a timer of the board in steps of up to 8'
    ]
  ])('names how it was counted: %j %j', async (more, info, method) => {
    expect((await measured({ board: board(more, info) })).sample.method).toBe(method)
  })
})
