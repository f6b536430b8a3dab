import { type BenchItem, operandElements, shapeWork } from '../kernel/shape'

/** What a board's speed is guessed from before anything was measured on it. */
export interface SpeedGuess {
  /** Counter steps (cycles or instructions) per millisecond of wall-clock time. */
  stepsPerMs: number
  /** Request, reply, and what the host does between two measurements. */
  overheadMs: number
}

/** Steps per multiply-accumulate of a plain RV32 core, by the wider of the two widths; only for planning. */
const stepsPerMac: Readonly<Record<number, number>> = { 8: 6, 4: 5, 2: 4, 1: 2 }
/** Making one operand element by xorshift and storing it. */
const stepsPerOperand = 16

/** Wall-clock guess for one item, in milliseconds. */
export function guessMs(item: BenchItem, repetitions: number, speed: SpeedGuess): number {
  const work = shapeWork(item)
  const perMac = stepsPerMac[Math.max(item.activationBits, item.weightBits)] ?? 6
  const steps =
    repetitions * (work.macs * perMac + work.outputs * 8) +
    (operandElements(item.kernel, work) + work.weights) * stepsPerOperand
  return speed.overheadMs + steps / speed.stepsPerMs
}

/** Learns how far the guess is off while a campaign runs. */
export interface GuessCorrection {
  add(guessedMs: number, tookMs: number): void
  /** Took over guessed, so far; 1 before anything was added. */
  factor(): number
}

/** Learns by what factor guessed durations are off. */
export function createGuessCorrection(): GuessCorrection {
  let guessed = 0
  let took = 0
  return {
    add(guessedMs, tookMs) {
      guessed += guessedMs
      took += tookMs
    },
    factor: () => (guessed > 0 && took > 0 ? took / guessed : 1)
  }
}
