import { describe, expect, it } from 'vitest'
import type { BenchRequest } from '@core/board/protocol'
import type { Sample } from '@shared/contract/profile'
import type { BenchSession } from '@main/profile/measure'
import { measureEnergy, withBaseline, type EnergyMeter } from '@main/profile/measureEnergy'

const item = { kernel: 'matmul' as const, dims: [1, 8, 8], activationBits: 8, weightBits: 4 }
const counted = {
  ...{ id: 'count', ...item, time: 1_000, timeMin: 1_000, timeMax: 1_000, unit: 'cycles', cycles: 1_000 },
  ...{ checksum: 77, seed: 3, repetitions: 2, clockHz: 1e6, origin: 'measured', method: 'bench' }
} as unknown as Sample

/**
 * A board of 1 MHz: a command takes 5 ms and 40 mJ by itself, a call 1 ms and what `callJ` returns, its reply `replyMs` for each of at
 * most 64 calls and as much power as a call of 3 mJ; it draws 2 W at rest.
 */
function fakeBench(
  callJ: (run: number) => number,
  checksum: (run: number) => number = () => 77,
  { commandJ = 0.04, replyMs = 0 } = {}
) {
  let run = 0
  const requests: BenchRequest[] = []
  const drawn = { energyJ: 0, windowMs: 0, durationMs: 0 }
  let nowMs = 0
  const session: BenchSession = {
    async bench(request) {
      requests.push(request)
      const reply = replyMs * Math.min(64, request.repetitions)
      drawn.durationMs = (commandJ === 0 ? 0 : 5) + request.repetitions + reply
      drawn.windowMs = drawn.durationMs + 20
      drawn.energyJ =
        (2 * drawn.windowMs) / 1000 + commandJ + request.repetitions * callJ(run) + (3 * reply) / 1000
      nowMs += drawn.durationMs
      return {
        repetitions: request.repetitions,
        checksum: checksum(run++),
        cycles: [],
        instructions: []
      } as never
    }
  }
  let rests = 0
  const meter: EnergyMeter = {
    name: 'fake meter',
    origin: 'measured',
    nowMs: () => nowMs,
    async phase(work) {
      await work()
      return { ...drawn }
    },
    async rest(durationMs) {
      rests++
      nowMs += durationMs
      return { energyJ: (2 * durationMs) / 1000, windowMs: durationMs, durationMs }
    },
    close: async () => undefined
  }
  return { session, meter, requests, rests: () => rests, wait: (ms: number) => void (nowMs += ms) }
}
const options = { trials: 4, trialMs: 100, newId: () => 'energy', signal: new AbortController().signal }

describe('energy of a kernel by a meter', () => {
  it('is that of a call alone: rest and what a command costs by itself are taken off', async () => {
    const { session, meter, requests } = fakeBench(() => 3e-3)
    const sample = await measureEnergy(session, item, counted, withBaseline(meter, 500), options)
    expect(sample).toMatchObject({
      id: 'energy',
      unit: 'nJ',
      repetitions: 100,
      cycles: 1_000,
      kernel: 'matmul'
    })
    expect(sample.time).toBeCloseTo(3e6, 3)
    expect(sample.timeMax - sample.timeMin).toBeLessThan(1e-3)
    expect(sample.method).toBe(
      'bench beside fake meter: 4 trials of 100 less 25 repetitions, net of 2 W at rest'
    )
    expect(requests.map(({ repetitions }) => repetitions)).toEqual([100, 25, 100, 25, 100, 25, 100, 25])
  })

  it('leaves out the longer reply of the longer run', async () => {
    // 64 and 25 entries of 0.5 ms at 3 W: without that 58 mJ too much in 225.
    const { session, meter } = fakeBench(
      () => 3e-3,
      () => 77,
      { commandJ: 0, replyMs: 0.5 }
    )
    const { time } = await measureEnergy(session, item, counted, withBaseline(meter, 500), options)
    expect(time).toBeCloseTo(3e6, 3)
  })

  it('has the 95 % interval of the trials as its bounds', async () => {
    // Differences of the trials: 2, 4, 3 and 3 mJ a call; their deviation is 0.8165 mJ, t of 3 degrees of freedom 3.1824.
    const perCall = [2, 2, 4, 4, 3, 3, 3, 3]
    const { session, meter } = fakeBench((run) => perCall[run]! * 1e-3)
    const { time, timeMin, timeMax } = await measureEnergy(
      session,
      item,
      counted,
      withBaseline(meter, 500),
      options
    )
    const half = (3.1824 * 0.8165) / 2
    expect(time / 1e6).toBeCloseTo(3, 9)
    expect(timeMin / 1e6).toBeCloseTo(3 - half, 3)
    expect(timeMax / 1e6).toBeCloseTo(3 + half, 3)
  })

  it('throws energy.tooShort where the interval reaches zero', async () => {
    const perCall = [1, 1, 9, 9, 1, 1, 9, 9]
    const { session, meter } = fakeBench((run) => perCall[run]! * 1e-3)
    await expect(
      measureEnergy(session, item, counted, withBaseline(meter, 500), options)
    ).rejects.toMatchObject({ code: 'energy.tooShort', message: expect.stringContaining('matmul') as string })
  })

  it('throws board.crcMismatch where a run computed something else', async () => {
    const { session, meter } = fakeBench(
      () => 3e-3,
      (run) => (run === 5 ? 78 : 77)
    )
    await expect(
      measureEnergy(session, item, counted, withBaseline(meter, 500), options)
    ).rejects.toMatchObject({ code: 'board.crcMismatch' })
  })

  it('finds the repetitions by the clock of the meter where that of the core is not known', async () => {
    const { session, meter, requests } = fakeBench(() => 3e-3)
    const unknown = { ...counted, clockHz: null }
    await measureEnergy(session, item, unknown, withBaseline(meter, 500), options)
    // Two repetitions took 7 ms with the command's own 5.
    expect(requests[0]!.repetitions).toBe(2)
    expect(requests[1]!.repetitions).toBe(Math.ceil(100 / 3.5))
  })

  it('measures the rest again half a minute later', async () => {
    const { meter, rests, wait } = fakeBench(() => 1)
    const { idleW } = withBaseline(meter, 500)
    expect(await idleW(options.signal)).toBeCloseTo(2, 12)
    await idleW(options.signal)
    expect(rests()).toBe(1)
    wait(30_001)
    await idleW(options.signal)
    expect(rests()).toBe(2)
  })
})
