import type { MeterAbout } from '../contract/meter'
import type { Recording } from '../contract/gpu'
import { countOf } from '../units'

/** Where a power meter's readings came from, what was read, and the first line that could not be read. */
export function meterText({ source, supplyV, readings, lost, binMs, badLines }: MeterAbout): string {
  return [
    `Meter at ${source}`,
    ...(supplyV === null ? [] : [`${supplyV} V`]),
    ...(binMs === null ? [] : [`${countOf(readings, 'reading')} averaged over ${binMs} ms each`]),
    ...(lost === null ? [] : [`${lost} lost`]),
    ...badLines.slice(0, 1).map((text) => `not read: ${text}`)
  ].join(', ')
}

/** What read a recording: a power meter, or the GPU's driver, which logs of other programs do not name. */
export function instrumentText({ meter, driverVersion }: Pick<Recording, 'meter' | 'driverVersion'>): string {
  if (meter !== undefined) return meterText(meter)
  return driverVersion === '' ? 'Driver not named' : `Driver ${driverVersion}`
}

/** Points that a recording stores for a reading: a PPK2's averaged stretches are stored as their beginning and their end. */
const pointsPerReading = (meter: MeterAbout | undefined): number =>
  meter?.kind === 'ppk2' && meter.binMs !== null ? 2 : 1

/** The rate of readings, Hz, of the rate of stored points. Null stays null. */
export const readingRateHz = (pointsHz: number | null, meter: MeterAbout | undefined): number | null =>
  pointsHz === null ? null : pointsHz / pointsPerReading(meter)

/** How many readings a recording holds: its samples count stored points. */
export const readingCount = ({ samples, meter }: Pick<Recording, 'samples' | 'meter'>): number =>
  samples / pointsPerReading(meter)
