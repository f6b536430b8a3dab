import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  correlationInterval,
  correlationP,
  midRanks,
  pearson,
  spearman,
  spearmanP
} from '@core/math/correlation'
import { createRandom } from '@core/math/random'
import { studentTQuantile } from '@core/math/studentT'
import { shareFigure } from '@core/workload/measure/figures'
import { impactRows } from '@core/workload/measure/impacts'
import { mcNemarTest } from '@core/workload/measure/mcNemar'
import type { Variant } from '@shared/contract/workload/workloadEvidence'
import type { LayerEvent } from '@shared/contract/workload/workloadProtocol'

/** The statistics of workload runs against SciPy on random inputs, small and with ties. */
const python = '/usr/bin/python3'
const isThere = spawnSync(python, ['-c', 'import scipy'], { timeout: 300_000 }).status === 0

const program = `
import itertools, json, sys
import numpy as np
from scipy import stats
cases = json.load(sys.stdin)
out = {"pairs": [], "mcnemar": [], "shares": [], "quantiles": []}
for a, b in cases["pairs"]:
    n = len(a)
    found = {"ranks": stats.rankdata(a).tolist()}
    r, p = stats.pearsonr(a, b)
    rho, rhoP = stats.spearmanr(a, b)
    found.update(pearson=r, pearsonP=p, spearman=rho, spearmanP=rhoP)
    if n <= 7:  # every order of one side, counted one by one
        ra, rb = stats.rankdata(a), stats.rankdata(b)
        all_ = [abs(np.corrcoef(ra, rb[list(o)])[0, 1]) for o in itertools.permutations(range(n))]
        found["spearmanP"] = float(np.mean(np.array(all_) >= abs(rho) - 1e-9))
    if n >= 30:  # of fewer rows with ties, SciPy has no figure for draws that do not vary
        low, high = stats.bootstrap((a, b), lambda x, y: np.corrcoef(x, y)[0, 1], paired=True, vectorized=False,
            n_resamples=3000, method="percentile", random_state=1).confidence_interval
        found["interval"] = [low, high]
    out["pairs"].append(found)
for lost, gained in cases["mcnemar"]:
    out["mcnemar"].append(stats.binomtest(lost, lost + gained, 0.5).pvalue if lost + gained else 1.0)
for hits, n in cases["shares"]:
    ci = stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
    out["shares"].append([ci.low, ci.high])
for p, f in cases["quantiles"]:
    out["quantiles"].append(stats.t.ppf(p, f))
json.dump(out, sys.stdout)
`

interface Answers {
  pairs: {
    ranks: number[]
    pearson: number
    pearsonP: number
    spearman: number
    spearmanP: number
    interval?: [number, number]
  }[]
  mcnemar: number[]
  shares: [number, number][]
  quantiles: number[]
}

const random = createRandom(20)
/** Values that go together more or less; whole numbers of a few kinds have ties. */
function pair(n: number, withTies: boolean): [number[], number[]] {
  const shared = random.next()
  const a = Array.from({ length: n }, () => random.next())
  const b = a.map((value) => shared * value + (1 - shared) * random.next())
  const tied = (values: number[]): number[] =>
    values.map((value) => (withTies ? Math.floor(4 * value) : value))
  return [tied(a), tied(b)]
}

