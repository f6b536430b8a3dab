import { describe, expect, it } from 'vitest'
import { createPpk2Binning } from '@core/meter/ppk2/bins'
import { readPpk2Metadata } from '@core/meter/ppk2/calibration'
import { ppk2Commands } from '@core/meter/ppk2/commands'
import { createPpk2Decoder } from '@core/meter/ppk2/decoder'
import { createVirtualPpk2 } from '@core/meter/ppk2/virtualPpk2'
import { ppk2Observed } from './ppk2Observed'

const { ranges } = readPpk2Metadata(ppk2Observed.metadata)

function decoded(bytes: Uint8Array, chunk = bytes.length) {
  const currents: number[] = []
  const bits: number[] = []
  const losses: number[] = []
  const decoder = createPpk2Decoder(ranges, 3.3, {
    sample(currentA, inputs) {
      currents.push(currentA)
      bits.push(inputs)
    },
    lost: (samples) => void losses.push(samples)
  })
  for (let at = 0; at < bytes.length; at += chunk) decoder.push(bytes.subarray(at, at + chunk))
  return { currents, bits, losses }
}

/** Words of range 4 with the counters given. */
const words = (counters: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * counters.length))
  counters.forEach((counter, at) => view.setUint32(4 * at, 1000 | (4 << 14) | ((counter & 63) << 18), true))
  return new Uint8Array(view.buffer)
}

describe('words of a PPK2', () => {
  it.each([192, 1, 3, 7])('decode as the Python package does, cut every %i bytes', (chunk) => {
    const { currents, bits, losses } = decoded(ppk2Observed.bytes, chunk)
    expect(bits).toEqual(ppk2Observed.bits)
    expect(losses).toEqual([])
    expect(currents).toHaveLength(48)
    for (const [at, current] of currents.entries()) {
      const wanted = ppk2Observed.currentsUa[at]!
      expect(Math.abs(current * 1e6 - wanted)).toBeLessThanOrEqual(1e-7 * Math.abs(wanted))
    }
  })

  it('count what is lost by their counter, and take one damaged word for no loss', () => {
    const ramp = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, at) => from + at)
    expect(decoded(words([...ramp(0, 100), ...ramp(105, 200)])).losses).toEqual([5])
    expect(decoded(words([...ramp(0, 60), ...ramp(70, 200)])).losses).toEqual([10])
    expect(decoded(words([...ramp(0, 10), 40, ...ramp(11, 200)])).losses).toEqual([])
    expect(decoded(words(ramp(0, 1000))).losses).toEqual([])
  })
})

describe('metadata of a PPK2', () => {
  it('is read by its names; a missing or zero shunt keeps the nominal one and is named', () => {
    const read = readPpk2Metadata('Calibrated: 0\nR0: 0\nR1: 100.5\nO2: -nan\nHW: 9173\nVDD: 3300\nEND\n')
    expect(read).toMatchObject({ hardware: '9173', vddMv: 3300, calibrated: false })
    expect(read.ranges.map(({ r }) => r)).toEqual([1031.64, 100.5, 10.15, 0.94, 0.043])
    expect(read.missing).toContain('r0')
    expect(read.missing).toContain('o2')
    expect(read.missing).not.toContain('r1')
    expect(readPpk2Metadata(ppk2Observed.metadata).missing).toEqual([])
  })

  it('is refused where nothing of it is there', () => {
    expect(() => readPpk2Metadata('hello\nEND')).toThrowError(
      expect.objectContaining({ code: 'meter.unreadable' })
    )
  })
})

describe('commands of a PPK2', () => {
  it.each([
    [800, [13, 3, 32]],
    [1800, [13, 7, 8]],
    [3300, [13, 12, 228]],
    [3583, [13, 13, 255]],
    [5000, [13, 19, 136]]
  ])('set %i mV with the bytes that the Python package sends', (millivolts, bytes) => {
    expect(ppk2Commands.voltage(millivolts)).toEqual(bytes)
  })

  it.each([799, 5001, 3300.5, NaN])('refuse %d mV', (millivolts) => {
    expect(() => ppk2Commands.voltage(millivolts)).toThrowError(
      expect.objectContaining({ code: 'input.invalid' })
    )
  })
})

describe('stretches of readings', () => {
  it('hold the sum of their readings, and end at edges and losses', () => {
    const stretches: number[][] = []
    const gaps: number[][] = []
    const edges: unknown[][] = []
    const binning = createPpk2Binning(2, 0.1, [0], {
      stretch: (...args) => void stretches.push(args),
      gap: (...args) => void gaps.push(args),
      edge: (...args) => void edges.push(args)
    })
    // Bit 1 is not watched; readings count up from 1 A.
    for (let at = 0; at < 12; at++) binning.sample(at + 1, at >= 4 && at < 7 ? 1 : 2)
    binning.lost(6)
    for (let at = 0; at < 10; at++) binning.sample(1, 0)
    const near = (rows: number[][]): number[][] =>
      rows.map((row) => row.map((value) => Math.round(value * 1e6) / 1e6))
    // 4 readings of 1 to 4 A: mean 2.5 A at 2 V, least 2 W, greatest 8 W; 3 of 5 to 7 A; 5 of 8 to 12 A.
    expect(near(stretches)).toEqual([
      [0, 0.04, 5, 2, 8],
      [0.04, 0.07, 12, 10, 14],
      [0.07, 0.12, 20, 16, 24],
      [0.18, 0.28, 2, 2, 2]
    ])
    expect(near(gaps)).toEqual([[0.12, 0.18]])
    expect(edges.map(([input, isHigh]) => [input, isHigh])).toEqual([
      [0, true],
      [0, false]
    ])
    expect(binning.position).toBe(28)
  })
})

describe('the simulated PPK2', () => {
  it.each([2e-6, 5e-5, 0.008, 0.025, 0.3])('sends words that decode to %d A within 1 %', (currentA) => {
    const meter = createVirtualPpk2({ currentA: () => currentA, bits: () => 5 })
    const text = new TextDecoder().decode(meter.receive(Uint8Array.from(ppk2Commands.metadata())))
    expect(meter.advance(10)).toHaveLength(0)
    // Cut inside a command.
    meter.receive(Uint8Array.from([...ppk2Commands.voltage(1800).slice(0, 2)]))
    meter.receive(Uint8Array.from([...ppk2Commands.voltage(1800).slice(2), ...ppk2Commands.start()]))
    expect(meter).toMatchObject({ supplyMv: 1800, isRunning: true })
    let [sum, count, bits] = [0, 0, 0]
    createPpk2Decoder(readPpk2Metadata(text).ranges, 1.8, {
      sample(value, inputs) {
        sum += value
        count++
        bits = inputs
      },
      lost: () => expect.unreachable()
    }).push(meter.advance(1000))
    expect([count, bits]).toEqual([1000, 5])
    expect(Math.abs(sum / count / currentA - 1)).toBeLessThan(0.01)
  })
})
