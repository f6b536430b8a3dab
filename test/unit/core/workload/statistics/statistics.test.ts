import type { WorkloadTables } from '@shared/contract/workload/workloadRows'
import { describe, expect, it } from 'vitest'
import { compareRuns, differenceOf, type Difference, type TablesAt } from '@core/workload/statistics/compare'
import { correlate, correlationMatrix, matrixMetrics } from '@core/workload/statistics/correlate'
import { correlationSentence, findingsOf } from '@core/workload/statistics/findings'
import { mainCost, mainChange, mergeTables } from '@core/workload/statistics/merge'
import { mergedCells } from '@core/workload/mergedCsv'
import { readImpactCsv } from '@core/workload/readTables'
import { csvOf, impactCells } from '@core/workload/tableCsv'
import { roundingText } from '@shared/text/workloadText'
import { benchmarkRow, figure, impactRow, layerRow, missing, sampleTables } from './tables'

const merge = (tables = sampleTables()) => mergeTables(tables.layers, tables.impacts)

/** A KL of 0 that float32 cannot tell from 3e-13. */
const rounded = impactRow('r', 0, {
  klNats: figure(0, { low: 0, high: 3e-13 }),
  klRoundingNats: 3e-13
})

describe('a KL below float32 rounding', () => {
  it('is said so, with its bound, in findings, texts and both tables', () => {
    const { impacts } = sampleTables()
    const tables = sampleTables({
      impacts: [...impacts, rounded, impactRow('s', 4e-13, { klRoundingNats: 3e-13 })]
    })
    expect(findingsOf(tables, merge(), 0.95, 1)).toContain(
      `KL of 1 of ${impacts.length + 2} changes is below the rounding of float32 log-probabilities (3.0e-13 nats): ` +
        'it counts as 0 in ranks and correlations.'
    )
    expect(findingsOf(sampleTables(), merge(), 0.95, 1).join()).not.toMatch(/rounding/)
    expect(tables.impacts.slice(-2).map(roundingText)).toEqual(['< 3.0e-13, below float32 rounding', null])
    expect(roundingText(impactRow('old', 0))).toBeNull()
    const cells = impactCells('m', rounded, 0.95)
    expect(cells).toMatchObject({ kl_original_changed_nats: 0, kl_rounding_nats: 3e-13 })
    const { klNats, klRoundingNats } = rounded
    expect(readImpactCsv(csvOf([cells]), 'x.csv').rows[0]).toMatchObject({ klNats, klRoundingNats })
    const [merged] = mergeTables([layerRow('r', 1)], [rounded])
    expect(mergedCells('m', merged!, 0.95)).toMatchObject({ kl_rounding_nats: 3e-13 })
  })
})

describe('mergeTables', () => {
  it('has a row per layer and ablation, per pass, with the layer alone at int8 beside it', () => {
    const layers = [layerRow('a', 2, { calls: 3 }), layerRow('b', 5), layerRow('c', 1)]
    const impacts = [
      impactRow('b', 0.2),
      impactRow('a', 0.7, { change: 'zero' }),
      impactRow('a', 0.4),
      impactRow('a', 0.01, { change: 'int8' }),
      impactRow('gone', 1)
    ]
    const rows = mergeTables(layers, impacts)
    expect(rows.map(({ layer, change }) => `${layer} ${change}`)).toEqual(['a mean', 'a zero', 'b mean'])
    expect(rows[0]).toMatchObject({
      energyNetJ: { value: 6, n: 4 },
      timeUs: { value: 150 },
      int8KlNats: 0.01,
      int4KlNats: null,
      mcNemarP: 0.625
    })
    expect(rows[0]!.energyNetJ.low).toBeCloseTo(5.4, 12)
    expect(rows[0]!.qualityLoss).toBeCloseTo(0.04, 12)
    expect(mainChange(rows)).toBe('mean')
    expect(mainChange([{ change: 'skip' }, { change: 'zero' }])).toBe('zero')
    expect(mainChange([{ change: 'int8' }])).toBeNull()
  })

  it('takes the logarithm of a perplexity ratio as loss', () => {
    const ratio = { metric: 'perplexity' as const, perplexityRatio: figure(Math.E), mcNemar: null }
    const [row] = mergeTables([layerRow('a', 1)], [impactRow('a', 0.2, ratio)])
    expect(row!.qualityLoss).toBeCloseTo(1, 12)
  })

  it('falls back to time where there is no valid energy', () => {
    const without = merge(
      sampleTables({ layers: sampleTables().layers.map((row) => layerRow(row.layer, null)) })
    )
    expect(mainCost(without)).toMatchObject({ cost: 'timeUs' })
    expect(mainCost(merge()).cost).toBe('energyNetJ')
    const doubtful = sampleTables().layers.map((row) => ({
      ...row,
      energyNetJ: figure(1, { verdict: 'INVALID' as const, reason: 'short' })
    }))
    expect(mainCost(merge(sampleTables({ layers: doubtful }))).cost).toBe('energyTotalJ')
  })
})