describe.skipIf(!isThere)('statistics of workloads beside SciPy (skipped: no python3-scipy)', () => {
  const varies = ([a, b]: [number[], number[]]): boolean => new Set(a).size > 1 && new Set(b).size > 1
  const pairs = [3, 4, 5, 6, 7, 9, 12, 30, 100]
    .flatMap((n) => [pair(n, false), pair(n, true), pair(n, true)])
    .filter(varies)
  const mcnemar = Array.from({ length: 30 }, () => [random.integer(40), random.integer(40)]).concat([
    [0, 0],
    [1, 0],
    [400, 350]
  ])
  const shares = [
    [0, 5],
    [5, 5],
    [1, 3],
    [797, 872]
  ]
  const quantiles = [1, 2, 3, 5, 10, 100].flatMap((freedom) =>
    [0.6, 0.9, 0.975, 0.9995].map((p) => [p, freedom])
  )
  const { stdout } = isThere
    ? spawnSync(python, ['-c', program], {
        input: JSON.stringify({ pairs, mcnemar, shares, quantiles }),
        encoding: 'utf8',
        maxBuffer: 2 ** 26
      })
    : { stdout: '{}' }
  const expected = JSON.parse(stdout === '' ? '{}' : stdout) as Answers

  it('has the same ranks and correlations with their p, ties and few rows included', () => {
    expect(pairs.length).toBeGreaterThan(20)
    for (const [at, [a, b]] of pairs.entries()) {
      const wanted = expected.pairs[at]!
      expect([...midRanks(a)]).toEqual(wanted.ranks)
      expect(pearson(a, b)).toBeCloseTo(wanted.pearson, 10)
      expect(correlationP(pearson(a, b)!, a.length)).toBeCloseTo(wanted.pearsonP, 8)
      expect(spearman(a, b)).toBeCloseTo(wanted.spearman, 10)
      // Up to 7 rows both count all orders; SciPy's own p above is by Student's t, as ours.
      expect(spearmanP(a, b)).toBeCloseTo(wanted.spearmanP, 8)
    }
  })

  it('has bootstrap intervals with the same ends, but for the draws', () => {
    for (const [at, [a, b]] of pairs.entries()) {
      const wanted = expected.pairs[at]!.interval
      if (wanted === undefined) continue
      const [low, high] = correlationInterval(pearson, a, b, 0.95, 1)!
      // 2,000 and 3,000 draws: an end of a wide interval is known to some hundredths.
      const tolerance = 0.02 + 0.06 * (wanted[1] - wanted[0])
      expect(Math.abs(low - wanted[0])).toBeLessThan(tolerance)
      expect(Math.abs(high - wanted[1])).toBeLessThan(tolerance)
    }
  })

  it("has McNemar's exact p, Wilson's interval and the quantiles of Student's t", () => {
    for (const [at, [lost, gained]] of mcnemar.entries())
      expect(mcNemarTest(lost!, gained!).p).toBeCloseTo(expected.mcnemar[at]!, 9)
    for (const [at, [hits, n]] of shares.entries()) {
      const { low, high } = shareFigure(hits!, n!, 0.95)
      expect(low).toBeCloseTo(expected.shares[at]![0], 5)
      expect(high).toBeCloseTo(expected.shares[at]![1], 5)
    }
    for (const [at, [p, freedom]] of quantiles.entries())
      expect(studentTQuantile(p!, freedom!) / expected.quantiles[at]!).toBeCloseTo(1, 6)
  })

  it('scores impacts by the mean of their two ranks, by the number of layers', () => {
    const figure = (value: number) => ({
      ...{ value, low: null, high: null, n: 10, origin: 'measured' as const },
      ...{ verdict: 'VALID' as const, reason: null }
    })
    const [kl, loss] = pairs.find(([a]) => a.length === 30 && new Set(a).size < 6)!
    const variants = kl.map((value, at): Variant => ({
      ...{ name: `mean:l${at}`, quality: figure(0.5), klNats: figure(value), perplexityRatio: null },
      ...{ qualityChange: figure(-loss[at]!), mcNemar: null, changedShare: 0 }
    }))
    const layers = kl.map((_, at) => ({ id: `l${at}`, type: 'ffn' }) as LayerEvent)
    const found = impactRows(variants, layers, 'accuracy')
    const at = pairs.findIndex(([a]) => a === kl)
    const ranks = expected.pairs[at]!.ranks
    expect(found.map(({ klRank }) => klRank)).toEqual(ranks)
    const lossRanks = [...midRanks(loss)]
    expect(found.map(({ impactScore }) => impactScore)).toEqual(
      ranks.map((rank, row) => (rank + lossRanks[row]!) / 2 / 30)
    )
  })
})
