import { createRandom } from '../math/random'
import type { FittedTwin, TwinRow } from './fittedTwin'
import { memoryPosition, termsOf, twinStructures, type TwinStructure } from './structure'
import { TwinProblem } from './twinProblem'
import { wholeCycles } from './wholeCycles'

/** Errors of a twin's cycles against measured ones. */
export interface TwinErrors {
  /** Mean and largest |predicted / measured - 1|, as fractions. */
  mean: number
  max: number
}

/** Standard deviations of a row around the model that are tried, as fractions of its cycles. */
const noiseLevels = [0.003, 0.01, 0.03] as const
const folds = 5
/** A structure with more parts must be expected to be better by this much, relative to the best so far. */
const plausibleGain = 0.05

/**
 * Finds the structure and the parameters of a core from rows of its kernels.
 *
 * For every structure, the parameters are the most probable ones under a Gaussian expectation of each (terms.ts) and
 * relative errors of the rows: one linear least-squares problem with lower bounds. The structure, and how much the rows are
 * trusted against the expectations, come from cross-validation on the rows given. Then the parameters become whole numbers,
 * because the simulator and real pipelines count whole cycles. Deterministic for a seed.
 */
export function fitTwin(rows: readonly TwinRow[], seed: number): FittedTwin {
  const order = shuffledIndices(rows.length, seed)
  let best: { structure: TwinStructure; noise: number; error: number } | null = null
  for (const structure of twinStructures) {
    const problem = new TwinProblem(rows, structure)
    for (const noise of noiseLevels) {
      const error = crossValidated(problem, order, noise)
      // Structures come from simple to rich.
      if (best === null || error < best.error * (1 - plausibleGain)) best = { structure, noise, error }
    }
  }
  const problem = new TwinProblem(rows, best!.structure)
  const whole = wholeCycles(problem, best!.noise)
  const cycles = Object.fromEntries(problem.terms.map(({ name }, at) => [name, whole[at]]))
  return { structure: best!.structure, cycles, expectedError: best!.error }
}

/** Cycles per MAC that a twin needs for what was counted. */
export function predictTwin(twin: FittedTwin, { events, macs }: Omit<TwinRow, 'cyclesPerMac'>): number {
  const memory = memoryPosition(twin.structure.memory)
  let cycles = 0
  for (const term of termsOf(twin.structure))
    cycles += (twin.cycles[term.name] ?? 0) * term.events(events, memory)
  return cycles / macs
}

/** How far a twin is from rows; zeros for none. */
export function twinErrors(twin: FittedTwin, rows: readonly TwinRow[]): TwinErrors {
  const errors = rows.map((row) => Math.abs(predictTwin(twin, row) / row.cyclesPerMac - 1))
  const sum = errors.reduce((total, error) => total + error, 0)
  return { mean: sum / Math.max(1, errors.length), max: Math.max(0, ...errors) }
}

function crossValidated(problem: TwinProblem, order: readonly number[], noise: number): number {
  const parts = Math.min(folds, order.length)
  let sum = 0
  for (let part = 0; part < parts; part++) {
    const seen = order.filter((_, position) => position % parts !== part)
    const cycles = problem.solve(seen, noise)
    for (let position = part; position < order.length; position += parts)
      sum += Math.abs(problem.predict(cycles, order[position]) - 1)
  }
  return sum / order.length
}

/** 0 to count - 1 in an order of the seed's. */
export function shuffledIndices(count: number, seed: number): number[] {
  return createRandom(seed).shuffle(Array.from({ length: count }, (_, index) => index))
}