describe('correlations over layers', () => {
  it('have p, n and an interval', () => {
    const rows = merge().filter((row) => row.change === 'mean')
    const found = correlate(
      rows,
      ['energy', (row) => row.energyNetJ.value],
      ['KL', (row) => row.klNats.value],
      0.95,
      1
    )
    // scipy.stats.pearsonr([8..1], [.1,.3,.2,.4,.9,.6,.8,.7]) = -0.83666, p = 0.0096037; spearman -0.80952.
    expect(found.n).toBe(8)
    expect(found.pearson).toBeCloseTo(-0.8366600265, 8)
    expect(found.pearsonP).toBeCloseTo(0.00960369359, 8)
    expect(found.spearman).toBeCloseTo(-0.80952381, 8)
    expect(found.pearsonInterval![0]).toBeLessThan(found.pearson!)
    expect(found.pearsonInterval![1]).toBeGreaterThan(found.pearson!)
  })

  it('leave out columns that were not measured, and INVALID figures', () => {
    const layers = sampleTables().layers.map((row, at) =>
      at < 2 ? { ...row, energyNetJ: figure(row.energyNetJ.value!, { verdict: 'INVALID' as const }) } : row
    )
    const rows = merge(sampleTables({ layers })).filter((row) => row.change === 'mean')
    const { names, pairs } = correlationMatrix(rows)
    expect(names).not.toContain('KL at int4')
    expect(names).toContain('KL at int8')
    expect(pairs).toHaveLength((names.length * (names.length - 1)) / 2)
    const pair = pairs.find(({ a, b }) => a === 'net energy' && b === 'KL')!
    expect(pair.n).toBe(6)
    // A pair of the matrix is the correlation without the draws of its intervals.
    const [energy, kl] = ['net energy', 'KL'].map((name) => matrixMetrics.find(([each]) => each === name)!)
    const { pearsonInterval, spearmanInterval, ...rest } = correlate(rows, energy!, kl!, 0.95, 1)
    expect(pair).toEqual(rest)
    expect([pearsonInterval, spearmanInterval]).not.toContain(null)
    // MACs are equal in every layer: no correlation, rather than 0.
    expect(pairs.find(({ a, b }) => a === 'time' && b === 'MACs')!.pearson).toBeNull()
  })
})

