import { describe, expect, it } from 'vitest'
import type { BenchRequest } from '@core/board/protocol'
import { expectedChecksum } from '@core/profile/expectedChecksum'
import type { BoardSession, IdentifiedBoard } from '@main/board/boardService'
import { benchKernels } from '@main/cli/bench/kernelBench'
import { AppError } from '@shared/errors'

const identified = {
  id: '/dev/ttyTEST',
  name: 'test board',
  unit: 'cycles',
  info: { coreName: 'core', buildId: 7, clockHz: null, counters: { cycles: true, instructions: true } }
} as unknown as IdentifiedBoard

/** A board whose line is lost before the rows of these numbers, and what comes back then. */
function lostBefore(lost: readonly number[], returns: IdentifiedBoard | null = identified) {
  let calls = 0
  let isThere = true
  const waits: number[] = []
  const remaining = [...lost]
  const gone = (): AppError => new AppError('board.disconnected', 'The line was lost.', 'Plug it in.')
  const bench = async ({ repetitions, seed, ...item }: BenchRequest): Promise<unknown> => {
    if (remaining[0] === calls) {
      remaining.shift()
      isThere = false
      throw gone()
    }
    calls++
    const checksum = expectedChecksum({ ...item, dims: [...item.dims] } as never, seed)
    return { repetitions, checksum, cycles: [1000 * calls], instructions: [500] }
  }
  return {
    waits,
    board: {
      connect: async () => identified,
      disconnect: async () => undefined,
      identified: () => returns!,
      withLease: async <T>(
        _: string,
        __: string,
        work: (session: BoardSession, on: IdentifiedBoard) => Promise<T>
      ) => {
        if (!isThere) throw gone()
        return await work({ bench } as unknown as BoardSession, identified)
      },
      waitUntilConnected: async (_: string, ms: number) => {
        waits.push(ms)
        if (returns === null) throw gone()
        isThere = true
      }
    }
  }
}

const run = (board: ReturnType<typeof lostBefore>['board']): ReturnType<typeof benchKernels> =>
  benchKernels(board, '/dev/ttyTEST', {
    repetitions: 1,
    seed: 1,
    reference: false,
    signal: new AbortController().signal,
    log: () => undefined
  })

describe('a kernel benchmark whose line is lost', () => {
  it('keeps its rows and measures the rest once the board is back', async () => {
    const { board, waits } = lostBefore([5, 30])
    const { rows } = await run(board)
    expect(rows).toHaveLength(48)
    expect(waits).toEqual([60_000, 60_000])
    // Each row once, in order: 1000, 2000, … cycles over the MACs of its shape.
    expect(rows[5]!.cyclesPerMac).toBeCloseTo(6_000 / (16 * 64 * 256), 12)
    expect(rows[31]!.cyclesPerMac).toBeCloseTo(32_000 / (128 * 512), 12)
  })

  it('ends when the board stays away, or is lost again and again before a row', async () => {
    await expect(run(lostBefore([5], null).board)).rejects.toMatchObject({ code: 'board.disconnected' })
    await expect(run(lostBefore([5, 5, 5, 5]).board)).rejects.toMatchObject({ code: 'board.disconnected' })
  })

  it('does not mix rows of two boards', async () => {
    const other = { ...identified, info: { ...identified.info, buildId: 8 } }
    await expect(run(lostBefore([5], other).board)).rejects.toMatchObject({ code: 'board.wrongBoard' })
  })
})
