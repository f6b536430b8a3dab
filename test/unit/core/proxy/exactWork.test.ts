import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { rowsByShape } from '@core/proxy/csv/plausibility'
import { plausibilityRemarks } from '@core/proxy/csv/plausibility'
import {
  containerBits,
  extractFeatures,
  featureSets,
  workColumns,
  type FeatureSet
} from '@core/proxy/features'
import { fitInterval, intervalFactors } from '@core/regression/interval'
import { arrayWork, roundUp } from '@core/proxy/physics/arrayWork'
import { packedWork } from '@core/proxy/physics/packedWork'
import { fitPhysics, pairKey, predictPhysics, type PhysicsFit } from '@core/proxy/physics/physics'
import { globalAsPair, globalTerms } from '@core/proxy/physics/physicsTerms'
import { fitRoofline, predictRoofline } from '@core/proxy/physics/roofline'
import { gather, joinSamples, shapeRows, shapeText, takeSamples, type SampleTable } from '@core/proxy/samples'
import { leafValue, noCut, searchFeature, type CutNode } from '@core/regression/trees/newtonCut'

/** What a layer's work comes to, by hand for a product of 3 x 5 rows by 40 and for every feature by its definition. */
// N rows, M outputs, K reductions.
const product = (n: number, m: number, k: number, qa = 4, qw = 3) => ({
  dims: [n, m, k],
  activationBits: qa,
  weightBits: qw
})
const rows = shapeRows('matmul', [product(3, 5, 40), product(1, 1, 1, 8, 1), product(16, 64, 256, 2, 8)])

describe('work of a matrix product', () => {
  it('is counted in products, outputs, operands', () => {
    const work = workColumns(rows)
    expect(Array.from(work.macs)).toEqual([600, 1, 262_144])
    expect(Array.from(work.outputs)).toEqual([15, 1, 1024])
    expect(Array.from(work.weights)).toEqual([200, 1, 16_384])
    expect(Array.from(work.inputs)).toEqual([120, 1, 4096])
    expect(Array.from(work.patches)).toEqual([120, 1, 4096])
  })

  it('on packed words has reductions of whole 32 and blocks of 4 by 4', () => {
    const packed = packedWork(workColumns(rows))
    // 40 becomes 64; 3 x 5 becomes 4 x 8.
    expect(Array.from(packed.alignedMacs)).toEqual([15 * 64, 32, 262_144])
    expect(Array.from(packed.blockedMacs)).toEqual([32 * 64, 16 * 32, 262_144])
    // Unpacked once per four rows: one block of 5 x 64, and four of 64 x 256.
    expect(Array.from(packed.unpackedWeights)).toEqual([320, 32, 4 * 64 * 256])
    expect(Array.from(packed.alignedPatches)).toEqual([3 * 64, 32, 4096])
    expect(Array.from(packed.rows)).toEqual([3, 1, 16])
  })

  it('on an array has outputs of whole 32 and reductions of whole 1024 bits', () => {
    const { compute, outputs } = arrayWork(rows, workColumns(rows))
    expect(Array.from(outputs)).toEqual([96, 32, 1024])
    // 40 x 4 x 4 (3 bits take the room of 4) = 640 becomes 1024; 8 x 1 becomes 1024; 256 x 2 x 8 = 4096 stays.
    expect(Array.from(compute)).toEqual([96 * 1024, 32 * 1024, 1024 * 4096])
    expect([roundUp(0, 4), roundUp(1, 4), roundUp(4, 4), roundUp(5, 4)]).toEqual([0, 4, 4, 8])
    expect([0, 1, 2, 3, 4, 5, 8, 9].map(containerBits)).toEqual([1, 1, 2, 4, 4, 8, 8, 16])
  })
})

