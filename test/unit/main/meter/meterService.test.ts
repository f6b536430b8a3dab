import { describe, expect, it } from 'vitest'
import { createMeterService } from '@main/meter/meterService'
import { meterSetupSchema } from '@shared/contract/meter'
import { unwatched } from '../../../support/liveMeterDeps'

const meters = createMeterService({
  ...unwatched,
  steadyMs: () => performance.now(),
  virtualBoards: {
    isRunning: () => false,
    energyJ: () => 0,
    nowMs: () => performance.now(),
    leaveOutWaiting: () => () => undefined
  },
  openLine: () => Promise.reject(new Error('The simulated meter needs no port.')),
  record: () => Promise.reject(new Error('Nothing is recorded here.'))
})
const setup = meterSetupSchema.parse({ port: 'virtual:ppk2', kind: 'ppk2', supplyV: 2 })

describe('meter.read', () => {
  it('returns the power of the simulated board that waits: 2 V and 8 mA, with 1 % of ripple', async () => {
    const read = await meters.handlers['meter.read'](
      { ...setup, durationMs: 100 },
      { signal: new AbortController().signal }
    )
    expect(read.readings).toBeGreaterThan(0)
    expect(read.minW).toBeGreaterThanOrEqual(0.0157)
    expect(read.maxW).toBeLessThanOrEqual(0.0163)
  })

  it('that is cancelled while the meter is opened does not wait for its duration', async () => {
    const controller = new AbortController()
    const read = meters.handlers['meter.read'](
      { ...setup, durationMs: 60_000 },
      { signal: controller.signal }
    )
    controller.abort()
    await expect(read).rejects.toMatchObject({ code: 'job.cancelled' })
  })
})
