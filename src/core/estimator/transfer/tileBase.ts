import { relativeNnls } from '../../math/nnls'
import type { StagePool } from '../design'
import { fitBase, minPrediction } from './problem'

/** Bytes against arithmetic at which the search for the bound of every entry starts, in multiply-adds per element. */
const startBalances = [30, 100, 300]
const maxRounds = 12

/**
 * Base of a product pool in ms: a launch, plus the longer of the tiles' arithmetic and the memory traffic. Which of
 * the two bounds an entry follows from the fit, so both are found in turns. Pools without tile costs get `fitBase`.
 * @param entries calibration entries, with their `times` in ms
 */
export function fitTileBase(pool: StagePool, entries: Int32Array, times: Float64Array): Float64Array {
  const { work, tileCosts } = pool
  if (work === null || tileCosts === null) return fitBase(pool, entries, times)
  const terms: Terms = {
    tiles: tileCosts,
    weights: work.n.map((value, entry) => value * work.k[entry]),
    rows: work.m.map((value, entry) => value * (work.n[entry] + work.k[entry]))
  }
  const errorOf = (bounds: Bounds): number =>
    entries.reduce((sum, entry, at) => sum + Math.abs(Math.log(timeOf(terms, bounds, entry) / times[at])), 0)
  const ones = new Float64Array(entries.length).fill(1)
  const [tiles, launch] = relativeNnls([Float64Array.from(entries, (entry) => tileCosts[entry]), ones], times)
  let best: Bounds = { tiles, weights: 0, rows: 0, launch }
  let lowest = errorOf(best)
  for (const balance of startBalances) {
    for (const bounds of boundsInTurns(terms, entries, times, { ...best, tiles, weights: tiles * balance })) {
      const error = errorOf(bounds)
      if (error < lowest) [best, lowest] = [bounds, error]
    }
  }
  const floor = minPrediction(times)
  return tileCosts.map((_, entry) => Math.max(floor, timeOf(terms, best, entry)))
}

interface Terms {
  tiles: Float64Array
  /** Elements of the weights, and of what is read and written per token. */
  weights: Float64Array
  rows: Float64Array
}

/** Milliseconds per unit of the terms; launch in ms. */
interface Bounds {
  tiles: number
  weights: number
  rows: number
  launch: number
}

function timeOf(terms: Terms, { tiles, weights, rows, launch }: Bounds, entry: number): number {
  return (
    launch + Math.max(tiles * terms.tiles[entry], weights * terms.weights[entry] + rows * terms.rows[entry])
  )
}

/** Coefficients of every round: which term bounds each entry, then least squares, until the bounds stay. */
function boundsInTurns(terms: Terms, entries: Int32Array, times: Float64Array, start: Bounds): Bounds[] {
  const ones = new Float64Array(entries.length).fill(1)
  const rounds: Bounds[] = []
  let bounds = start
  let arithmetic: boolean[] = []
  for (let round = 0; round < maxRounds; round++) {
    const next = Array.from(
      entries,
      (entry) =>
        bounds.tiles * terms.tiles[entry] >=
        bounds.weights * terms.weights[entry] + bounds.rows * terms.rows[entry]
    )
    if (next.every((value, at) => value === arithmetic[at])) break
    arithmetic = next
    const column = (term: Float64Array, ofArithmetic: boolean): Float64Array =>
      Float64Array.from(entries, (entry, at) => (arithmetic[at] === ofArithmetic ? term[entry] : 0))
    const [tiles, weights, rows, launch] = relativeNnls(
      [column(terms.tiles, true), column(terms.weights, false), column(terms.rows, false), ones],
      times
    )
    // A bound that no entry shows keeps its rate.
    bounds = { tiles: tiles || bounds.tiles, weights: weights || bounds.weights, rows, launch }
    rounds.push(bounds)
  }
  return rounds
}
