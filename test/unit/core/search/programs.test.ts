import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { buildCostTable, genesCost, type CostTable } from '@core/search/costs/costTable'
import { expectedImprovement, fitSchemeProcess, normalShare } from '@core/search/loss/gaussianProcess'
import { leastLoss } from '@core/search/proposals/knapsack'
import { fits, searchLimits } from '@core/search/costs/limits'
import { createListing } from '@core/search/proposals/listing'
import { isMaximal, raisedToMaximal } from '@core/search/proposals/maximal'
import { pairedOf, comparePaired } from '@core/search/paired'
import { dominates, fronts, paretoFront } from '@core/search/pareto'
import { bitWidths, parseScheme, schemeWidths } from '@core/quant/scheme'
import { sumOfLosses } from '@core/search/loss/probes'
import {
  createSpace,
  genesKey,
  genesOfScheme,
  schemeOfGenes,
  spaceSize,
  tableCost,
  widthsFor,
  type Genes,
  type SearchSpace
} from '@core/search/space'

/** Three layers with random costs that are not monotone in the bits: 4^5 schemes, all of which can be looked at. */
function randomSpace(seed: number, budgets = 1): { space: SearchSpace; losses: Float64Array } {
  const random = createRandom(seed)
  const table = (): CostTable =>
    buildCostTable(3, 'cycles', 5, (_layer, weightBits, activationBits) => {
      return 1 + weightBits * activationBits * (0.5 + random.next())
    })
  const layers = ['a', 'b', 'c']
  const costs = Array.from({ length: budgets }, () => tableCost(table()))
  const losses = Float64Array.from({ length: 48 }, () => random.next())
  return { space: createSpace({ layers, macs: [1, 1, 1], costs }), losses }
}

function* everyScheme(space: SearchSpace): Generator<Genes> {
  const genes = new Uint8Array(space.choices.length)
  const total = space.choices.reduce((product, allowed) => product * allowed.length, 1)
  for (let number = 0; number < total; number++) {
    let rest = number
    for (const [at, allowed] of space.choices.entries()) {
      genes[at] = allowed[rest % allowed.length]!
      rest = Math.floor(rest / allowed.length)
    }
    yield genes.slice()
  }
}

const lossOf = (losses: Float64Array, genes: Genes): number =>
  losses.reduce(
    (sum, loss, at) => sum + (4 * genes[2 * (at >> 4)]! + genes[2 * (at >> 4) + 1]! === at % 16 ? loss : 0),
    0
  )

describe('spaces of every width', () => {
  const layers = ['a', 'b']
  const every = { layer: 'a', weightBits: [...schemeWidths], activationBits: [...schemeWidths] }
  const allowed = [every, { ...every, layer: 'b' }]

  function spaceOf(seed: number): { space: SearchSpace; losses: Float64Array } {
    const random = createRandom(seed)
    const table = buildCostTable(
      2,
      'cycles',
      3,
      (_layer, w, a) => w * a * (0.5 + random.next()),
      schemeWidths
    )
    const space = createSpace({
      layers,
      macs: [1, 1],
      costs: [tableCost(table)],
      allowed,
      widths: schemeWidths
    })
    return { space, losses: Float64Array.from({ length: 128 }, () => random.next()) }
  }

  it('counts all widths, the input at 8 bits, and finds the integer program’s optimum', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { space, losses } = spaceOf(seed)
      expect(spaceSize(space)).toBe(8 * 8 * 8)
      const { limits, cheapest } = searchLimits(space, [0.3])
      let least = Infinity
      let cost = Infinity
      for (const genes of everyScheme(space)) {
        cost = Math.min(cost, space.costs[0]!.of(genes))
        if (fits(space, limits, genes)) least = Math.min(least, sumOfLosses(losses, genes))
      }
      expect(space.costs[0]!.of(cheapest)).toBeCloseTo(cost, 9)
      expect(sumOfLosses(losses, leastLoss(space, limits, losses, 5000)!)).toBeCloseTo(least, 12)
      for (const genes of createListing(space, limits).whole()!)
        expect(isMaximal(space, limits, genes)).toBe(true)
    }
  })

  it('keeps schemes through genes and refuses costs that lack a width', () => {
    const { space } = spaceOf(1)
    const scheme = parseScheme('w7a8,w3a5', layers)
    expect(schemeOfGenes(space, genesOfScheme(scheme, schemeWidths))).toEqual(scheme)
    const kernels = tableCost(buildCostTable(2, 'cycles', 0, () => 1))
    const refused = () =>
      createSpace({ layers, macs: [1, 1], costs: [kernels], allowed, widths: schemeWidths })
    expect(refused).toThrowError(/known for 8, 4, 2, 1 bits/)
    expect(widthsFor(allowed)).toBe(schemeWidths)
    expect(widthsFor([{ layer: 'a', weightBits: [8, 2] }])).toBe(bitWidths)
  })
})

