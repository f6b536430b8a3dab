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

/**
 * The rate of readings, Hz: a PPK2's averaged stretches are stored as their beginning and their end, so half of the points.
 * Null stays null.
 */
export function readingRateHz(pointsHz: number | null, meter: MeterAbout | undefined): number | null {
  const areStretches = meter?.kind === 'ppk2' && meter.binMs !== null
  return pointsHz === null ? null : areStretches ? pointsHz / 2 : pointsHz
}
