import { describe, expect, it } from 'vitest'
import { powerSample } from '@core/meter/powerSample'
import type { PowerHooks } from '@core/meter/powerSampler'
import type { MeterDevice } from '@main/meter/meterDevice'
import { openPhaseReader, type PhaseReader } from '@main/meter/phaseReader'
import { AppError } from '@shared/errors'

/** A meter whose clock and readings the test moves. */
function fakeMeter() {
  const state = { nowMs: 0, closed: 0, stopped: 0, hooks: null as PowerHooks | null }
  const device: MeterDevice = {
    name: 'fake',
    origin: 'measured',
    intervalMs: 1,
    start(hooks) {
      state.hooks = hooks
      return { stop: async () => void state.stopped++, restarts: 0, malformedLines: 0 }
    },
    clock: {
      nowMs: () => state.nowMs,
      caughtUp: async () => undefined,
      leaveOutWaiting: () => () => undefined
    },
    close: async () => void state.closed++
  }
  /** Time passes, with a reading every millisecond; readings are placed `lateMs` late. */
  const pass = async (durationMs: number, powerW: (tMs: number) => number, lateMs = 0): Promise<void> => {
    for (let step = 0; step < durationMs; step++) {
      state.nowMs++
      state.hooks?.onSamples([powerSample(state.nowMs + lateMs, powerW(state.nowMs))])
    }
  }
  /** A phase of work, behind which time goes on while its last readings are waited for. */
  const phaseOf = async (reader: PhaseReader, work: () => Promise<void>, restW: number, lateMs = 0) => {
    const measuring = reader.phase(work)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await pass(30, () => restW, lateMs)
    return await measuring
  }
  return { state, device, pass, phaseOf }
}

const hostMs = (): number => performance.now()
async function opened() {
  const meter = fakeMeter()
  const opening = openPhaseReader(meter.device, hostMs)
  await meter.pass(5, () => 1)
  return { ...meter, reader: await opening }
}

describe('a meter read phase by phase', () => {
  it('integrates what is read from the begin of the work until 20 ms behind its end', async () => {
    const { pass, phaseOf, reader } = await opened()
    await pass(50, () => 1)
    const constant = await phaseOf(reader, () => pass(100, () => 1), 1)
    expect(constant).toMatchObject({ durationMs: 100, windowMs: 120 })
    expect(constant.energyJ).toBeCloseTo(0.12, 12)
    // 3 W for 100 ms among 1 W: the trapezoids at its edges take half a reading each.
    const step = await phaseOf(reader, () => pass(100, () => 3), 1)
    expect(step.energyJ).toBeCloseTo(0.12 + 0.2, 12)
    await reader.close()
  })

  it('begins a rest behind the tail of what ran before it', async () => {
    const { pass, reader } = await opened()
    const measuring = reader.rest(30, new AbortController().signal)
    let isOver = false
    const rest = measuring.finally(() => (isOver = true))
    await pass(60, () => 3)
    while (!isOver) {
      await pass(5, () => 1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const { energyJ, windowMs } = await rest
    expect((1000 * energyJ) / windowMs).toBeCloseTo(1, 12)
    await reader.close()
  })

  it('has all energy of the work in it where readings are placed late', async () => {
    const { pass, phaseOf, reader } = await opened()
    await pass(50, () => 1, 7)
    const late = await phaseOf(reader, () => pass(100, () => 3, 7), 1, 7)
    expect(late.energyJ).toBeCloseTo(0.12 + 0.2, 12)
    await reader.close()
  })

  it('does not grow while nothing is measured, and still knows the reading before a phase', async () => {
    const { pass, phaseOf, reader } = await opened()
    await pass(50_000, () => 5)
    const { energyJ } = await phaseOf(reader, () => pass(20, () => 5), 5)
    expect(energyJ).toBeCloseTo(0.2, 12)
    await reader.close()
  })

  it('throws energy.tooShort for a phase with a gap', async () => {
    const { pass, phaseOf, state, reader } = await opened()
    const withGap = async (): Promise<void> => {
      await pass(50, () => 1)
      state.nowMs += 2_000
      await pass(50, () => 1)
    }
    await expect(phaseOf(reader, withGap, 1)).rejects.toMatchObject({
      code: 'energy.tooShort',
      message: expect.stringMatching(/^fake gave \d+ usable readings in 2120\.0 ms/) as string
    })
    await reader.close()
    expect([state.stopped, state.closed]).toEqual([1, 1])
  })

  it('throws energy.tooShort for a phase in which the meter lost readings, and for no later one', async () => {
    const { pass, phaseOf, state, reader } = await opened()
    const withLoss = async (): Promise<void> => {
      await pass(50, () => 1)
      // Far too short to be seen by the times of the readings.
      state.hooks!.onGap({ fromMs: state.nowMs, toMs: state.nowMs + 20, reason: 'lost' })
      state.nowMs += 20
      await pass(50, () => 1)
    }
    await expect(phaseOf(reader, withLoss, 1)).rejects.toMatchObject({ code: 'energy.tooShort' })
    await pass(10, () => 1)
    expect((await phaseOf(reader, () => pass(100, () => 1), 1)).energyJ).toBeCloseTo(0.12, 12)
    await reader.close()
  })

  it('passes on what ends the meter and what the work throws', async () => {
    const { pass, state, reader } = await opened()
    const broken = new Error('the board is gone')
    await expect(reader.phase(() => Promise.reject(broken))).rejects.toBe(broken)
    const gone = new AppError('meter.disconnected', 'The meter is gone.', 'Plug it in.')
    const unplugged = async (): Promise<void> => {
      await pass(50, () => 1)
      state.hooks!.onState({ state: 'failed', error: gone })
      state.nowMs += 50
    }
    await expect(reader.phase(unplugged)).rejects.toBe(gone)
    await reader.close()
  })

  it('that sends nothing is closed again', async () => {
    const { device, state } = fakeMeter()
    let ms = 0
    await expect(openPhaseReader(device, () => (ms += 1_000))).rejects.toMatchObject({ code: 'meter.silent' })
    expect([state.stopped, state.closed]).toEqual([1, 1])
  })
})