describe('integer program', () => {
  it.each([1, 2])('finds the least loss of all schemes under %i budgets', (budgets) => {
    for (let seed = 1; seed <= 12; seed++) {
      const { space, losses } = randomSpace(seed, budgets)
      const { limits, isFeasible } = searchLimits(
        space,
        Array.from({ length: budgets }, () => 0.4)
      )
      let least = Infinity
      for (const genes of everyScheme(space)) {
        if (fits(space, limits, genes)) least = Math.min(least, lossOf(losses, genes))
      }
      expect(isFeasible).toBe(least < Infinity)
      const found = leastLoss(space, limits, losses, 5000)
      if (least === Infinity) expect(found).toBeNull()
      else {
        expect(fits(space, limits, found!)).toBe(true)
        expect(lossOf(losses, found!)).toBeCloseTo(least, 12)
      }
    }
  })

  it('keeps the budget and comes near the optimum when states are dropped', () => {
    const layers = Array.from({ length: 50 }, (_, index) => `l${index}`)
    const random = createRandom(9)
    const table = buildCostTable(50, 'bops', 0, (_layer, w, a) => w * a * (1 + random.next()))
    const space = createSpace({ layers, macs: layers.map(() => 1), costs: [tableCost(table)] })
    const { limits } = searchLimits(space, [0.4])
    const shape = [0, 0.12, 1, 3]
    const weights = layers.map(() => Math.exp(2 * random.normal()))
    const losses = Float64Array.from({ length: 800 }, (_, at) => {
      return weights[at >> 4]! * (shape[(at >> 2) & 3]! + shape[at & 3]!)
    })
    const loss = (genes: Genes): number =>
      layers.reduce((sum, _, l) => sum + losses[16 * l + 4 * genes[2 * l]! + genes[2 * l + 1]!]!, 0)
    const exact = leastLoss(space, limits, losses, 4000)!
    const coarse = leastLoss(space, limits, losses, 250)!
    for (const genes of [exact, coarse])
      expect(genesCost(table, genes)).toBeLessThanOrEqual(limits[0]!.budget)
    expect(loss(coarse)).toBeLessThan(1.02 * loss(exact))
  })
})

