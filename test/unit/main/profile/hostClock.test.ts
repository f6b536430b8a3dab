import { describe, expect, it } from 'vitest'
import type { BoardInfo } from '@core/board/boardInfo'
import { hostClockText, isTimedByHost } from '@core/board/hostClock'
import type { BenchRequest } from '@core/board/protocol'
import { createRandom } from '@core/math/random'
import { timeByHost } from '@main/profile/hostClock'
import { measureItem, type ProfiledBoard } from '@main/profile/measure'

const clockHz = 50_000_000
const request = { kernel: 'matmul', activationBits: 8, weightBits: 8, dims: [4, 8, 64], seed: 1 } as const
const asked = (): Omit<BenchRequest, 'repetitions'> => ({ ...request, dims: [...request.dims] })

/** A board that needs `cycles` a repetition, and a line with `delayMs` and as much again at random. */
function slowBoard(cycles: number, delayMs: number, seed = 7) {
  let ms = 0
  const random = createRandom(seed)
  const requests: number[] = []
  return {
    requests,
    nowMs: () => Math.round(ms),
    session: {
      bench: ({ repetitions }: BenchRequest) => {
        requests.push(repetitions)
        // One more run for the checksum.
        ms += delayMs * (1 + random.next()) + ((repetitions + 1) * cycles * 1_000) / clockHz
        return Promise.resolve({ repetitions, checksum: 77, cycles: [], instructions: [] })
      }
    }
  }
}

describe('a kernel by the host’s clock', () => {
  it.each([
    [25_000, 3],
    [4_000_000, 12],
    [600, 1]
  ])('of %i cycles is found over a line that is late by %i ms and more', async (cycles, delay) => {
    const { session, nowMs, requests } = slowBoard(cycles, delay)
    const timed = await timeByHost(session, asked(), { clockHz, nowMs })
    // Delays of some milliseconds against rounds of 600 ms.
    expect(Math.abs(timed.cycles.mean / cycles - 1)).toBeLessThan(0.02)
    expect(timed).toMatchObject({ rounds: 5, checksum: 77 })
    expect(requests.slice(-2)).toEqual([1, timed.repetitions + 1])
    expect(hostClockText(timed)).toMatch(/^host clock, 5 x \d+ repetitions, ± \d+\.\d+ %$/)
  })

  it('has an interval that holds the true figure as often as it claims', async () => {
    let held = 0
    for (let seed = 1; seed <= 200; seed++) {
      const { session, nowMs } = slowBoard(25_000, 3, seed)
      const { low, high } = (await timeByHost(session, asked(), { clockHz, nowMs })).cycles
      if (low <= 25_000 && 25_000 <= high) held++
    }
    // 95 % of 200 is 190, with a standard deviation of 3.1.
    expect(held).toBeGreaterThan(178)
    expect(held).toBeLessThan(200)
  })

  it('is refused where its repetitions are shorter than the line is late', async () => {
    const { session, nowMs } = slowBoard(2, 30)
    await expect(timeByHost(session, asked(), { clockHz, nowMs })).rejects.toMatchObject({
      code: 'board.refused'
    })
  })

  it('is found, not refused, where the line was late once while repetitions were counted', async () => {
    for (let late = 1; late <= 5; late++) {
      const { session, nowMs } = slowBoard(5_000, 1)
      let takes = 0
      let lateMs = 0
      const bench = (given: BenchRequest) => {
        if (++takes === late) lateMs = 300
        return session.bench(given)
      }
      const timed = await timeByHost({ bench }, asked(), { clockHz, nowMs: () => nowMs() + lateMs })
      expect(Math.abs(timed.cycles.mean / 5_000 - 1)).toBeLessThan(0.02)
    }
  })

  it('is for real boards that count nothing and have a clock', () => {
    const info = { counters: { cycles: false, instructions: false }, clockHz } as BoardInfo
    expect(isTimedByHost({ info, origin: 'measured' })).toBe(true)
    expect(isTimedByHost({ info, origin: 'simulated' })).toBe(false)
    expect(isTimedByHost({ info: { ...info, clockHz: null }, origin: 'measured' })).toBe(false)
    const counted = { cycles: false, instructions: true }
    expect(isTimedByHost({ info: { ...info, counters: counted }, origin: 'measured' })).toBe(false)
  })

  it('becomes a Sample in cycles whose method names the host clock', async () => {
    const info = { counters: { cycles: false, instructions: false }, clockHz, isa: 'rv32im' } as BoardInfo
    const board = {
      id: 'a',
      name: 'a',
      kind: 'serial',
      info,
      unit: 'cycles',
      origin: 'measured'
    } as ProfiledBoard
    const { session, nowMs } = slowBoard(25_000, 3)
    const sample = await measureItem(session, board, asked(), {
      repetitions: 1,
      seed: 1,
      campaignId: null,
      newId: () => 'x',
      nowMs: () => 0,
      hostMs: nowMs,
      checksum: () => Promise.resolve(77)
    })
    expect(sample.method).toContain('host clock')
    expect(sample).toMatchObject({ unit: 'cycles', instructions: null, origin: 'measured' })
    expect(sample.timeMin).toBeLessThanOrEqual(sample.time)
    expect(sample.timeMax).toBeGreaterThanOrEqual(sample.time)
  })
})