describe('findings', () => {
  it('say what they rest on', () => {
    const tables = sampleTables()
    const text = findingsOf(tables, merge(), 0.95, 1)
    expect(text[0]).toContain('fp16: 2.00 times the speed of fp32')
    expect(text[0]).toContain('50 % of its net energy per sample')
    expect(text[0]).toContain('(intervals overlap)')
    expect(text[1]).toBe('Most energy goes to embedding: 33 % in 2 of 8 layers.')
    expect(text[2]).toMatch(
      /^Net energy per pass and KL of mean ablation: Pearson -0.84 \[.*\], p = 0\.010, Spearman .*: significant, n = 8\.$/
    )
    expect(text.join(' ')).toContain('KL of the layer alone at int8')
    expect(text.at(-1)).toContain("91 % of the whole network's energy: VALID")
  })

  it('correlate without layers whose KL is INVALID', () => {
    const impacts = sampleTables().impacts.map((row) =>
      row.layer === 'h.0'
        ? { ...row, klNats: figure(row.klNats.value!, { verdict: 'INVALID' as const }) }
        : row
    )
    const tables = sampleTables({ impacts })
    const text = findingsOf(tables, merge(tables), 0.95, 1).join('\n')
    expect(text).toMatch(/^Net energy per pass and KL of mean ablation: Pearson .*, n = 7\.$/m)
    expect(text).toMatch(/^KL of mean ablation and KL of the layer alone at int8: Pearson .*, n = 7\./m)
  })

  it('call few layers not significant, and nothing where there is nothing', () => {
    const few = sampleTables({ impacts: sampleTables().impacts.slice(0, 8) })
    const text = findingsOf(few, merge(few), 0.95, 1).join('\n')
    expect(text).toMatch(/KL of mean ablation: Pearson .*: not significant, n = 4\./)
    const empty = sampleTables({ benchmark: [], layers: [], impacts: [] })
    expect(findingsOf(empty, [], 0.95, 1)).toEqual([])
    expect(correlationSentence(correlate([], ['a', () => 1], ['b', () => 1], 0.95, 1))).toBe(
      'a and b: no correlation can be computed, n = 0.'
    )
  })

  it('say where energy is unavailable and measurements are shared', () => {
    const layers = sampleTables().layers.map((row, at) =>
      layerRow(row.layer, null, { type: row.type, timeUs: figure(10 + at), sameAs: at > 3 ? 'h.0' : null })
    )
    const tables = sampleTables({
      layers,
      benchmark: [
        benchmarkRow('fp32', 1000, { energyNetJ: missing }),
        benchmarkRow('int8Dynamic', 990, { energyNetJ: missing })
      ]
    })
    const text = findingsOf(tables, merge(tables), 0.95, 1).join('\n')
    expect(text).toContain('(no difference shown); no valid energy')
    expect(text).toContain('time (energy is unavailable)')
    expect(text).toContain('Time per pass and KL of mean ablation')
    expect(text).toContain('measured for 4 of these 8 layers')
  })
})

