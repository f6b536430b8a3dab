import { describe, expect, it } from 'vitest'
import { CsrFile, type CsrSurroundings } from '@core/sim/core/csrFile'

/** Addresses, masks and wired fields by the privileged manual (20211203), chapter 3, for a hart without user mode. */
const mstatus = 0x300
const mcountinhibit = 0x320

function bench(options: Partial<CsrSurroundings> = {}) {
  const at = { cycles: 1000, instret: 400, time: 0, pending: 0 }
  const csr = new CsrFile({
    cycles: () => at.cycles,
    instret: () => at.instret,
    time: () => at.time,
    pending: () => at.pending,
    implementationId: 7,
    hasIdentity: true,
    clockHz: 50_000_000,
    zbb: true,
    ...options
  })
  const pass = (cycles: number, instret: number): void => {
    at.cycles += cycles
    at.instret += instret
  }
  return { csr, at, pass }
}

const values = (csr: CsrFile, numbers: readonly number[]): (number | null)[] =>
  numbers.map((number) => csr.read(number))

describe('control and status registers', () => {
  it('identify the hart, where it has an identity', () => {
    const identity = [0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0xfc0, 0xfc1]
    expect(values(bench().csr, identity)).toEqual([0x0bb, 0, 7, 0, 0, 50_000_000, 1])
    const other = bench({ hasIdentity: false, zbb: false, clockHz: 0xffffffff })
    expect(values(other.csr, identity)).toEqual([0, 0, 0, 0, 0, -1, 0])
    // MXL = 1 in bits 31:30; letters A, C, I and M are bits 0, 2, 8 and 12.
    expect(bench().csr.read(0x301)).toBe(0x40001105)
    expect(bench({ plain: true }).csr.read(0x301)).toBe(0x40001100)
    for (const number of identity) expect(bench().csr.write(number, 1)).toBe(false)
  })

  it('keep what their fields hold and no more', () => {
    const { csr } = bench()
    const kept: [number, number][] = [
      [mstatus, 0x1888],
      [0x304, 0x888],
      [0x305, ~3],
      [0x340, -1],
      [0x341, ~1],
      [0x342, -1],
      [0x343, -1]
    ]
    for (const [number, value] of kept) {
      expect([number, csr.write(number, -1), csr.read(number)]).toEqual([number, true, value])
      csr.write(number, 0)
      // Machine mode is all there is, so MPP stays 3.
      expect([number, csr.read(number)]).toEqual([number, number === mstatus ? 0x1800 : 0])
    }
    const esp = bench({ isEsp: true }).csr
    expect([esp.write(0x305, -1), esp.read(0x305)]).toEqual([true, ~0xff])
    expect([esp.read(0x304), esp.read(0x344), esp.write(0x304, 1), esp.write(0x344, 1)]).toEqual([
      ...[null, null, false, false]
    ])
    const plain = bench({ plain: true }).csr
    expect([plain.write(0x341, -1), plain.read(0x341)]).toEqual([true, ~3])
  })

  it('take writes without effect where the manual has a register that is wired', () => {
    const { csr, at } = bench()
    at.pending = 0x80
    for (const number of [0x301, 0x310, 0x344]) {
      const before = csr.read(number)
      expect([number, csr.write(number, 0x55), csr.read(number)]).toEqual([number, true, before])
    }
    expect(csr.read(0x344)).toBe(0x80)
    const zero = [0xb03, 0xb1f, 0xb83, 0xb9f, 0x323, 0x33f, 0x3a0, 0x3ef]
    for (const number of zero)
      expect([number, csr.write(number, -1), csr.read(number)]).toEqual([number, true, 0])
    for (const number of [0xb01, 0xb20, 0xba0, 0x322, 0x39f, 0x3f0, 0x100, 0x306, 0x7c0])
      expect([number, csr.write(number, 1), csr.read(number)]).toEqual([number, false, null])
  })

  it('move the interrupt bit aside on a trap and back on mret', () => {
    const { csr } = bench()
    csr.write(mstatus, 8)
    expect(csr.interruptsEnabled).toBe(true)
    csr.pushInterruptEnable()
    expect([csr.interruptsEnabled, csr.read(mstatus)]).toEqual([false, 0x1880])
    csr.popInterruptEnable()
    expect([csr.interruptsEnabled, csr.read(mstatus)]).toEqual([true, 0x1888])
    csr.write(mstatus, 0)
    csr.pushInterruptEnable()
    expect(csr.read(mstatus)).toBe(0x1800)
    csr.popInterruptEnable()
    expect([csr.interruptsEnabled, csr.read(mstatus)]).toEqual([false, 0x1880])
  })

  it('count in 64 bits, may be set and stopped one by one', () => {
    const { csr, pass } = bench()
    expect(values(csr, [0xb00, 0xc00, 0xb80, 0xb02, 0xc02, 0xc82])).toEqual([1000, 1000, 0, 400, 400, 0])
    expect(csr.write(0xb00, -2)).toBe(true)
    expect(csr.write(0xb80, 5)).toBe(true)
    pass(3, 2)
    expect(values(csr, [0xb00, 0xb80, 0xc80, 0xb02])).toEqual([1, 6, 6, 402])
    expect(csr.write(mcountinhibit, 1)).toBe(true)
    pass(10, 20)
    expect(values(csr, [mcountinhibit, 0xb00, 0xb02])).toEqual([1, 1, 422])
    csr.write(mcountinhibit, 4)
    pass(10, 20)
    expect(values(csr, [mcountinhibit, 0xb00, 0xb02])).toEqual([4, 11, 422])
    csr.write(0xb02, 9)
    csr.write(0xb82, 1)
    csr.write(mcountinhibit, 0)
    pass(1, 1)
    expect(values(csr, [0xb00, 0xb02, 0xb82])).toEqual([12, 10, 1])
    for (const number of [0xc00, 0xc02, 0xc80]) expect(csr.write(number, 1)).toBe(false)
  })

  it('show the time in two words', () => {
    const { csr, at } = bench()
    at.time = 3 * 2 ** 32 + 0x80000001
    expect(values(csr, [0xc01, 0xc81])).toEqual([0x80000001 | 0, 3])
  })

  it('are as at power on after a reset', () => {
    const { csr, pass } = bench()
    const all = [mstatus, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, mcountinhibit]
    expect(values(csr, all)).toEqual([0x1800, 0, 0, 0, 0, 0, 0, 0])
    for (const number of [mstatus, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, mcountinhibit])
      csr.write(number, -1)
    csr.reset()
    expect(values(csr, [mstatus, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, mcountinhibit])).toEqual([
      ...[0x1800, 0, 0, 0, 0, 0, 0, 0]
    ])
    pass(5, 5)
    expect(values(csr, [0xb00, 0xb02])).toEqual([1005, 405])
  })
})

