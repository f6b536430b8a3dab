import { deviation, mean } from '../math/mean'
import type { KnobColumn } from './samples/stageTable'

/**
 * Chooses n of the rows in `order`: its first, then always the row farthest from all chosen, over standardised
 * logarithms of the knobs (names as one column each).
 */
export function spreadRows(knobs: readonly KnobColumn[], order: Int32Array, n: number): Int32Array {
  const points = standardisedKnobs(knobs, order)
  const chosen = [0]
  const distance = new Float64Array(order.length).fill(Infinity)
  const taken = new Uint8Array(order.length)
  taken[0] = 1
  while (chosen.length < Math.min(n, order.length)) {
    const last = chosen[chosen.length - 1]
    let farthest = -1
    for (let row = 0; row < order.length; row++) {
      let square = 0
      for (const column of points) square += (column[row] - column[last]) ** 2
      if (square < distance[row]) distance[row] = square
      // Rows that equal a chosen one in every knob are 0 away; the first of them that is left will do.
      if (taken[row] === 0 && (farthest < 0 || distance[row] > distance[farthest])) farthest = row
    }
    taken[farthest] = 1
    chosen.push(farthest)
  }
  return Int32Array.from(chosen, (row) => order[row])
}

/** One column per knob and level, at the rows of `order`, each with deviation 1; constant ones are left out. */
function standardisedKnobs(knobs: readonly KnobColumn[], order: Int32Array): Float64Array[] {
  const columns = knobs.flatMap(({ values, levels }) => {
    const at = Float64Array.from(order, (row) => values[row])
    if (levels !== null) return levels.map((_, level) => at.map((value) => Number(value === level)))
    return [at.every((value) => value > 0) ? at.map(Math.log) : at]
  })
  return columns.flatMap((column) => {
    const [middle, spread] = [mean(column), deviation(column)]
    return spread > 1e-9 * Math.abs(middle) ? [column.map((value) => (value - middle) / spread)] : []
  })
}