describe('features', () => {
  const named = (set: FeatureSet, row: number, withoutPrecision = false): Record<string, number> => {
    const { names, columns } = extractFeatures(rows, set, { withoutPrecision })
    return Object.fromEntries(names.map((name, at) => [name, columns[at]![row]!]))
  }
  it('of every set are what their definition says', () => {
    expect(named('macs', 0)).toEqual({ MACs: 600 })
    expect(named('raw', 0)).toEqual({ N: 3, M: 5, K: 40, QA: 4, QW: 3 })
    expect(named('macs+', 0)).toEqual({ MACs: 600, ...named('raw', 0) })
    expect(named('bops', 0)).toEqual({ BOPs: 7200 })
    expect(named('cbops', 2)).toEqual({ BMACs: 262_144 * 8, WLoads: 262_144 * 8, ALoads: 262_144 * 2 })
    expect(named('cbops+', 0)).toEqual({ BMACs: 2400, WLoads: 1800, ALoads: 2400, ...named('raw', 0) })
    expect(named('raw+', 0)).toEqual({ ...named('raw', 0), 'QA!=QW': 1, '32/QW': 10, '32/QA': 8 })
    expect(named('cbops', 0, true)).toEqual({ MACs: 600 })
    expect(named('raw', 0, true)).toEqual({ N: 3, M: 5, K: 40 })
    const logs = { 'log N': Math.log2(3), 'log M': Math.log2(5), 'log K': Math.log2(40) }
    expect(named('log', 0, true)).toEqual(logs)
    expect(named('log', 0)).toEqual({ ...logs, 'log QA': 2, 'log QW': Math.log2(3) })
    const physics = {
      ...named('log', 0),
      ...{ 'log macs': Math.log2(600), 'log outputs': Math.log2(15), 'log patches': Math.log2(120) },
      ...{ 'log weights': Math.log2(200), 'log inputs': Math.log2(120), 'log macs/outputs': Math.log2(40) },
      ...{
        'log patches/inputs': 0,
        'log max Q': 2,
        'log QA/QW': Math.log2(4 / 3),
        'log weight bits': Math.log2(600)
      },
      ...{
        'log input bits': Math.log2(480),
        'log patch bits': Math.log2(480),
        'log reduction bits': Math.log2(120)
      }
    }
    const found = named('physics', 0)
    expect(Object.keys(found)).toEqual(Object.keys(physics))
    for (const [name, value] of Object.entries(physics)) expect(found[name], name).toBeCloseTo(value, 12)
    const tiles = named('tiles', 0)
    const own = {
      ...{ 'log box A': 2, 'log box W': 2, 'log box AW': 4, 'log box work': Math.log2(9600) },
      ...{
        'log box work/weight bits': Math.log2(9600 / 601),
        'log box work/patch bits': Math.log2(9600 / 480)
      },
      // 5 outputs fill 16 and 32; 40 reductions fill 64; 640 bits fill 1024.
      ...{ 'waste out 16': Math.log2(16 / 5), 'waste out 32': Math.log2(32 / 5) },
      ...{ 'waste in 32': Math.log2(64 / 40), 'waste in 1024 bit': Math.log2(1024 / 640) }
    }
    expect(Object.keys(tiles)).toEqual([...Object.keys(physics), ...Object.keys(own)])
    for (const [name, value] of Object.entries(own)) expect(tiles[name], name).toBeCloseTo(value, 12)
    expect(new Set(featureSets.map((set) => JSON.stringify(named(set, 0)))).size).toBe(featureSets.length)
  })
})

/** Products of many shapes and pairs whose time is a known sum. */
function synthetic(timeOf: (n: number, m: number, k: number, qa: number, qw: number) => number): SampleTable {
  const random = createRandom(6203)
  const layers = [8, 4, 2].flatMap((qa) =>
    [8, 2].flatMap((qw) =>
      Array.from({ length: 24 }, () =>
        product(
          4 * (1 + random.integer(8)),
          4 * (1 + random.integer(30)),
          32 * (1 + random.integer(12)),
          qa,
          qw
        )
      )
    )
  )
  const time = Float64Array.from(layers, ({ dims: [n, m, k], activationBits, weightBits }) =>
    timeOf(n!, m!, k!, activationBits, weightBits)
  )
  return { ...shapeRows('matmul', layers), unit: 'cycles', time } as SampleTable
}

