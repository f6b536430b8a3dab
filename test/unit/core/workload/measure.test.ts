import { describe, expect, it } from 'vitest'
import { closureOf } from '../../../../src/core/workload/measure/closure'
import { addRows, compareVariant, emptySums } from '../../../../src/core/workload/measure/comparison'
import {
  quantileFigure,
  ratioFigure,
  shareFigure,
  timeFigure
} from '../../../../src/core/workload/measure/figures'
import { mcNemarTest } from '../../../../src/core/workload/measure/mcNemar'

const logs = (...p: number[]): Float32Array => Float32Array.from(p, Math.log)

describe("McNemar's exact test", () => {
  // scipy.stats.binomtest(min(b, c), b + c, 0.5).pvalue
  it.each([
    [10, 3, 0.09228515625],
    [1, 9, 0.021484375],
    [0, 5, 0.0625],
    [25, 40, 0.08168153394154003],
    [7, 7, 1],
    [120, 80, 0.005685155996750306]
  ])('of %i lost and %i gained', (lost, gained, p) => {
    expect(mcNemarTest(lost, gained).p).toBeCloseTo(p, 12)
  })

  it('says nothing without discordant samples', () => {
    expect(mcNemarTest(0, 0)).toEqual({ lost: 0, gained: 0, p: 1 })
  })
})

describe('predictions of a changed network', () => {
  it('has the KL of the original to the changed in nats, by hand', () => {
    const sums = emptySums(2)
    // KL((1/2, 1/2) || (1/4, 3/4)) = 1/2 ln 2 + 1/2 ln(2/3); of equal rows it is 0.
    addRows(sums, logs(0.5, 0.5, 0.9, 0.1), logs(0.25, 0.75, 0.9, 0.1), 2, [0, 0], [0, 1])
    const first = 0.5 * Math.log(2) + 0.5 * Math.log(2 / 3)
    expect(sums.kl[0]).toBeCloseTo(first, 6)
    expect(sums.kl[1]).toBeCloseTo(0, 6)
    const found = compareVariant('zero:a', sums, 'accuracy', 0.95, 1)
    expect(found.klNats.value).toBeCloseTo(first / 2, 6)
    expect(found.klNats.n).toBe(2)
    // The first choice of the first sample moved from the right class to the wrong one.
    expect(found.mcNemar).toEqual({ lost: 1, gained: 0, p: 1 })
    expect(found.quality.value).toBe(0.5)
    expect(found.qualityChange.value).toBe(-0.5)
    expect(found.changedShare).toBe(0.5)
    expect(found.perplexityRatio).toBeNull()
  })

  it('leaves rows without a label out, and weighs tokens equally', () => {
    const sums = emptySums(2)
    const before = logs(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)
    const after = logs(0.25, 0.75, 0.25, 0.75, 0.25, 0.75, 0.01, 0.99)
    addRows(sums, before, after, 2, [0, 0, 1, -1], [0, 0, 1, 1])
    const found = compareVariant('mean:a', sums, 'perplexity', 0.95, 1)
    expect(found.quality.value).toBeCloseTo(Math.exp(-(2 * Math.log(0.25) + Math.log(0.75)) / 3), 5)
    expect(found.perplexityRatio?.value).toBeCloseTo((found.quality.value ?? 0) / 2, 5)
    expect(found.quality.n).toBe(3)
    expect(found.mcNemar).toBeNull()
  })

  it('draws whole samples, the same for the same seed, and covers the figure', () => {
    const sums = emptySums(50)
    for (let sample = 0; sample < 50; sample++) {
      const p = 0.2 + 0.6 * (sample / 50)
      addRows(sums, logs(0.5, 0.5), logs(p, 1 - p), 2, [0], [sample])
    }
    const [one, two] = [1, 1].map((seed) => compareVariant('zero:a', sums, 'perplexity', 0.95, seed))
    expect(one).toEqual(two)
    const { value, low, high } = one!.klNats
    expect(low!).toBeLessThan(value!)
    expect(high!).toBeGreaterThan(value!)
    expect(compareVariant('zero:a', sums, 'perplexity', 0.95, 2).klNats.low).not.toBe(low)
  })

  it('reports probabilities of 0 as unavailable, not as a number', () => {
    const sums = emptySums(1)
    addRows(sums, logs(0.5, 0.5), logs(0, 1), 2, [0], [0])
    const found = compareVariant('zero:a', sums, 'perplexity', 0.95, 1)
    expect(found.klNats).toMatchObject({ value: null, verdict: 'unavailable' })
  })
})

describe('figures', () => {
  it("has Wilson's interval of a share", () => {
    // scipy: binomtest(550, 600).proportion_ci(method="wilson")
    const found = shareFigure(550, 600, 0.95)
    expect(found.low).toBeCloseTo(0.8918125904, 6)
    expect(found.high).toBeCloseTo(0.9362193255, 6)
  })

  it('calls trials that differ by more than 5 % INVALID, and says by how much', () => {
    expect(timeFigure([100, 101, 99, 100], 0.95)).toMatchObject({ value: 100, n: 4, verdict: 'VALID' })
    expect(timeFigure([100, 130, 80, 90], 0.95)).toMatchObject({ verdict: 'INVALID' })
    // Two trials: 500 -+ 12.706 x 400 by Student's t; no time is below 0.
    const wide = timeFigure([100, 900], 0.95)
    expect(wide).toMatchObject({ value: 500, low: 0, verdict: 'INVALID' })
    expect(wide.high).toBeCloseTo(500 + 12.7062 * 400, 0)
    expect(timeFigure([100], 0.95)).toMatchObject({ value: null, verdict: 'unavailable' })
  })

  it('has the order statistics around a quantile', () => {
    const values = Array.from({ length: 1000 }, (_, index) => 1000 - index)
    const median = quantileFigure(values, 0.5, 0.95)
    expect(median.value).toBe(500)
    // 500 -+ 1.96 sqrt(250) = 469.01, 530.99
    expect([median.low, median.high]).toEqual([469, 532])
    expect(quantileFigure(values.slice(0, 40), 0.95, 0.95).verdict).toBe('INVALID')
  })

  it('has the ratio of two means with the interval of its logarithm', () => {
    const found = ratioFigure([20, 20, 20, 20], [10, 10.1, 9.9, 10], 0.95)
    expect(found.value).toBeCloseTo(2, 6)
    expect(found.low! * found.high!).toBeCloseTo(4, 6)
    expect(found.verdict).toBe('VALID')
  })
})

describe('closure', () => {
  it('accepts 80 to 120 % and names the likely reason outside', () => {
    expect(closureOf({ layersUs: 90, wholeUs: 100 }, null)).toEqual({
      ...{ timePercent: 90, energyPercent: null, verdict: 'VALID', reason: null }
    })
    expect(closureOf({ layersUs: 130, wholeUs: 100 }, null).reason).toMatch(
      /time: 130 %.*Alone, layers cost more/
    )
    expect(closureOf({ layersUs: 100, wholeUs: 100 }, { layersJ: 50, wholeJ: 100 })).toMatchObject({
      ...{ energyPercent: 50, verdict: 'INVALID' },
      reason: expect.stringMatching(/energy: 50 %.*between the layers/) as string
    })
    expect(closureOf({ layersUs: 130, wholeUs: 100 }, { layersJ: 68, wholeJ: 100 }).reason).toMatch(
      /time: 130 %.*energy: 68 %.*contradict each other/
    )
    expect(closureOf(null, null).verdict).toBe('unavailable')
  })
})
