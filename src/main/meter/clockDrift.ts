import { formatDuration } from '../../shared/units'

/** Clocks that moved this far against each other over a recording are worth a note, ms. */
const driftWorthANoteMs = 50

/** A note where the clock of a meter moved against that of the host over a recording, ms. */
export function driftNotes(driftMs: number): string[] {
  if (Math.abs(driftMs) < driftWorthANoteMs) return []
  return [
    `The clock of the meter moved by ${formatDuration(Math.abs(driftMs))} against that of the host: phases that the ` +
      'host marked are off by as much at the end.'
  ]
}