describe('comparison of two runs', () => {
  const at95 = (tables: WorkloadTables): TablesAt => ({ tables, confidence: 0.95 })

  it('brings intervals at other confidences to the one that is asked for', () => {
    // The same trials of A (mean 100, deviation 4, n = 4) at 95 and at 80 %: t(3) is 3.18245 and 1.63774; standard error 2.
    const tables = (half: number): WorkloadTables =>
      sampleTables({
        benchmark: [
          benchmarkRow('fp32', 100, {
            latencyMeanUs: figure(100, { low: 100 - half, high: 100 + half, n: 4 })
          })
        ]
      })
    const [wide, narrow] = [tables(6.36489), tables(3.27549)]
    const latency = (first: TablesAt, second: TablesAt, confidence: number): Difference =>
      compareRuns(first, second, confidence).precisions[0]!.figures[0]!
    // Equal variances: 6 degrees of freedom, error of the difference sqrt(8); t(6) is 2.44691 at 95 % and 3.70743 at 99 %.
    for (const [first, second] of [
      [at95(wide), at95(wide)],
      [at95(wide), { tables: narrow, confidence: 0.8 }],
      [{ tables: narrow, confidence: 0.8 }, at95(wide)]
    ] as const) {
      expect(latency(first, second, 0.95).high).toBeCloseTo(2.44691 * Math.sqrt(8), 3)
      expect(latency(first, second, 0.99).high).toBeCloseTo(3.70743 * Math.sqrt(8), 3)
    }
    expect(latency(at95(wide), at95(wide), 0.99).a.high).toBeCloseTo(100 + 2 * 5.84091, 3)
  })

  it("is Welch's interval, read back from the intervals of both", () => {
    // Means 100 and 104, standard deviations 4 and 6, 4 and 5 trials: scipy gives 4 [-3.947, 11.947].
    const one = figure(100, { low: 100 - 6.36489, high: 100 + 6.36489, n: 4 })
    const two = figure(104, { low: 104 - 7.44998, high: 104 + 7.44998, n: 5 })
    const found = differenceOf('latency', 'us', one, two, 0.95)
    expect(found.difference).toBeCloseTo(4, 12)
    expect(found.low).toBeCloseTo(-3.947, 3)
    expect(found.high).toBeCloseTo(11.947, 3)
    expect(found).toMatchObject({ isSignificant: false, ratio: 1.04 })
    // The same trials about smaller means: intervals of times end at 0, their errors are what they were.
    const small = figure(1, { low: 0, high: 1 + 6.36489, n: 4 })
    const larger = figure(5, { low: 0, high: 5 + 7.44998, n: 5 })
    expect(differenceOf('latency', 'us', small, larger, 0.95).low).toBeCloseTo(-3.947, 3)
    expect(differenceOf('x', '', missing, two, 0.95)).toMatchObject({
      difference: null,
      isSignificant: false
    })
    const alone = figure(90, { low: null, high: null, n: 1 })
    expect(differenceOf('x', '', one, alone, 0.95)).toMatchObject({ difference: -10, low: null })
  })

  it('compares what both have, names the rest, and compares shares of types', () => {
    const a = sampleTables()
    const b = sampleTables({
      benchmark: [benchmarkRow('fp32', 2000), benchmarkRow('int4', 3)],
      layers: [
        layerRow('h.0', 16, { type: 'embedding' }),
        layerRow('lm', 1, { type: 'head', energyShare: 0.4 })
      ]
    })
    const found = compareRuns(at95(a), at95(b), 0.95)
    expect(found.precisions.map(({ precision }) => precision)).toEqual(['fp32'])
    expect(found.precisions[0]!.figures[0]).toMatchObject({
      name: 'latency',
      difference: 1000,
      isSignificant: true
    })
    expect(found.layers.map(({ layer }) => layer)).toEqual(['h.0'])
    expect(found.layers[0]!.figures.map(({ name }) => name)).toContain('KL, int8')
    expect(found.onlyInA).toHaveLength(7)
    expect(found.onlyInB).toEqual(['lm'])
    expect(found.types.find(({ type }) => type === 'head')).toEqual({
      type: 'head',
      a: null,
      b: { layers: 1, timeShare: 0.25, energyShare: 0.4 }
    })
    expect(found.findings[0]).toMatch(
      /^fp32, latency: B - A = 1000 us \[.*\], a difference is shown, n = 4 and 4\.$/
    )
    const doubtful = sampleTables({
      benchmark: [benchmarkRow('fp32', 2000, { latencyMeanUs: figure(2000, { verdict: 'INVALID' }) })]
    })
    for (const [left, right, who] of [
      [a, doubtful, 'B is'],
      [doubtful, a, 'A is'],
      [doubtful, doubtful, 'A and B are']
    ] as const) {
      const one = compareRuns(at95(left), at95(right), 0.95)
      expect(one.precisions[0]!.figures[0]!.isSignificant).toBe(false)
      expect(one.findings[0]).toContain(`], ${who} INVALID: nothing is shown by it, n = 4`)
    }
    // Accuracy against perplexity is no comparison.
    const language = sampleTables({ benchmark: [benchmarkRow('fp32', 1, { metric: 'perplexity' })] })
    expect(
      compareRuns(at95(a), at95(language), 0.95).precisions[0]!.figures.map(({ name }) => name)
    ).not.toContain('accuracy')
  })
})
