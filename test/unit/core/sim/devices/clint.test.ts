import { describe, expect, it } from 'vitest'
import { Clint } from '@core/sim/devices/clint'

const [msip, compareLow, compareHigh, timeLow, timeHigh] = [0, 0x4000, 0x4004, 0xbff8, 0xbffc]

function clintAt(start: number): { clint: Clint; at: (cycles: number) => void } {
  let now = start
  const clint = new Clint(() => now)
  return { clint, at: (cycles) => void (now = cycles) }
}

describe('the core-local interruptor', () => {
  it('has its comparison beyond all time until it is set, and again after a reset', () => {
    const { clint } = clintAt(2 ** 40)
    for (const _ of ['new', 'reset']) {
      expect([clint.read(compareLow, 4) >>> 0, clint.read(compareHigh, 4) >>> 0]).toEqual([
        0xffffffff, 0xffffffff
      ])
      expect([clint.timerInterrupt, clint.cyclesToTimer]).toEqual([false, Infinity])
      clint.write(compareLow, 5, 4)
      clint.write(compareHigh, 0, 4)
      clint.write(msip, 1, 4)
      expect([clint.timerInterrupt, clint.softwareInterrupt]).toEqual([true, true])
      clint.reset()
      expect(clint.softwareInterrupt).toBe(false)
    }
  })

  it('interrupts from the cycle on that is compared with', () => {
    const { clint, at } = clintAt(0)
    clint.write(compareLow, 100, 4)
    clint.write(compareHigh, 0, 4)
    expect([clint.cyclesToTimer, clint.timerInterrupt]).toEqual([100, false])
    at(99)
    expect([clint.cyclesToTimer, clint.timerInterrupt]).toEqual([1, false])
    at(100)
    expect([clint.cyclesToTimer, clint.timerInterrupt]).toEqual([0, true])
    at(250)
    expect([clint.cyclesToTimer, clint.timerInterrupt]).toEqual([0, true])
    clint.write(compareHigh, 1, 4)
    expect(clint.cyclesToTimer).toBe(2 ** 32 + 100 - 250)
  })

  it('counts on from a time that is written, word by word', () => {
    const { clint, at } = clintAt(1000)
    clint.write(timeHigh, 3, 4)
    clint.write(timeLow, 7, 4)
    expect(clint.time).toBe(3 * 2 ** 32 + 7)
    at(1010)
    expect([clint.read(timeLow, 4), clint.read(timeHigh, 4)]).toEqual([17, 3])
    clint.write(timeHigh, 0, 4)
    expect(clint.time).toBe(17)
    clint.reset()
    expect(clint.time).toBe(1010)
  })

  it('reads halves and bytes, and is written by whole words alone', () => {
    const { clint } = clintAt(0)
    clint.write(compareLow, 0x11223344, 4)
    expect([0, 1, 2, 3].map((at) => clint.read(compareLow + at, 1))).toEqual([0x44, 0x33, 0x22, 0x11])
    expect([clint.read(compareLow, 2), clint.read(compareLow + 2, 2)]).toEqual([0x3344, 0x1122])
    clint.write(compareLow, 9, 2)
    clint.write(compareLow + 1, 9, 4)
    expect(clint.read(compareLow, 4)).toBe(0x11223344)
    clint.write(msip, 2, 4)
    expect([clint.read(msip, 4), clint.read(8, 4)]).toEqual([0, 0])
    clint.write(msip, 3, 4)
    expect(clint.read(msip, 4)).toBe(1)
  })
})
