import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { bestOrder, loops, lowerBound, streams, type LoopOrder } from '@core/accelerator/loopOrder'

/**
 * Orders of the loops batch, columns, rows, input channels, output channels over the streams activations, weights, sums in
 * and out. Another batch or position needs other activations and sums, other input channels other activations and weights,
 * other output channels other weights and sums.
 */
const needs = ['as', 'as', 'as', 'aw', 'ws']
const letters = ['a', 'w', 's', 's']
const dependsOn = (loop: number, stream: number): boolean => needs[loop].includes(letters[stream])

function permutations(of: readonly number[]): number[][] {
  if (of.length === 0) return [[]]
  return of.flatMap((one) => permutations(of.filter((other) => other !== one)).map((rest) => [one, ...rest]))
}

const product = (values: readonly number[]): number => values.reduce((all, value) => all * value, 1)

/** Bits kept and moved of a stream whose loops run from the innermost one on. */
function streamOf(
  order: readonly number[],
  stream: number,
  first: number,
  tiles: Float64Array,
  room: number
) {
  const depending = (until: number): number =>
    first * product(order.slice(0, until).map((loop) => (dependsOn(loop, stream) ? tiles[loop] : 1)))
  // The first loop that would need more than there is room for; from the one behind it on everything is loaded again.
  const full = order.findIndex((loop, at) => dependsOn(loop, stream) && depending(at + 1) > room)
  if (full < 0) return { kept: depending(order.length), moved: depending(order.length) }
  return {
    kept: depending(full),
    moved: depending(full + 1) * product(order.slice(full + 1).map((loop) => tiles[loop]))
  }
}

function cyclesOf(
  order: readonly number[],
  [compute, first, tiles, capacity, dramBits]: Parameters<typeof bestOrder>
): number {
  const all = Array.from({ length: streams }, (_, at) => streamOf(order, at, first[at], tiles, capacity[at]))
  const before = all[0].kept + all[1].kept + all[2].kept
  const behind = all[3].kept
  const total = all.reduce((sum, { moved }) => sum + moved, 0)
  return (
    Math.max(compute, Math.ceil((total - before - behind) / dramBits)) +
    Math.ceil(before / dramBits) +
    Math.ceil(behind / dramBits)
  )
}

const active = (tiles: Float64Array): number[] =>
  Array.from({ length: loops }, (_, at) => at).filter((at) => tiles[at] > 1)

describe('order of the loops over tiles', () => {
  it('with one tile loads and drains it once', () => {
    const one = Float64Array.of(1, 1, 1, 1, 1)
    // 100 + 60 + 40 bits at 16 a cycle are 13 cycles, 40 bits are 3; computing takes 50.
    expect(bestOrder(50, Float64Array.of(100, 60, 40, 40), one, [1e9, 1e9, 1e9, 1e9], 16)).toBe(66)
    // Every bit once: 240 bits in 15 cycles; computing with what is loaded before, 200 bits in 12.5.
    expect(lowerBound(0, Float64Array.of(100, 60, 40, 40), one, 16)).toBe(15)
    expect(lowerBound(50, Float64Array.of(100, 60, 40, 40), one, 16)).toBe(65)
  })

  it('keeps weights where only output rows follow, and loads them again where they do not fit', () => {
    const first = Float64Array.of(8, 8, 8, 8)
    // Two input tiles inside three rows: 2 x 3 tiles of activations, 3 of sums, and 2 of weights if both are kept.
    const tiles = Float64Array.of(1, 1, 3, 2, 1)
    const orders: LoopOrder[] = []
    const roomy = bestOrder(0, first, tiles, [48, 16, 24, 24], 8, (order) => orders.push(order))
    expect(orders.at(-1)).toMatchObject({ movedBits: [48, 16, 24, 24] })
    // All is kept: 11 tiles before and 3 behind, one cycle each.
    expect(roomy).toBe(14)
    const tight: LoopOrder[] = []
    bestOrder(0, first, tiles, [8, 8, 8, 8], 8, (order) => tight.push(order))
    // Rows outermost reload both weights three times (6); input tiles outermost reload the sums twice (6 and 6).
    expect(tight.at(-1)).toEqual({
      outermostFirst: [2, 3],
      residentBits: [8, 8, 8, 8],
      movedBits: [48, 48, 24, 24]
    })
  })

  it('is the cheapest of all permutations, computed for each on its own, and never below its bound', () => {
    const random = createRandom(31)
    for (let count = 0; count < 60; count++) {
      const tiles = Float64Array.from({ length: loops }, () => 1 + random.integer(4))
      const first = Float64Array.from({ length: streams }, () => 16 * (1 + random.integer(20)))
      const capacity = Array.from({ length: streams }, (_, at) => first[at] * (1 + random.integer(12)))
      const given = [random.integer(400), first, tiles, capacity, 16] as const
      const found: LoopOrder[] = []
      const best = bestOrder(...given, (order) => found.push(order))
      const all = permutations(active(tiles)).map((order) => cyclesOf(order, [...given]))
      expect(best).toBe(Math.min(...all))
      expect(lowerBound(given[0], first, tiles, 16)).toBeLessThanOrEqual(best)
      const { outermostFirst, residentBits, movedBits } = found.at(-1)!
      const order = [...outermostFirst].reverse()
      expect(cyclesOf(order, [...given])).toBe(best)
      const expected = letters.map((_, at) => streamOf(order, at, first[at], tiles, capacity[at]))
      expect(residentBits).toEqual(expected.map(({ kept }) => kept))
      expect(movedBits).toEqual(expected.map(({ moved }) => moved))
    }
  })
})
