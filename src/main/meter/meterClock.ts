import { intervalOfReadings } from '../../core/meter/meterInterval'
import { formatDuration } from '../../shared/units'

/** Offset between the clock of a meter and that of the host, by the reading that was fastest on its way. */
export interface MeterClock {
  arrived(meterMs: number, hostMs: number): void
  /** Keeps the relation as it is known by now. */
  settle(): void
  hostMs(meterMs: number): number
  /** Median distance of the readings so far (the last few hundred), ms. */
  intervalMs(): number
  /** A note where the relation has moved since it was settled, either way; else nothing. */
  driftNotes(): string[]
}

/** Arrivals that the relation is looked for in: the smallest delay among them counts. */
const arrivalsKept = 200

/** Returns the relation of the two clocks, before any reading has arrived. */
export function createMeterClock(): MeterClock {
  const arrivals: { meterMs: number; offsetMs: number }[] = []
  let settled = 0
  const offset = (): number => arrivals.reduce((least, { offsetMs }) => Math.min(least, offsetMs), Infinity)
  return {
    arrived(meterMs, hostMs) {
      arrivals.push({ meterMs, offsetMs: hostMs - meterMs })
      if (arrivals.length > arrivalsKept) arrivals.shift()
    },
    settle() {
      settled = offset()
    },
    hostMs: (meterMs) => meterMs + settled,
    intervalMs: () => intervalOfReadings(arrivals.map(({ meterMs }) => meterMs)),
    driftNotes: () => (arrivals.length === 0 ? [] : driftNotes(offset() - settled))
  }
}

/** Clocks that moved this far against each other over a recording are worth a note, ms. */
const driftWorthANoteMs = 50

/** A note where the clock of a meter moved against that of the host over a recording, ms. */
function driftNotes(driftMs: number): string[] {
  if (Math.abs(driftMs) < driftWorthANoteMs) return []
  return [
    `The clock of the meter moved by ${formatDuration(Math.abs(driftMs))} against that of the host: phases that the ` +
      'host marked are off by as much at the end.'
  ]
}