describe('the physical base', () => {
  it('has the leading products times both widths, either width, and none', () => {
    const columns = (set: 'plain' | 'aligned' | 'packed'): number[] =>
      globalTerms(rows, set).map((column) => column[0]!)
    expect(columns('plain')).toEqual([600 * 4, 600 * 4, 600 * 3, 600, 15, 120, 200, 120, 1])
    expect(columns('aligned')).toEqual([960 * 4, 960 * 4, 960 * 3, 960, 600, 15, 120, 200, 120, 1])
    expect(columns('packed')).toEqual([...columns('aligned'), 2048, 320, 192, 3])
    // Within one pair: 2 x max(4, 3) + 3 x 4 + 5 x 3 + 7.
    expect(Array.from(globalAsPair(Float64Array.of(2, 3, 5, 7, 11), 4, 3))).toEqual([8 + 12 + 15 + 7, 11])
    expect(Array.from(globalAsPair(Float64Array.of(2, 3, 5, 7, 11), 2, 8))).toEqual([16 + 6 + 40 + 7, 11])
  })

  it('predicts sums of its terms exactly, in every form', () => {
    const samples = synthetic(
      (n, m, k, qa, qw) => n * m * k * (0.5 + 0.125 * Math.max(qa, qw)) + 20 * n * m + 3000
    )
    const fit = fitPhysics(samples)
    for (const kind of ['global', 'pair', 'mix'] as const)
      predictPhysics(fit, samples, kind).forEach((time, row) =>
        expect(time / samples.time[row]!).toBeCloseTo(1, 3)
      )
    const robust = fitPhysics(
      { ...samples, time: samples.time.map((time, row) => (row === 7 ? 30 * time : time)) },
      true
    )
    const off = predictPhysics(robust, samples, 'pair').map((time, row) =>
      Math.abs(time / samples.time[row]! - 1)
    )
    expect(Math.max(...off)).toBeLessThan(0.05)
  })

  it('takes the pair’s own coefficients, the global ones where there are none, the geometric mean of both', () => {
    const global = new Float64Array(9)
    global[3] = 2
    const own = new Float64Array(6)
    own[0] = 8
    const fit: PhysicsFit = { terms: 'plain', global, pairs: new Map([[pairKey(4, 3), own]]) }
    const predicted = (kind: 'global' | 'pair' | 'mix'): number[] =>
      Array.from(predictPhysics(fit, rows, kind))
    expect(predicted('global')).toEqual([1200, 2, 524_288])
    expect(predicted('pair')).toEqual([4800, 2, 524_288])
    expect(predicted('mix')).toEqual([2400, 2, 524_288])
    const none: PhysicsFit = { terms: 'plain', global: new Float64Array(9), pairs: new Map() }
    expect(Array.from(predictPhysics(none, rows, 'mix'))).toEqual([1, 1, 1])
    expect(pairKey(4, 3)).not.toBe(pairKey(3, 4))
  })
})

describe('the roofline', () => {
  it('is the larger of computing and moving, found by turns', () => {
    const samples = synthetic((n, m, k, qa, qw) =>
      Math.max((n * m * k * qa * qw) / 64 + 100, 6 * n * m + (m * k * qw) / 2)
    )
    const { compute, memory } = predictRoofline(fitRoofline(samples, samples.time), samples)
    const errors = Array.from(samples.time, (time, row) =>
      Math.abs(Math.max(compute[row]!, memory[row]!) / time - 1)
    )
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.03)
    const fit = { compute: Float64Array.of(1, 2, 3, 4), memory: Float64Array.of(1, 2, 3, 4, 5, 6) }
    const one = predictRoofline(fit, rows)
    // 600 x 16 + 2 x 600 + 3 + 4 x 98,304; 200 x 3 + 2 x 120 x 4 + 3 x 120 x 4 + 4 x 15 + 5 + 6 x 96.
    expect(one.compute[0]).toBe(9600 + 1200 + 3 + 4 * 98_304)
    expect(one.memory[0]).toBe(600 + 960 + 1440 + 60 + 5 + 576)
    expect(
      predictRoofline({ compute: new Float64Array(4), memory: new Float64Array(6) }, rows).compute[0]
    ).toBe(1)
  })
})

