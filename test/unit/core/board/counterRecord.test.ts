import { describe, expect, it } from 'vitest'
import { fillInCounters, type DescribedCounters } from '@core/board/counterRecord'

/** Offsets of the record by resources/firmware/counterRecord.h; the image has it behind two words. */
const recordAt = 8
const recordBytes = 80 + 8 * 16
/** csrr a0, mcycle; csrr a1, mcycleh; csrr a2, minstret; csrr a3, minstreth; csrw 0x7e0, t0; csrw 0x7e1, t1. */
const words = [0xb0002573, 0xb80025f3, 0xb0202673, 0xb82026f3, 0x7e029073, 0x7e131073]
const sitesAt = recordAt + recordBytes
const sites = words.map((_, at) => `${(sitesAt + 4 * at).toString(16)} ${at + 1}`).join('\n')

const machine = { cycles: 'mcycle', instructions: 'minstret' } as const
const usual: DescribedCounters = {
  ...{ counter: { kind: 'mcycle' }, instructions: 'minstret', machineCsrs: true, startWrites: [] },
  clockHz: 50_000_000
}

function filled(board: Partial<DescribedCounters>, list = sites, own = words) {
  const image = new Uint8Array(sitesAt + 4 * own.length)
  image.set(new TextEncoder().encode('BBCOUNT1'), recordAt)
  const view = new DataView(image.buffer)
  for (const [at, word] of own.entries()) view.setUint32(sitesAt + 4 * at, word, true)
  fillInCounters(image, list, { ...usual, ...board }, machine)
  const word = (offset: number): number => view.getUint32(recordAt + offset, true)
  return {
    image,
    word,
    long: (offset: number): bigint => view.getBigUint64(recordAt + offset, true),
    /** CSR numbers of the six instructions, and what is left of each. */
    numbers: own.map((_, at) => view.getUint32(sitesAt + 4 * at, true) >>> 20),
    rests: own.map((_, at) => view.getUint32(sitesAt + 4 * at, true) & 0xfffff)
  }
}

const timer = { kind: 'timer', address: 0x200bff8, frequencyHz: 10_000_000 } as const
const timerOf = (more: object): DescribedCounters['counter'] => ({
  ...{ ...timer, highAddress: null, counts: 'up', latchAddress: null },
  ...more
})