describe('maximal schemes', () => {
  it('lists those of which no width can be raised, but for pairs another one beats at no higher cost', () => {
    const ratios = [0.5, 0.5, 0.5, 0.3, 0.7, 0.9, 1, null]
    for (const [seed, ratio] of ratios.entries()) {
      const { space } = randomSpace(seed + 1)
      const { limits } = searchLimits(space, [ratio])
      const expected = new Set<string>()
      for (const genes of everyScheme(space)) {
        if (!fits(space, limits, genes)) continue
        const canRaise = [...genes].some((gene, at) =>
          space.choices[at]!.some((choice) => {
            const raised = Uint8Array.from(genes, (value, index) => (index === at ? choice : value))
            return choice < gene && fits(space, limits, raised)
          })
        )
        expect(isMaximal(space, limits, genes)).toBe(!canRaise)
        if (!canRaise) expected.add(genesKey(genes))
      }
      const listed = createListing(space, limits).whole()!.map(genesKey)
      expect(new Set(listed).size).toBe(listed.length)
      for (const key of listed) expect(expected).toContain(key)
      // What is left out is dominated by a listed scheme: at least as many bits everywhere.
      for (const key of expected) {
        const isCovered = listed.some((other) => [...other].every((gene, at) => gene <= key[at]!))
        expect(isCovered).toBe(true)
      }
    }
  })

  it('keeps pairs that a peak beside the sum may prefer', () => {
    const layers = ['a', 'b', 'c']
    const table = buildCostTable(3, 'bytes', 0, (_layer, weightBits) => weightBits)
    // Eight bytes of scratch for every bit of the widest activations: the sum over the layers knows nothing of it.
    const scratch = Float64Array.from({ length: 48 }, (_, at) => 8 * bitWidths[at & 3]!)
    const peak = (genes: Genes): number =>
      Math.max(...layers.map((_, layer) => scratch[16 * layer + genes[2 * layer + 1]!]!))
    const cost = {
      unit: 'bytes' as const,
      table,
      isSum: false,
      of: (genes: Genes) => genesCost(table, genes) + peak(genes)
    }
    const spaceOf = (growsWith?: Float64Array): SearchSpace => {
      const whole = growsWith === undefined ? cost : { ...cost, growsWith }
      const space = createSpace({ layers, macs: [1, 1, 1], costs: [whole] })
      // The input's activations too, so that 4 bits everywhere can be had.
      return { ...space, choices: space.choices.map((choices, at) => (at === 1 ? [1, 2, 3] : choices)) }
    }
    for (const space of [spaceOf(), spaceOf(scratch)]) {
      // All 8 bits: 24 + 64. Half of it: 24 bytes of weights would leave 20, two bits of activations.
      const { limits, isFeasible } = searchLimits(space, [0.5])
      expect(isFeasible).toBe(true)
      const expected: string[] = []
      for (const genes of everyScheme(space))
        if (fits(space, limits, genes) && isMaximal(space, limits, genes)) expected.push(genesKey(genes))
      expect(expected.length).toBeGreaterThan(0)
      expect(createListing(space, limits).whole()!.map(genesKey).sort()).toEqual(expected.sort())
    }
  })

  it('is null where a space is too large to list; raising works there', () => {
    const layers = Array.from({ length: 20 }, (_, index) => `l${index}`)
    const table = buildCostTable(
      20,
      'bops',
      0,
      (_layer, weightBits, activationBits) => weightBits * activationBits
    )
    const space = createSpace({ layers, macs: layers.map(() => 1), costs: [tableCost(table)] })
    const { limits, cheapest } = searchLimits(space, [0.3])
    expect(createListing(space, limits).whole()).toBeNull()
    const raised = raisedToMaximal(space, limits, cheapest, createRandom(1))
    expect(fits(space, limits, raised)).toBe(true)
    expect(isMaximal(space, limits, raised)).toBe(true)
  })
})

