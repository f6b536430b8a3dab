import type { Ppk2Sink } from './decoder'
import { ppk2StepMs } from './commands'

/** What the readings of a PPK2 become; times are ms since its start. */
export interface Ppk2Bins {
  /** Constant mean power over a stretch: its energy is the sum of its readings, exactly. With its least and greatest reading, W. */
  stretch(fromMs: number, toMs: number, meanW: number, lowW: number, highW: number): void
  gap(fromMs: number, toMs: number): void
  /** A watched digital input changed. */
  edge(input: number, isHigh: boolean, tMs: number): void
}

/**
 * Averages readings over `binMs` each, in memory that does not grow. A stretch ends early where readings are missing and
 * where an input of `inputs` changes, so that the energy between two edges holds exactly the readings between them.
 */
export function createPpk2Binning(
  supplyV: number,
  binMs: number,
  inputs: readonly number[],
  out: Ppk2Bins
): Ppk2Sink & { /** Readings so far, the lost ones among them. */ readonly position: number } {
  const perBin = Math.max(1, Math.round(binMs / ppk2StepMs))
  const watched = inputs.reduce((mask, input) => mask | (1 << input), 0)
  const state = { at: 0, from: 0, sumA: 0, lowA: Infinity, highA: -Infinity, bits: -1 }
  const close = (): void => {
    const count = state.at - state.from
    if (count > 0) {
      const { from, at, sumA, lowA, highA } = state
      out.stretch(
        from * ppk2StepMs,
        at * ppk2StepMs,
        (sumA / count) * supplyV,
        lowA * supplyV,
        highA * supplyV
      )
    }
    state.from = state.at
    state.sumA = 0
    state.lowA = Infinity
    state.highA = -Infinity
  }
  return {
    sample(currentA, allBits) {
      const bits = allBits & watched
      if (bits !== state.bits) {
        close()
        const changed = state.bits < 0 ? bits : bits ^ state.bits
        state.bits = bits
        for (const input of inputs) {
          if ((changed & (1 << input)) !== 0) {
            out.edge(input, (bits & (1 << input)) !== 0, state.at * ppk2StepMs)
          }
        }
      }
      state.sumA += currentA
      if (currentA < state.lowA) state.lowA = currentA
      if (currentA > state.highA) state.highA = currentA
      state.at++
      if (state.at - state.from === perBin) close()
    },
    lost(samples) {
      close()
      out.gap(state.at * ppk2StepMs, (state.at + samples) * ppk2StepMs)
      state.at += samples
      state.from = state.at
    },
    get position() {
      return state.at
    }
  }
}
