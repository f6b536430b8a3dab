import { nonNegativeLeastSquares } from '../math/nnls'
import type { TwinRow } from './fittedTwin'
import { memoryPosition, termsOf, type TwinStructure } from './structure'
import type { TwinTerm } from './terms'

/** Gram matrix (row-major) and right-hand side of a least-squares problem in cycles above the least of each term. */
export interface NormalEquations {
  gram: Float64Array
  rhs: Float64Array
}

/** The rows under one structure: events per measured cycle, so that a perfect prediction of a row is 1. */
export class TwinProblem {
  readonly terms: TwinTerm[]
  readonly least: Float64Array
  private readonly shares: Float64Array[]
  private readonly family: TwinStructure['family']

  constructor(rows: readonly TwinRow[], structure: TwinStructure) {
    this.terms = termsOf(structure)
    this.least = Float64Array.from(this.terms, ({ least }) => least)
    this.family = structure.family
    const memory = memoryPosition(structure.memory)
    this.shares = rows.map(({ events, macs, cyclesPerMac }) =>
      Float64Array.from(this.terms, (term) => term.events(events, memory) / macs / cyclesPerMac)
    )
  }

  /** All rows, by index. */
  get rows(): number[] {
    return this.shares.map((_, index) => index)
  }

  predict(cycles: ArrayLike<number>, row: number): number {
    const share = this.shares[row]
    let sum = 0
    for (let at = 0; at < share.length; at++) sum += share[at] * cycles[at]
    return sum
  }

  /** Most probable cycles of each term, not rounded. */
  solve(seen: readonly number[], noise: number): Float64Array {
    const { gram, rhs } = this.equations(seen, noise)
    return nonNegativeLeastSquares(gram, rhs).map((above, at) => above + this.least[at])
  }

  /** Errors of the rows weigh 1 / noise^2, distances from what is expected 1 / spread^2. */
  equations(seen: readonly number[], noise: number): NormalEquations {
    const n = this.terms.length
    const gram = new Float64Array(n * n)
    const rhs = new Float64Array(n)
    const weight = 1 / (noise * noise)
    for (const row of seen) {
      const share = this.shares[row]
      const rest = 1 - this.predict(this.least, row)
      for (let i = 0; i < n; i++) {
        rhs[i] += weight * share[i] * rest
        for (let j = 0; j < n; j++) gram[i * n + j] += weight * share[i] * share[j]
      }
    }
    this.terms.forEach(({ expected, least }, at) => {
      const { cycles, spread } = expected[this.family]
      gram[at * n + at] += 1 / (spread * spread)
      rhs[at] += (cycles - least) / (spread * spread)
    })
    return { gram, rhs }
  }
}
