/**
 * Puts rows onto a steady time axis. nvidia-smi stamps rows with local wall-clock text, which jumps (summer time,
 * NTP, a user); the arrival time at our end is steady but late by whatever the pipe and the scheduler held the line
 * back. So: the stamp gives the distances, the arrival bounds the offset.
 *
 * offset = steady - wall is estimated as the smallest delay seen (a line cannot arrive before it was stamped), leaking
 * upwards slowly so that a slewed clock is followed. Two signs of a jump are certain: the wall clock runs backwards,
 * or a line seems to arrive before it was stamped. A late line by itself is no sign: it was held up.
 */
export interface SampleClock {
  /** Steady time of a row in ms: at most `arrivedMs`, and never before the row before it of the same GPU. */
  place(gpuIndex: number, wallMs: number | null, arrivedMs: number): number
  /** A new process: its first line sets the offset again. */
  restart(): void
  /** Jumps of the wall clock found so far. */
  readonly jumps: number
}

/** Upward creep of the offset, ms per ms: twice the 500 ppm that NTP slews at most (RFC 5905). */
const leak = 1e-3
/** A row this much earlier than its stamp allows is a jump and not a better estimate of the offset. */
const stepMs = 250

/** Places readings on the recording's clock in ms; a jump of the wall clock moves none of them. */
export function createSampleClock(): SampleClock {
  let offsetMs: number | undefined
  let lastWallMs = -Infinity
  let lastArrivedMs = 0
  let jumps = 0
  const lastPlaced = new Map<number, number>()

  return {
    place(gpuIndex, wallMs, arrivedMs) {
      let tMs = arrivedMs
      if (wallMs !== null) {
        const delayed = arrivedMs - wallMs
        if (offsetMs === undefined) offsetMs = delayed
        else if (wallMs < lastWallMs - 1 || delayed < offsetMs - stepMs) {
          jumps++
          offsetMs = delayed
        } else offsetMs = Math.min(delayed, offsetMs + leak * Math.max(0, arrivedMs - lastArrivedMs))
        lastWallMs = wallMs
        lastArrivedMs = arrivedMs
        tMs = wallMs + offsetMs
      }
      tMs = Math.max(tMs, lastPlaced.get(gpuIndex) ?? -Infinity)
      lastPlaced.set(gpuIndex, tMs)
      return tMs
    },
    restart() {
      offsetMs = undefined
      lastWallMs = -Infinity
    },
    get jumps() {
      return jumps
    }
  }
}
