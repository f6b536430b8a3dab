import { ppk2Ranges, type Ppk2Range } from './calibration'
import { ppk2VoltsPerCount } from './commands'

/** Smoothing behind a change of range, in the ranges 0 to 3 and in range 4. */
const alpha = 0.18
const alphaOfRange4 = 0.06
const smoothedSamples = 3
/** The counter of a word has six bits. */
const counterMask = 0x3f
/** Words in a row whose counters follow one another before a jump is believed. */
const wordsToBelieve = 4

/** Receives decoded readings one by one. */
export interface Ppk2Sink {
  /** @param bits the eight digital inputs, input 0 in bit 0 */
  sample(currentA: number, bits: number): void
  /** Readings that never arrived: their time has passed all the same. */
  lost(samples: number): void
}

/** Decodes the stream of a running PPK2. */
export interface Ppk2Decoder {
  push(bytes: Uint8Array): void
  /** Readings that were lost so far, by the counter; losses of a multiple of 64 cannot be seen. */
  readonly lost: number
}

/**
 * Returns a decoder of 4-byte words (little-endian): converter count in bits 0 to 13, range in 14 to 16, counter in 18 to
 * 23, digital inputs in 24 to 31. The current of a range is ug (v (gs v + gi) + s V + i) with v = (4 count - o) 1.8 / 163840 / r
 * and V the supply voltage in volts. For three readings from a change of range on, a running mean replaces
 * the reading, whose first values are spikes of the switching; in range 4 the first two of them do not enter the mean.
 *
 * A jump of the counter is believed once four words in a row agree with it; until then the words count as read, so that one
 * damaged word is no loss.
 */
export function createPpk2Decoder(
  ranges: readonly Ppk2Range[],
  supplyV: number,
  sink: Ppk2Sink
): Ppk2Decoder {
  const convert = createConversion(ranges, supplyV)
  const rest = new Uint8Array(4)
  const state = { held: 0, expected: -1, suspect: -1, agreeing: 0, lost: 0 }
  /** Counts the words that are missing before this one. */
  const follow = (counter: number): void => {
    if (state.expected < 0 || counter === state.expected) {
      state.expected = (counter + 1) & counterMask
      state.suspect = -1
      return
    }
    state.agreeing = counter === state.suspect ? state.agreeing + 1 : 1
    state.suspect = (counter + 1) & counterMask
    state.expected = (state.expected + 1) & counterMask
    if (state.agreeing < wordsToBelieve) return
    const missing = (state.suspect - state.expected) & counterMask
    state.expected = state.suspect
    state.suspect = -1
    state.agreeing = 0
    state.lost += missing
    sink.lost(missing)
  }
  const word = (value: number): void => {
    follow((value >>> 18) & counterMask)
    const range = Math.min((value >>> 14) & 7, ppk2Ranges - 1)
    sink.sample(convert(range, (value & 0x3fff) * 4), value >>> 24)
  }
  return {
    push(bytes) {
      let at = 0
      while (state.held > 0 && at < bytes.length) {
        rest[state.held++] = bytes[at++]
        if (state.held === 4) {
          state.held = 0
          word(littleEndian(rest, 0))
        }
      }
      for (; at + 4 <= bytes.length; at += 4) word(littleEndian(bytes, at))
      while (at < bytes.length) rest[state.held++] = bytes[at++]
    },
    get lost() {
      return state.lost
    }
  }
}

const littleEndian = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0

function createConversion(
  ranges: readonly Ppk2Range[],
  supplyV: number
): (range: number, count: number) => number {
  const state = { mean: NaN, mean4: NaN, range: -1, smoothed: 0, inRange: 0 }
  return (range, count) => {
    const { r, gs, gi, o, s, i, ug } = ranges[range]
    const v = (count - o) * (ppk2VoltsPerCount / r)
    const current = ug * (v * (gs * v + gi) + (s * supplyV + i))
    const { mean, mean4 } = state
    state.mean = Number.isNaN(mean) ? current : alpha * current + (1 - alpha) * mean
    state.mean4 = Number.isNaN(mean4) ? current : alphaOfRange4 * current + (1 - alphaOfRange4) * mean4
    const isChange = state.range >= 0 && state.range !== range
    state.range = range
    if (!isChange && state.smoothed === 0) return current
    if (isChange) {
      state.inRange = 0
      state.smoothed = smoothedSamples
    } else state.inRange++
    state.smoothed--
    if (range !== 4) return state.mean
    if (state.inRange < 2) Object.assign(state, { mean, mean4 })
    return state.mean4
  }
}
