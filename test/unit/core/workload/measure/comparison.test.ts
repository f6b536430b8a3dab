import { describe, expect, it } from 'vitest'
import { addRows, compareVariant, emptySums } from '@core/workload/measure/comparison'

const logs = (...shares: number[]): Float32Array => Float32Array.from(shares, Math.log)

describe('a changed network beside the original', () => {
  it('adds up divergence, likelihood and first choices of scored rows by sample', () => {
    const sums = emptySums(2)
    const before = logs(0.5, 0.25, 0.25, 0.7, 0.2, 0.1, 0.1, 0.1, 0.8, 0.4, 0.3, 0.3)
    const after = logs(0.25, 0.5, 0.25, 0.7, 0.2, 0.1, 0.2, 0.2, 0.6, 0.3, 0.4, 0.3)
    // The fourth row is not scored; the first and third are of sample 1.
    addRows(sums, before, after, 3, [0, 0, 2, -1], [1, 0, 1, 0])
    expect([...sums.rows]).toEqual([1, 2])
    expect([...sums.rightBefore]).toEqual([1, 2])
    expect([...sums.rightAfter]).toEqual([1, 1])
    expect([...sums.differing]).toEqual([0, 1])
    // 0.5 ln 2 - 0.25 ln 2, and 0.2 ln 0.5 + 0.8 ln (4 / 3).
    const kl = 0.25 * Math.LN2 - 0.2 * Math.LN2 + 0.8 * Math.log(4 / 3)
    expect(sums.kl[1]).toBeCloseTo(kl, 6)
    expect(sums.kl[0]).toBeCloseTo(0, 7)
    expect(sums.nllBefore[0]).toBeCloseTo(-Math.log(0.7), 6)
    expect(sums.nllBefore[1]).toBeCloseTo(-Math.log(0.5) - Math.log(0.8), 6)
    expect(sums.nllAfter[1]).toBeCloseTo(-Math.log(0.25) - Math.log(0.6), 6)
  })

  it('refuses rows that are no probabilities, unless they are not scored', () => {
    const scores = Float32Array.of(2, 1, 0, 3, NaN, 0)
    const fine = logs(0.5, 0.25, 0.25, 0.5, 0.25, 0.25)
    expect(() => addRows(emptySums(2), scores, fine, 3, [0, 0], [0, 1])).toThrow(
      /row 1 .* sum to 11.11, not 1/
    )
    expect(() => addRows(emptySums(2), fine, scores, 3, [-1, 0], [0, 1])).toThrow(
      /row 2 .* sum to NaN, not 1/
    )
    const sums = emptySums(2)
    addRows(sums, fine, scores, 3, [-1, -1], [0, 1])
    expect([...sums.rows]).toEqual([0, 0])
  })

  /** Four samples of one row each. */
  const four = {
    rows: Float64Array.of(1, 1, 1, 1),
    kl: Float64Array.of(0.1, 0.2, 0.3, 0.4),
    klRounding: Float64Array.of(1e-13, 1e-13, 1e-13, 3e-13),
    nllBefore: Float64Array.of(1, 2, 1, 2),
    nllAfter: Float64Array.of(2, 3, 2, 3),
    rightBefore: Float64Array.of(1, 1, 1, 0),
    rightAfter: Float64Array.of(0, 1, 0, 1),
    differing: Float64Array.of(1, 0, 1, 1)
  }

  it('of a classifier: accuracy, its change and who lost or gained', () => {
    const found = compareVariant('w4a8', four, 'accuracy', 0.95, 1)
    expect(found.klNats.value).toBeCloseTo(0.25, 12)
    expect(found.quality).toMatchObject({ value: 0.5, n: 4 })
    expect(found.qualityChange.value).toBeCloseTo(-0.25, 12)
    expect(found.mcNemar).toMatchObject({ lost: 2, gained: 1 })
    expect(found.perplexityRatio).toBeNull()
    expect(found.changedShare).toBe(0.75)
  })

  it('of a language model: perplexity, its difference and ratio', () => {
    const found = compareVariant('w4a8', four, 'perplexity', 0.95, 1)
    expect(found.quality.value).toBeCloseTo(Math.exp(2.5), 12)
    expect(found.qualityChange.value).toBeCloseTo(Math.exp(2.5) - Math.exp(1.5), 12)
    expect(found.perplexityRatio).toMatchObject({ value: Math.E, low: Math.E, high: Math.E })
    expect(found.mcNemar).toBeNull()
  })

  it('has the interval of drawn samples, which widens with confidence', () => {
    const wide = compareVariant('w4a8', four, 'accuracy', 0.99, 1).klNats
    const narrow = compareVariant('w4a8', four, 'accuracy', 0.5, 1).klNats
    expect(wide.low!).toBeLessThan(narrow.low!)
    expect(narrow.low!).toBeLessThan(0.25)
    expect(narrow.high!).toBeGreaterThan(0.25)
    expect(wide.high!).toBeGreaterThan(narrow.high!)
    // Of the 256 draws of four from 1 to 4, 35 have a sum of at most 7 and 66 one of at most 8: a fifth lies at 8, of 40.
    const middle = compareVariant('w4a8', four, 'accuracy', 0.6, 1).klNats
    expect(middle.low!).toBeCloseTo(0.2, 12)
    expect(middle.high!).toBeCloseTo(0.3, 12)
    const same = { ...four, kl: Float64Array.of(0.2, 0.2, 0.2, 0.2) }
    const alike = compareVariant('w4a8', same, 'accuracy', 0.95, 1).klNats
    for (const end of [alike.low!, alike.value!, alike.high!]) expect(end).toBeCloseTo(0.2, 12)
  })

  it('calls a KL that rounding can make 0, with the bound as its upper end', () => {
    // Mean of the bounds: 1.5e-13.
    const at = (kl: number): ReturnType<typeof compareVariant> =>
      compareVariant('w4a8', { ...four, kl: Float64Array.of(0, 0, 0, kl) }, 'accuracy', 0.95, 1)
    expect(at(5.9e-13).klNats).toMatchObject({ value: 0, low: 0, n: 4, verdict: 'VALID' })
    expect(at(5.9e-13).klNats.high).toBeCloseTo(1.5e-13, 20)
    expect(at(5.9e-13).klRoundingNats).toBeCloseTo(1.5e-13, 20)
    expect(at(6.1e-13).klNats.value).toBeCloseTo(1.525e-13, 20)
    const sums = emptySums(1)
    const [row, other] = [logs(0.5, 0.3, 0.2), logs(0.5, 0.3, 0.2)]
    other[1]! -= 2 ** -24
    addRows(sums, row, other, 3, [0], [0])
    expect(sums.kl[0]).toBe(0)
    expect(sums.klRounding[0]).toBeGreaterThan(0)
    const never = compareVariant(
      'w4a8',
      { ...four, klRounding: Float64Array.of(1, 1, 1, Infinity), kl: four.kl.map(() => Infinity) },
      'accuracy',
      0.95,
      1
    )
    expect([never.klNats.value, never.klRoundingNats]).toEqual([null, undefined])
  })

  it('has no figure where the changed network rules out what happened', () => {
    const never = { ...four, nllAfter: Float64Array.of(2, Infinity, 2, 3) }
    expect(compareVariant('w4a8', never, 'perplexity', 0.95, 1).quality.value).toBeNull()
  })
})