describe('intervals of predictions', () => {
  it('are quantiles of the ratios, widened for few of them', () => {
    const measured = Array.from({ length: 101 }, (_, at) => Math.exp((at - 50) / 100))
    const fit = fitInterval(new Float64Array(101).fill(1), measured)
    // Tail 0.05 (1 + 1/101) - 1/101 = 0.040594: index 4.0594 of -0.5 + index / 100.
    const { low, high } = intervalFactors(fit, 0.9)
    expect(Math.log(low)).toBeCloseTo(-0.5 + 0.040594, 5)
    expect(Math.log(high)).toBeCloseTo(0.5 - 0.040594, 5)
    const few = fitInterval([1, 1, 1], [1, 2, 4])
    expect(intervalFactors(few, 0.9).low).toBeCloseTo(1, 12)
    expect(intervalFactors(few, 0.9).high).toBeCloseTo(4, 12)
    const many = fitInterval(
      new Float64Array(5001).fill(2),
      Array.from({ length: 5001 }, (_, at) => 2 * Math.exp(at / 5000))
    )
    expect(many.logRatios.length).toBe(2000)
    expect([many.logRatios[0], many.logRatios[1999]]).toEqual([0, 1])
    expect(many.logRatios[500]).toBeCloseTo(500 / 1999, 6)
  })
})

describe('tables of samples', () => {
  const table = {
    ...rows,
    unit: 'cycles',
    time: Float64Array.of(10, 20, 30),
    labels: { board: ['a', 'b', 'c'], id: ['1', '2', '3'] }
  } as SampleTable
  it('are taken and joined row by row, with the labels that all have', () => {
    const taken = takeSamples(table, [2, 0])
    expect([Array.from(taken.time), taken.labels?.['board']]).toEqual([
      [30, 10],
      ['c', 'a']
    ])
    const { labels: _, ...plain } = table
    const joined = joinSamples([taken, { ...plain, labels: { board: ['x', 'y', 'z'] } } as SampleTable])
    expect(Array.from(joined.time)).toEqual([30, 10, 10, 20, 30])
    expect(joined.labels).toEqual({ board: ['c', 'a', 'x', 'y', 'z'] })
    expect(joinSamples([taken, plain as SampleTable]).labels).toBeUndefined()
    expect(Array.from(joined.dims[2]!)).toEqual([256, 40, 40, 1, 256])
    expect(Array.from(gather(Float64Array.of(5, 6, 7), [1, 1]))).toEqual([6, 6])
    expect(shapeText(table, 1)).toBe('N1 M1 K1')
    expect(() => joinSamples([])).toThrow(/no samples/)
    expect(() => joinSamples([table, { ...table, unit: 'ns' } as never])).toThrow(/cannot be joined/)
    expect([...rowsByShape(table).values()]).toEqual([[0], [1], [2]])
  })

  it('are remarked on where a row is far from its shape, and where times do not follow the work', () => {
    const layers = Array.from({ length: 24 }, (_, at) =>
      product(1 + (at >> 2), 8, 8, [8, 4, 2, 1][at % 4]!, 8)
    )
    const timed = (timeOf: (at: number) => number): SampleTable =>
      ({
        ...shapeRows('matmul', layers),
        unit: 'cycles',
        time: Float64Array.from(layers, (_, at) => timeOf(at))
      }) as SampleTable
    expect(
      plausibilityRemarks(
        timed((at) => 100 * (1 + (at >> 2))),
        'f'
      )
    ).toEqual([])
    expect(
      plausibilityRemarks(
        timed((at) => 100 * (1 + (at >> 2)) * (at === 5 ? 1000 : 1)),
        'f'
      )[0]
    ).toMatch(/row 6 \(200000\)/)
    expect(
      plausibilityRemarks(
        timed((at) => (100 * (1 + (at >> 2))) / (at === 5 ? 1000 : 1)),
        'f'
      )[0]
    ).toMatch(/row 6 \(0.2\)/)
    expect(
      plausibilityRemarks(
        timed((at) => 1000 - 100 * (at >> 2)),
        'f'
      )[0]
    ).toMatch(/hardly grow/)
  })
})

