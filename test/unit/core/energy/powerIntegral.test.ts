import { describe, expect, it } from 'vitest'
import { integratePower } from '../../../support/wholeTrace'
import { createRandom } from '@core/math/random'

const grid = (count: number, stepMs: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => i * stepMs)

describe('integratePower', () => {
  it('is exact for a line, between any two instants', () => {
    const random = createRandom(3)
    const tMs = grid(101, 100)
    const powerW = tMs.map((t) => 40 + 0.01 * t)
    for (let i = 0; i < 100; i++) {
      const from = random.next() * 5000
      const to = from + random.next() * 5000
      const { energyJ, coveredMs } = integratePower(tMs, powerW, from, to, 500)
      expect(energyJ).toBeCloseTo((40 * (to - from) + 0.005 * (to ** 2 - from ** 2)) / 1000, 9)
      expect(coveredMs).toBeCloseTo(to - from, 6)
    }
  })

  it('agrees with a fine Riemann sum on uneven readings', () => {
    const random = createRandom(4)
    let t = 0
    const tMs = Float64Array.from({ length: 400 }, () => (t += 5 + random.next() * 60))
    const powerW = tMs.map((at) => 100 + 60 * Math.sin(at / 700))
    const { energyJ, meanW } = integratePower(tMs, powerW, 1000, 9000, 500)
    let sum = 0
    for (let at = 1000; at < 9000; at++) sum += 100 + 60 * Math.sin((at + 0.5) / 700)
    expect(energyJ).toBeCloseTo(sum / 1000, 0)
    expect(meanW).toBeCloseTo(sum / 8000, 1)
  })

  it('makes nothing up for a gap: neither energy nor covered time', () => {
    const tMs = Float64Array.from([0, 100, 200, 2200, 2300, 2400])
    const powerW = new Float64Array(6).fill(100)
    const whole = integratePower(tMs, powerW, 0, 2400, 500)
    expect(whole).toMatchObject({ coveredMs: 400, energyJ: 40, gapCount: 1, meanW: 100, samples: 6 })
  })

  it('does not join readings over a marked break, however short', () => {
    const tMs = grid(11, 100)
    const powerW = new Float64Array(11).fill(50)
    const whole = integratePower(tMs, powerW, 0, 1000, 500, [{ fromMs: 400, toMs: 500 }])
    expect(whole).toMatchObject({ coveredMs: 900, gapCount: 1 })
    expect(whole.energyJ).toBeCloseTo(45)
  })

  it('counts uncovered ends, and says so when nothing is covered', () => {
    const tMs = Float64Array.from([5000, 5100])
    const powerW = Float64Array.from([10, 20])
    expect(integratePower(tMs, powerW, 0, 9000, 500).gapCount).toBe(2)
    const none = integratePower(tMs, powerW, 0, 1000, 500)
    expect(none.energyJ).toBeNaN()
    expect(none.peakW).toBeNaN()
    expect(none.coveredMs).toBe(0)
    expect(none.gapCount).toBe(1)
  })

  it('skips unavailable readings and finds the peak among the rest', () => {
    const tMs = grid(5, 100)
    const powerW = Float64Array.from([10, NaN, 30, NaN, 10])
    const { energyJ, peakW, samples } = integratePower(tMs, powerW, 0, 400, 500)
    expect(energyJ).toBeCloseTo(8)
    expect(peakW).toBe(30)
    expect(samples).toBe(3)
  })

  it('takes the highest reading for the peak, wherever it stands, and none from outside the stretch', () => {
    const tMs = grid(7, 100)
    const powerW = Float64Array.from([90, 20, 50, 10, 40, 30, 80])
    expect(integratePower(tMs, powerW, 100, 500, 500).peakW).toBe(50)
    expect(integratePower(tMs, powerW, 0, 600, 500).peakW).toBe(90)
    expect(integratePower(tMs, powerW, 300, 600, 500).peakW).toBe(80)
  })

  it('adds up: two halves are the whole', () => {
    const random = createRandom(9)
    const tMs = grid(200, 50)
    const powerW = tMs.map(() => 50 + random.next() * 200)
    const part = (from: number, to: number): number => integratePower(tMs, powerW, from, to, 500).energyJ
    expect(part(100, 3333) + part(3333, 9000)).toBeCloseTo(part(100, 9000), 9)
  })
})