describe('Gaussian process', () => {
  it('gives the posterior of two points by hand', () => {
    // k = exp(-(a-b)^2/2), noise 0.1, y = [1, -1] at 0 and 2; K = [[1.1, c], [c, 1.1]] with c = exp(-2).
    const process = fitSchemeProcess([0, 2], [1, -1], (a, b) => Math.exp(-((a - b) ** 2) / 2), 0.1)
    const c = Math.exp(-2)
    // K^-1 y = [1, -1] / (1.1 - c); at 1 both covariances are equal, so the mean is 0.
    expect(process.predict(1).mean).toBeCloseTo(0, 12)
    expect(process.predict(0).mean).toBeCloseTo((1 - c) / (1.1 - c), 12)
    const k = Math.exp(-0.5)
    expect(process.predict(1).deviation ** 2).toBeCloseTo(1 - (2 * k * k) / (1.1 + c), 12)
    const determinant = 1.1 ** 2 - c * c
    expect(process.logLikelihood).toBeCloseTo(
      -0.5 * (2 / (1.1 - c)) - 0.5 * Math.log(determinant) - Math.log(2 * Math.PI),
      12
    )
  })

  it('expects improvement as the integral over the normal density', () => {
    const [mean, deviation, best] = [0.3, 0.7, 0.1]
    let integral = 0
    const step = 1e-4
    for (let value = -6; value < best; value += step) {
      const z = (value - mean) / deviation
      integral += ((best - value) * Math.exp(-0.5 * z * z) * step) / (deviation * Math.sqrt(2 * Math.PI))
    }
    expect(expectedImprovement(mean, deviation, best)).toBeCloseTo(integral, 4)
    expect(expectedImprovement(1, 0, 3)).toBe(2)
    expect(normalShare(1.959963985)).toBeCloseTo(0.975, 6)
    expect(normalShare(-1)).toBeCloseTo(0.158655, 6)
  })
})

describe('paired comparison', () => {
  it('counts what differs and gives the interval by hand', () => {
    const right = Uint8Array.from([1, 1, 0, 0, 1, 1, 1, 0])
    const int8 = Uint8Array.from([1, 0, 1, 1, 1, 1, 1, 0])
    const found = comparePaired(right, int8)!
    expect(found).toMatchObject({ images: 8, lost: 2, gained: 1, difference: -1 / 8 })
    // (1.96 / 10) sqrt(3 + 1 - 1/10)
    expect(found.margin).toBeCloseTo((1.959963985 / 10) * Math.sqrt(4 - 0.1), 9)
    expect(() => comparePaired(right, int8.slice(1))).toThrow(RangeError)
    expect(comparePaired(new Uint8Array(0), new Uint8Array(0))).toBeNull()
    expect(comparePaired(new Uint8Array(0), int8)).toBeNull()
  })

  it('covers the true difference in about 95 % of repetitions', () => {
    const random = createRandom(4)
    let covered = 0
    for (let run = 0; run < 1000; run++) {
      let [lost, gained] = [0, 0]
      for (let item = 0; item < 400; item++) {
        const draw = random.next()
        if (draw < 0.04) lost++
        else if (draw < 0.06) gained++
      }
      const { difference, margin } = pairedOf(400, lost, gained)
      if (Math.abs(difference + 0.02) <= margin) covered++
    }
    expect(covered).toBeGreaterThan(930)
    expect(covered).toBeLessThan(985)
  })
})

describe('Pareto fronts', () => {
  it('keeps what nothing dominates, in two and three values', () => {
    const points = [
      [1, 5],
      [2, 2],
      [5, 1],
      [3, 3],
      [2, 2]
    ]
    expect(paretoFront(points, (point) => point)).toEqual([
      [1, 5],
      [2, 2],
      [5, 1]
    ])
    const solid = [
      [1, 1, 9],
      [1, 2, 3],
      [2, 2, 4],
      [9, 1, 1]
    ]
    expect(paretoFront(solid, (point) => point)).toEqual([
      [1, 1, 9],
      [1, 2, 3],
      [9, 1, 1]
    ])
    expect(dominates([1, 2], [1, 2])).toBe(false)
  })

  it('sorts into fronts', () => {
    const points = [
      [1, 1],
      [2, 2],
      [1, 3],
      [3, 3],
      [0, 4]
    ]
    expect(fronts(points, dominates)).toEqual([
      [
        [1, 1],
        [0, 4]
      ],
      [
        [2, 2],
        [1, 3]
      ],
      [[3, 3]]
    ])
  })
})