describe('registers of harts that lack some', () => {
  it('without machine mode are the counters of user mode alone', () => {
    const { csr } = bench({ machineCsrs: false })
    expect(csr.hasMachine).toBe(false)
    expect(values(csr, [0xc00, 0xc02, 0xc80, 0xc82, mstatus, 0xf11, 0xb00])).toEqual([
      ...[1000, 400, 0, 0, null, null, null]
    ])
    expect(csr.write(mstatus, 8)).toBe(false)
  })

  it('with the counters of user mode alone, or none, have no others', () => {
    const counters = [0x320, 0xb00, 0xb02, 0xb80, 0xb82]
    const user = [0xc00, 0xc01, 0xc02, 0xc80, 0xc81, 0xc82]
    const cycle = bench({ counters: 'cycle' }).csr
    expect(values(cycle, counters)).toEqual(counters.map(() => null))
    expect(values(cycle, user)).toEqual([1000, 0, 400, 0, 0, 0])
    for (const number of counters) expect(cycle.write(number, 1)).toBe(false)
    const none = bench({ counters: 'none' }).csr
    expect(values(none, [...counters, ...user])).toEqual([...counters, ...user].map(() => null))
    expect(none.read(mstatus)).toBe(0x1800)
    const all = bench({ counters: 'all' }).csr
    expect(all.read(0xb00)).toBe(1000)
  })

  it('with a counter of their own count while event and mode are both set', () => {
    // As on an ESP32-C3: 0x7e0 events, 0x7e1 mode, 0x7e2 count.
    const { csr, pass } = bench({ counters: 0x7e2 })
    expect(values(csr, [0x7df, 0x7e0, 0x7e1, 0x7e2, 0x7e3])).toEqual([null, 0, 0, 0, null])
    expect([csr.write(0x7df, 1), csr.write(0x7e3, 1)]).toEqual([false, false])
    expect(csr.write(0x7e2, 100)).toBe(true)
    pass(10, 1)
    expect(csr.read(0x7e2)).toBe(100)
    csr.write(0x7e0, 1)
    pass(10, 1)
    expect(csr.read(0x7e2)).toBe(100)
    csr.write(0x7e1, 3)
    pass(7, 1)
    expect(values(csr, [0x7e0, 0x7e1, 0x7e2])).toEqual([1, 3, 107])
    csr.write(0x7e1, 0)
    pass(50, 1)
    expect(csr.read(0x7e2)).toBe(107)
    // It wraps like a word.
    csr.write(0x7e2, -1)
    csr.write(0x7e1, 1)
    pass(3, 1)
    expect(csr.read(0x7e2)).toBe(2)
    csr.write(0x7e0, 2)
    pass(3, 1)
    expect(csr.read(0x7e2)).toBe(2)
    csr.reset()
    expect(values(csr, [0x7e0, 0x7e1, 0x7e2])).toEqual([0, 0, 0])
  })
})
