import { createRandom } from '../../math/random'
import { spreadRows } from '../spread'
import type { FittedTransfer } from './method'
import { blendMembers, fitStageTransfer } from './methods'
import type { TransferProblem } from './problem'

/** Ways to choose the configurations that are measured on the target. */
export const calibrationDesigns = ['random', 'spaceFilling', 'doubt'] as const

/** Name of a way to choose calibration configurations. */
export type CalibrationDesign = (typeof calibrationDesigns)[number]

/** Share of the rows that `doubt` draws at random before it compares its members. */
const firstShare = 1 / 3
const fewestFirst = 6
const doubtRounds = 3
/** Rows of the pool looked at per row that is chosen: so that the chosen ones are not all neighbours. */
const candidatesPerRow = 8

/**
 * Chooses n rows of a pool. `random` draws them; `spaceFilling` starts at a random row and adds the one farthest from
 * all chosen, over standardised logarithms of the knobs; `doubt` measures a third at random, then in three rounds the
 * rows on whose totals the members of the blend disagree most. Only times of rows chosen before are read.
 */
export function chooseCalibrationRows(
  design: CalibrationDesign,
  problem: TransferProblem,
  pool: Int32Array,
  n: number,
  seed: number
): Int32Array {
  const order = createRandom(seed).shuffle(pool.slice())
  switch (design) {
    case 'random':
      return order.slice(0, n)
    case 'spaceFilling':
      return spreadRows(problem.table.knobs, order, n)
    case 'doubt':
      return byDoubt(problem, order, n, seed)
  }
}

function byDoubt(problem: TransferProblem, order: Int32Array, n: number, seed: number): Int32Array {
  const first = Math.min(n, Math.max(fewestFirst, Math.round(n * firstShare)))
  let chosen = order.slice(0, first)
  let rest = order.slice(first)
  for (let round = 0; round < doubtRounds && chosen.length < n; round++) {
    const count = Math.ceil((n - chosen.length) / (doubtRounds - round))
    const candidates = rest.slice(0, count * candidatesPerRow)
    const members = blendMembers.map((member) => fitStageTransfer(member, problem, chosen, seed))
    const doubts = disagreement(members, candidates)
    const ranked = Array.from(candidates.keys()).sort((a, b) => doubts[b] - doubts[a])
    const taken = new Set(ranked.slice(0, count).map((at) => candidates[at]))
    chosen = Int32Array.of(...chosen, ...taken)
    rest = rest.filter((row) => !taken.has(row))
  }
  return chosen
}

/** Variance over members of the logarithm of every row's total. */
function disagreement(members: readonly FittedTransfer[], rows: Int32Array): Float64Array {
  const logs = members.map((member) => {
    const stages = member.predict(rows)
    return Float64Array.from(rows, (_, at) =>
      Math.log(stages.reduce((sum, times) => sum + (Number.isNaN(times[at]) ? 0 : times[at]), 0))
    )
  })
  return Float64Array.from(rows, (_, at) => {
    const mean = logs.reduce((sum, values) => sum + values[at], 0) / logs.length
    return logs.reduce((sum, values) => sum + (values[at] - mean) ** 2, 0) / logs.length
  })
}