describe('the record of a monitor’s counters', () => {
  it('names the counters of machine mode or those of user mode in the instructions, registers kept', () => {
    const plain = filled({})
    expect([8, 12, 16, 20, 36, 72, 76].map(plain.word)).toEqual([1, 0, 1, 64, 0, 0, 0])
    expect(plain.numbers).toEqual([0xb00, 0xb80, 0xb02, 0xb82, 0x7e0, 0x7e1])
    const user = filled({ counter: { kind: 'cycle' }, instructions: 'instret', machineCsrs: false })
    expect([8, 16, 20, 76].map(user.word)).toEqual([1, 1, 64, 1])
    expect(user.numbers).toEqual([0xc00, 0xc80, 0xc02, 0xc82, 0x7e0, 0x7e1])
    expect(user.rests).toEqual(words.map((word) => word & 0xfffff))
    const sbi = filled({ counter: { kind: 'sbi' }, instructions: 'none' })
    expect([8, 16, 20].map(sbi.word)).toEqual([3, 0, 64])
    expect(sbi.numbers).toEqual([0xc00, 0xc80, 0xb02, 0xb82, 0x7e0, 0x7e1])
    const none = filled({ counter: { kind: 'none' }, instructions: 'none' })
    expect([8, 16].map(none.word)).toEqual([0, 0])
    expect(none.numbers).toEqual([0xb00, 0xb80, 0xb02, 0xb82, 0x7e0, 0x7e1])
  })

  it('sets up a counter of the core’s own, of 32 bits', () => {
    const setup = [
      { csr: 0x7a0, value: 1 },
      { csr: 0x7a1, value: 0x80000003 }
    ]
    const { word, numbers } = filled({ counter: { kind: 'csr', number: 0x7a2, setup } })
    expect([8, 12, 16, 20, 36, 40, 44].map(word)).toEqual([1, 1 << 2, 1, 32, 2, 1, 0x80000003])
    expect(numbers).toEqual([0x7a2, 0xb80, 0xb02, 0xb82, 0x7a0, 0x7a1])
  })

  it('holds addresses and cycles per tick of a timer as the smallest fraction', () => {
    const two = filled({ counter: timerOf({ highAddress: 0x200bffc, latchAddress: 0x1_0000_0004 }) })
    // 50 MHz by 10 MHz: 5 cycles a tick, which is 2^3 at most; a timer of 64 bits is kind 3.
    expect([8, 12, 20, 24, 28, 32].map(two.word)).toEqual([2, (3 << 2) | (3 << 4), 64, 0, 5, 1])
    expect([48, 56, 64].map(two.long)).toEqual([0x200bff8n, 0x200bffcn, 0x1_0000_0004n])
    const one = filled({ counter: timerOf({ counts: 'down', frequencyHz: 32_768 }) })
    // 50,000,000 / 32,768 = 390,625 / 256, between 2^10 and 2^11.
    expect([12, 20, 24, 28, 32].map(one.word)).toEqual([(2 << 2) | (11 << 4), 32, 1, 390_625, 256])
    expect([48, 56, 64].map(one.long)).toEqual([0x200bff8n, 0n, 0n])
    const said = (frequencyHz: number, clockHz: number | null): number =>
      filled({ counter: timerOf({ frequencyHz }), clockHz }).word(12) >> 4
    // Power of two exactly; a clock that is not known; a timer faster than the core; four bits at most.
    expect([
      said(12_500_000, 50_000_000),
      said(7, null),
      said(100_000_000, 50_000_000),
      said(1, 5e7)
    ]).toEqual([...[2, 0, 0, 15]])
    const unknown = filled({ counter: timerOf({}), clockHz: null })
    expect([28, 32].map(unknown.word)).toEqual([1, 1])
  })

  it('holds the words that the board wants written at the start', () => {
    const { word, long } = filled({
      startWrites: [
        { address: 0x1_0000_0010, value: 7 },
        { address: 0x20, value: 0xffffffff }
      ]
    })
    expect([word(72), long(80), word(88), long(96), word(104)]).toEqual([
      ...[2, 0x1_0000_0010n, 7, 0x20n, 0xffffffff]
    ])
  })

  it('stays as it was built where the board counts like that and no list is there', () => {
    const { word } = filled({}, '')
    expect([8, 16, 20].map(word)).toEqual([0, 0, 0])
    const others: Partial<DescribedCounters>[] = [
      { counter: { kind: 'cycle' } },
      { instructions: 'none' },
      { machineCsrs: false },
      { startWrites: [{ address: 0, value: 0 }] }
    ]
    for (const other of others) expect(() => filled(other, '')).toThrow('does not fit it')
  })

  it.each([
    ['no number', 'xyz 1'],
    ['an unknown access', `${sitesAt.toString(16)} 7`],
    ['an odd offset', `${(sitesAt + 1).toString(16)} 1`],
    ['an offset behind the end', `${(sitesAt + 4 * words.length - 2).toString(16)} 1`],
    ['a read where a write stands', `${(sitesAt + 16).toString(16)} 1`],
    ['a write where a read stands', `${sitesAt.toString(16)} 5`]
  ])('is refused with %s in the list', (_what, list) => {
    expect(() => filled({}, list)).toThrow('does not fit it')
  })

  it('accepts an instruction at two bytes and at the very end', () => {
    const shifted = [0x2573_0001, 0x0000_b000]
    expect(() => filled({}, `${(sitesAt + 2).toString(16)} 1`, shifted)).not.toThrow()
    expect(() => filled({}, `${(sitesAt + 20).toString(16)} 6`)).not.toThrow()
  })
})