describe('a cut of Newton trees', () => {
  const node = (size: number, sum: number): CutNode => ({ size, sum, lower: -Infinity, upper: Infinity })
  it('is the best of all cuts, found by trying each', () => {
    const random = createRandom(5)
    for (let round = 0; round < 60; round++) {
      const bins = 6
      const [l2, minLeaf] = [random.integer(3), 1 + random.integer(3)]
      const histogram = new Float64Array(2 * bins)
      for (let bin = 0; bin < bins; bin++) {
        const count = random.integer(4)
        histogram[2 * bin + 1] = count
        histogram[2 * bin] = count === 0 ? 0 : random.normal() * count
      }
      const sums = (from: number, to: number): [number, number] => {
        let [sum, count] = [0, 0]
        for (let bin = from; bin < to; bin++)
          [sum, count] = [sum + histogram[2 * bin]!, count + histogram[2 * bin + 1]!]
        return [sum, count]
      }
      const [sum, size] = sums(0, bins)
      const score = (s: number, c: number): number => (s * s) / (c + l2)
      const monotone = random.integer(2) === 1 ? Int8Array.of(1) : undefined
      let expected = { feature: -1, gain: 0, leftCount: 0 }
      for (let cut = 1; cut < bins; cut++) {
        const [[ls, lc], [rs, rc]] = [sums(0, cut), sums(cut, bins)]
        if (histogram[2 * cut + 1] === 0 || lc < minLeaf || rc < minLeaf) continue
        if (monotone !== undefined && rs / (rc + l2) < ls / (lc + l2)) continue
        const gain = score(ls, lc) + score(rs, rc) - score(sum, size)
        if (gain > expected.gain + 1e-12) expected = { feature: 0, gain, leftCount: lc }
      }
      const best = noCut(node(size, sum), l2, 0)
      const rules = { l2, minLeaf, ...(monotone === undefined ? {} : { monotone }) }
      searchFeature(histogram, 0, 0, bins, node(size, sum), rules, best)
      expect([best.feature, best.leftCount]).toEqual([expected.feature, expected.leftCount])
      if (best.feature === 0) {
        expect(best.gain).toBeCloseTo(expected.gain, 9)
        expect(sums(0, best.nextBin)[1]).toBe(best.leftCount)
        expect(sums(0, best.lastBin + 1)[1]).toBe(best.leftCount)
        expect(best.leftSum).toBeCloseTo(sums(0, best.nextBin)[0], 12)
      }
    }
  })

  it('must bring more than asked for, and leaves stay in their bounds', () => {
    // Two rows of 1 and -1: the gain of the only cut is 2.
    const histogram = Float64Array.of(1, 1, -1, 1)
    const cut = (minGain: number): number => {
      const best = noCut(node(2, 0), 0, minGain)
      searchFeature(histogram, 0, 0, 2, node(2, 0), { l2: 0, minLeaf: 1 }, best)
      return best.feature
    }
    expect([cut(1.99), cut(2)]).toEqual([0, -1])
    const bounds = { size: 4, sum: 8, lower: -1, upper: 1.5 }
    expect([leafValue(8, 4, 0, bounds), leafValue(-8, 4, 0, bounds), leafValue(4, 4, 4, bounds)]).toEqual([
      1.5, -1, 0.5
    ])
  })
})
