import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../support/virtualClock'

describe('virtual clock', () => {
  it('jumps to what is due, in order, and calls nothing off by mistake', async () => {
    const clock = new VirtualClock()
    const calls: string[] = []
    clock.after(20, () => calls.push(`second at ${clock.nowMs()}`))
    clock.after(10, () => calls.push(`first at ${clock.nowMs()}`))
    clock.after(20, () => calls.push(`third at ${clock.nowMs()}`))
    const callOff = clock.after(15, () => calls.push('never'))
    callOff()
    await clock.pass(100)
    expect(calls).toEqual(['first at 10', 'second at 20', 'third at 20'])
    expect([clock.nowMs(), clock.pending]).toEqual([100, 0])
  })

  it('calls a wait that nothing will end a hang', async () => {
    const clock = new VirtualClock()
    clock.after(5, () => undefined)
    await expect(clock.run(new Promise(() => undefined))).rejects.toThrow('nothing is due after 5 ms')
  })
})
