import { createRandom } from '../../math/random'
import { acquire } from '../adaptive/acquisition'
import type { ShapeRows } from '../samples'

/**
 * Which rows to measure on a device of which nothing is known: the ones that inform most about all others (acquisition.ts),
 * every row at the same cost. Needs no measurement. Returns row numbers in the order of their worth.
 */
export function informativeDesign(rows: ShapeRows, size: number, seed: number): Int32Array {
  const cost = new Float64Array(rows.count).fill(1)
  return acquire(rows, { taken: new Uint8Array(rows.count), size, seed, cost, doubt: null })
}

/** Plain random choice, to compare with. */
export function uniformDesign(rows: ShapeRows, size: number, seed: number): Int32Array {
  const order = createRandom(seed).shuffle(Int32Array.from({ length: rows.count }, (_, row) => row))
  return order.slice(0, Math.min(size, rows.count))
}
