import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ppk2Commands, ppk2StepMs } from '@core/meter/ppk2/commands'
import { openVirtualPpk2 } from '@main/meter/virtualPpk2Line'

it('catches up a little at a time, so that this process goes on with other work between', async () => {
  const behindMs = 4_000
  let nowMs = 0
  let bytes = 0
  const line = openVirtualPpk2({ isRunning: () => false, energyJ: () => 0, nowMs: () => nowMs })
  await line.write(Uint8Array.from(ppk2Commands.start()))
  line.onData((sent) => void (bytes += sent.length))
  nowMs = behindMs
  const all = (4 * behindMs) / ppk2StepMs
  let most = 0
  while (bytes < all) {
    const before = bytes
    await nextTurn()
    most = Math.max(most, bytes - before)
  }
  await line.close()
  expect(bytes).toBe(all)
  // One stretch of 50 ms of its own, and one by the timer that is due in the same turn.
  expect(most).toBeLessThanOrEqual(all / 40)
})

it('has measured up to as many steps as it sent, also at times of this century', async () => {
  const begunMs = 1.8e12 + 0.3
  let nowMs = begunMs
  let bytes = 0
  const line = openVirtualPpk2({ isRunning: () => false, energyJ: () => 0, nowMs: () => nowMs })
  await line.write(Uint8Array.from(ppk2Commands.start()))
  line.onData((sent) => void (bytes += sent.length))
  nowMs += 10_000
  while (line.measuredMs() < nowMs - 1) await nextTurn()
  await line.close()
  // Four bytes a step. A tenth of a millisecond that is added to such a time 100,000 times comes to 10 ms more.
  expect(Math.abs(line.measuredMs() - begunMs - (bytes / 4) * ppk2StepMs)).toBeLessThan(0.01)
})
