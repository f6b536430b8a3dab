import type { TwinProblem } from './twinProblem'

/** Rounds of improvement; each takes the best of all moves. */
const maxMoves = 400

/**
 * Whole cycles for every term: the rounded solution, then steps of one cycle in one term or in two at once for as long as
 * the best of them lowers the objective of the fit.
 */
export function wholeCycles(problem: TwinProblem, noise: number): Float64Array {
  const { gram, rhs } = problem.equations(problem.rows, noise)
  const n = rhs.length
  const above = problem.solve(problem.rows, noise).map((cycles, at) => Math.round(cycles - problem.least[at]))
  // Half the gradient of x'Gx - 2 h'x.
  const slope = Float64Array.from(rhs, (value, i) => {
    let sum = -value
    for (let j = 0; j < n; j++) sum += gram[i * n + j] * above[j]
    return sum
  })
  const move = (at: number, step: number): void => {
    above[at] += step
    for (let i = 0; i < n; i++) slope[i] += gram[i * n + at] * step
  }
  for (let round = 0; round < maxMoves; round++) {
    let best = { gain: 1e-9, first: -1, firstStep: 0, second: -1, secondStep: 0 }
    for (let first = 0; first < n; first++) {
      for (const firstStep of [-1, 1]) {
        if (above[first] + firstStep < 0) continue
        const alone = gram[first * n + first] + 2 * firstStep * slope[first]
        if (-alone > best.gain) best = { gain: -alone, first, firstStep, second: -1, secondStep: 0 }
        for (let second = 0; second < first; second++) {
          for (const secondStep of [-1, 1]) {
            if (above[second] + secondStep < 0) continue
            const cross = 2 * firstStep * secondStep * gram[first * n + second]
            const change = alone + gram[second * n + second] + 2 * secondStep * slope[second] + cross
            if (-change > best.gain) best = { gain: -change, first, firstStep, second, secondStep }
          }
        }
      }
    }
    if (best.first < 0) break
    move(best.first, best.firstStep)
    if (best.second >= 0) move(best.second, best.secondStep)
  }
  return above.map((value, at) => value + problem.least[at])
}
